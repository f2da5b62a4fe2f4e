"""One forecast scored: the rows of its table with their intervals, its curves, and what else watches its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import DAY_SETS, MEMBER, TIME, in_day_set
from rainsmith.base.errors import UserError
from rainsmith.base.units import to_mm_per_day
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.score_rows import score_rows
from rainsmith.evaluate.settings import Resampling, settings_from_training
from rainsmith.metrics.core import Pairs, Settings
from rainsmith.metrics.curves import curves
from rainsmith.metrics.estimates import Estimate
from rainsmith.metrics.registry import METRICS, Metric, compared_metrics
from rainsmith.metrics.tally import Parts, Tally, partition, tally_pieces

COLUMNS = [
    *["model", "checkpoint", "seed", "mode", "split", "days", "members", "n_days"],
    *["metric", "threshold", "scale", "value", "observed", "lower", "upper", "units"],
]
"""Columns of ``metrics.csv``."""

LOST = "observed cell-days left out, where a member is missing"
"""End of the note on cell-days that have an observation and no score."""


@dataclass(frozen=True)
class Scored:
    """What is known about one forecast after it was scored.

    Attributes:
        table: rows of ``metrics.csv``.
        curves: what the plots show, by day set (docs/method.md); without the curves, the daily scores alone.
        daily: (time) sums over cells of the compared scores, and the cells.
        notes: what was left out, and why.
    """

    table: pd.DataFrame
    curves: xr.Dataset
    daily: xr.Dataset
    notes: list[str]


class Watcher(Protocol):
    """What else adds up the members of a forecast while it is scored."""

    def add(self, days: np.ndarray, pairs: Pairs) -> object:
        """Take the next days: their positions among those of the forecast, their members and observation."""


def score(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    training: xr.DataArray | None = None,
    settings: Settings | None = None,
    metrics: Iterable[str] | None = None,
    day_sets: Mapping[str, np.ndarray] | None = None,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Scores of any forecast of daily rain, with intervals: the table that ``rainsmith evaluate`` writes.

    Arrays whose attribute ``units`` says another unit are converted; those without ``units`` are taken as mm/day.

    Args:
        forecast: (time, member, y, x) [mm/day], NaN where invalid; without ``member`` it is a single-valued forecast.
        observed: (time, y, x) [mm/day], the same days and cells.
        training: (time, y, x) [mm/day] rain of other days, whose P90, P95 and P99 over all cells and days are
            thresholds. Without it, scores that need one of them are left out, unless ``settings`` has them.
        settings: the other thresholds [mm/day], and the seed of the ranks of ties.
        metrics: names in ``METRICS``; all unless they are given. Those that mean nothing for this number of members
            are left out.
        day_sets: for each name in the column ``days``, (time,) bool; all days unless they are given.
        labels: ``model``, ``checkpoint``, ``seed``, ``mode`` and ``split``, the first columns of the table. The mode
            (``prior`` unless it is given) decides which metrics apply.
        resampling: how the intervals are made.

    Returns:
        One row for each score, threshold and set of days, with the columns ``COLUMNS``. ``value`` is the score,
        ``lower`` and ``upper`` its 90 % interval (NaN where all days lie in one block), ``observed`` the same figure
        of the observation where it has one.

    Raises:
        UserError: a metric is unknown, the days have no dates, units are no precipitation, or the training days hold
            no value.
        ValueError: the forecast and the observation differ in days or grid.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> import xarray as xr
        >>> rain = np.random.default_rng(0).gamma(0.5, 8.0, size=(60, 4, 5, 6))
        >>> time = pd.date_range("2001-01-01", periods=60)
        >>> observed = xr.DataArray(rain[:, 0], dims=("time", "y", "x"), coords={"time": time})
        >>> forecast = xr.DataArray(rain[:, 1:], dims=("time", "member", "y", "x"), coords={"time": time})
        >>> table = score(forecast, observed, metrics=["crps", "wet_fraction"])
        >>> table[["metric", "days", "members", "n_days", "units"]]
                 metric days  members  n_days   units
        0  wet_fraction  all        3      60       1
        1          crps  all        3      60  mm/day
        >>> bool((table["lower"] <= table["value"]).all())
        True
    """
    if TIME not in observed.coords:
        raise UserError("found no dates in the observation; expected a coordinate 'time'; intervals draw weeks of days")
    if TIME in forecast.coords and not np.array_equal(forecast[TIME].values, observed[TIME].values):
        raise ValueError(
            f"found a forecast of {forecast.sizes[TIME]} and an observation of {observed.sizes[TIME]} days; "
            "expected the same days in the same order; select them"
        )
    known = {"model": "", "checkpoint": "", "seed": 0, "mode": "prior", "split": "", **(labels or {})}
    days, members = np.arange(observed.sizes[TIME]), forecast.sizes.get(MEMBER, 1)
    one = Forecast(known, days, members, lambda: iter([(slice(None), forecast)]), baseline=False)
    forecast, observed = in_mm_per_day(forecast, "the forecast"), in_mm_per_day(observed, "the observation")
    training = None if training is None else in_mm_per_day(training, "the training rain")
    names = METRICS.names() if metrics is None else {METRICS[name].name for name in metrics}
    return assess(
        one,
        observed,
        {"all": np.ones(len(days), dtype=bool)} if day_sets is None else day_sets,
        settings_from_training(training, settings),
        resampling or Resampling(),
        metrics=[metric for metric in METRICS if metric.name in names],
        with_curves=False,
    ).table


def in_mm_per_day(rain: xr.DataArray, name: str) -> xr.DataArray:
    """Rain in mm/day, by its attribute ``units``; without it, the array as it is."""
    return to_mm_per_day(rain, name=name) if rain.attrs.get("units") else rain


def day_sets_of(days: xr.Dataset) -> dict[str, np.ndarray]:
    """For ``all``, ``heavy`` and ``heavy_x``: which of some days of a store belong to it, (time,) bool."""
    return {name: in_day_set(days, name) for name in DAY_SETS}


def on_cells(pairs: Pairs, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fields (time, series, cell) [mm/day], 0 where invalid, and valid (time, cell), on given cells of the grid."""
    if np.array_equal(pairs.cells, cells):
        return pairs.fields, pairs.valid
    place = np.minimum(np.searchsorted(cells, pairs.cells), len(cells) - 1)
    shared = cells[place] == pairs.cells
    fields = np.zeros((*pairs.fields.shape[:2], len(cells)), dtype=np.float32)
    valid = np.zeros((len(fields), len(cells)), dtype=bool)
    fields[:, :, place[shared]], valid[:, place[shared]] = pairs.fields[:, :, shared], pairs.valid[:, shared]
    return fields, valid


def assess(
    forecast: Forecast,
    observed: xr.DataArray,
    day_sets: Mapping[str, np.ndarray],
    settings: Settings,
    resampling: Resampling,
    *,
    metrics: Iterable[Metric] = METRICS,
    with_curves: bool = True,
    watchers: Sequence[Watcher] = (),
    advance: Callable[[int], object] = lambda days: None,
) -> Scored:
    """Score one forecast in one pass over its members.

    Args:
        forecast: what is scored.
        observed: (time, y, x) [mm/day] of its days.
        day_sets: for each set of days, (time,) bool.
        settings: thresholds [mm/day] and seed.
        resampling: how the intervals are made.
        metrics: those that do not apply are left out.
        with_curves: also make the curves of the plots, which take the sums of all metrics.
        watchers: see the same members, in the order of the days.
        advance: called with the number of days done.
    """
    parts = partition(observed[TIME], day_sets, block_days=resampling.block_days)
    metrics = applicable(forecast, settings, metrics)

    def watch(done: np.ndarray, pairs: Pairs) -> None:
        for watcher in watchers:
            watcher.add(done, pairs)
        advance(len(done))

    total = tally_pieces(
        *(forecast.pieces(), observed), parts=parts, settings=settings, metrics=counted(metrics), watch=watch
    )
    return scored(forecast, total, parts, metrics, settings, resampling, with_curves=with_curves)


def applicable(forecast: Forecast, settings: Settings, metrics: Iterable[Metric] = METRICS) -> list[Metric]:
    """The metrics that mean something for a forecast."""
    return [metric for metric in metrics if metric.applies(forecast.members, forecast.labels["mode"], settings)]


def counted(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics whose terms are summed: some, and one whose terms count the days and the cells."""
    return [*metrics, METRICS["mean"]]


def scored(
    forecast: Forecast,
    total: Tally,
    parts: Parts,
    metrics: Sequence[Metric],
    settings: Settings,
    resampling: Resampling,
    *,
    with_curves: bool = True,
) -> Scored:
    """The scores of one forecast from the sums of its terms.

    Args:
        forecast: what is scored.
        total: the sums of the terms of the ``counted`` metrics.
        parts: the groups of days that the sums are over.
        metrics: the scores, all of them ``applicable``.
        settings: thresholds [mm/day] and seed.
        resampling: how the intervals are made.
        with_curves: also make the curves of the plots, which take the sums of all metrics.
    """
    notes: list[str] = []
    if (lost := int(total.daily["lost"].sum())) > 0:
        known = lost + int(total.daily["cells"].sum())
        notes.append(f"{lost} of {known} {LOST}")
    labels = {**forecast.labels, "members": forecast.members}
    rows, scores_on = score_rows(total, parts, metrics, labels, settings, resampling, notes)
    compared = {name: term for name, term in compared_metrics().items() if term in total.daily}
    daily = total.daily[[*compared.values(), "cells"]]
    shown = _curves(total, parts, scores_on, resampling) if with_curves and scores_on else xr.Dataset()
    shown = shown.assign({f"daily_{name}": daily[term] / daily["cells"] for name, term in compared.items()})
    shown.attrs = labels
    return Scored(pd.DataFrame(rows, columns=COLUMNS), shown, daily, notes)


def _curves(
    total: Tally, parts: Parts, scores_on: Mapping[str, Mapping[str, Estimate]], resampling: Resampling
) -> xr.Dataset:
    """The curves of the plots, and the figures of each member, by set of days."""
    by_day_set = []
    for name, results in scores_on.items():
        sums = total.pooled(parts.weights(name, 0, seed=resampling.seed)[0])
        by_day_set.append(xr.merge([curves(sums), _by_member(results)], compat="no_conflicts", join="outer"))
    return xr.concat(by_day_set, pd.Index(list(scores_on), name="days"))


def _by_member(results: Mapping[str, Estimate]) -> xr.Dataset:
    """``member_value(metric, member)`` and ``observed_value(metric)`` of the metrics that each member has."""
    values = {name: result.by_member.values for name, result in results.items() if result.by_member is not None}
    observed = [float(result.observed) for result in results.values() if result.observed is not None]
    return xr.Dataset(
        {"member_value": (("metric", MEMBER), np.stack(list(values.values()))), "observed_value": ("metric", observed)},
        coords={"metric": list(values)},
    )
