"""Sums of the terms of a run of days, kept in a file, and added to those of all days.

Sums in floating point depend on their order. A file therefore holds what each block of days adds to each part, and
these are added block by block: all days give the same sums, to the last bit, whoever has measured which run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.array_files import write_arrays
from rainsmith.base.dims import TIME
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.metrics.core import POOLING, Settings
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import Parts, Tally, days_of_block, tally_pieces


@dataclass(frozen=True)
class RunTally:
    """The sums of one run.

    Attributes:
        part: (row,) the part of all days that each row belongs to; the rows of a block follow each other.
        sums: for each function of terms, its sums (row, ...).
        daily: (time,) by name, the terms that are one number a day.
    """

    part: np.ndarray
    sums: list[xr.Dataset]
    daily: dict[str, np.ndarray]


def tally_run(
    forecast: Forecast, run: slice, observed: xr.DataArray, parts: Parts, settings: Settings, metrics: Sequence[Metric]
) -> RunTally:
    """Sum the terms of one run of a forecast, each block by itself.

    Args:
        forecast: what is scored.
        run: one of its runs.
        observed: (time, y, x) [mm/day] of all its days.
        parts: of all its days.
        settings: thresholds [mm/day] and seed.
        metrics: those whose terms are summed.
    """
    assert forecast.of_run is not None
    members = forecast.of_run(run)
    block = np.arange(members.sizes[TIME]) // days_of_block(members)
    keys, row = np.unique(np.column_stack([block, parts.of_day[run]]), axis=0, return_inverse=True)
    rows = Parts(row.reshape(-1), keys[:, 0], {})
    every = [(slice(None), members)]
    total = tally_pieces(every, observed.isel({TIME: run}), parts=rows, settings=settings, metrics=metrics)
    daily = {str(name): term.values for name, term in total.daily.data_vars.items()}
    return RunTally(keys[:, 1], list(total.by_terms.values()), daily)


def whole_tally(runs: Iterable[RunTally], time: xr.DataArray, parts: Parts, metrics: Sequence[Metric]) -> Tally:
    """The sums of all days.

    Args:
        runs: all runs of a forecast, in order.
        time: (time,) all its days.
        parts: of all its days.
        metrics: those whose terms were summed.
    """
    every = list(dict.fromkeys(terms for metric in metrics for terms in metric.terms))
    totals: list[xr.Dataset] = []
    daily: list[dict[str, np.ndarray]] = []
    for run in runs:
        totals = totals or [_zeros(terms, len(parts.block)) for terms in run.sums]
        for total, terms in zip(totals, run.sums, strict=True):
            for name, sums in terms.data_vars.items():
                _add(total[name].values, sums.values, run.part, largest=sums.attrs.get(POOLING) == "max")
        daily.append(run.daily)
    whole = {name: (TIME, np.concatenate([one[name] for one in daily])) for name in daily[0]}
    return Tally(dict(zip(every, totals, strict=True)), xr.Dataset(whole, coords={TIME: time}))


def _add(total: np.ndarray, sums: np.ndarray, part: np.ndarray, *, largest: bool) -> None:
    for row, place in enumerate(part):
        total[place] = np.maximum(total[place], sums[row]) if largest else total[place] + sums[row]


def _zeros(terms: xr.Dataset, parts: int) -> xr.Dataset:
    """Sums (part, ...) of nothing."""
    empty = {
        name: xr.Variable(sums.dims, np.zeros((parts, *sums.shape[1:]), dtype=sums.dtype), attrs=sums.attrs)
        for name, sums in terms.data_vars.items()
    }
    return xr.Dataset(empty, coords=terms.coords)


def write_run(path: Path, run: RunTally) -> None:
    """Write the sums of a run: arrays, and in ``about`` (JSON) what they are."""
    arrays = {"part": run.part, **{f"daily/{name}": values for name, values in run.daily.items()}}
    about: list[list[Any]] = []
    for number, terms in enumerate(run.sums):
        for name, variable in terms.variables.items():
            arrays[f"{number}/{name}"] = variable.values
            about.append([number, str(name), list(variable.dims), dict(variable.attrs), name in terms.coords])
    write_arrays(path, arrays | {"about": np.array(json.dumps(about))})


def run_of(arrays: Mapping[str, np.ndarray]) -> RunTally:
    """The sums of a run that ``write_run`` wrote."""
    sums: list[tuple[dict[str, xr.Variable], dict[str, xr.Variable]]] = []
    for number, name, dims, attrs, is_coordinate in json.loads(str(arrays["about"])):
        while len(sums) <= number:
            sums.append(({}, {}))
        sums[number][is_coordinate][name] = xr.Variable(dims, arrays[f"{number}/{name}"], attrs)
    daily = {name.removeprefix("daily/"): values for name, values in arrays.items() if name.startswith("daily/")}
    return RunTally(arrays["part"], [xr.Dataset(data, coords=coords) for data, coords in sums], daily)
