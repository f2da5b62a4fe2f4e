"""Rain and predictors of some training days: what their values say about units, days and the mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, TIME, X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.config import Data, PredictorSource, parse
from rainsmith.data.grids.grid import Grid
from rainsmith.data.offer import explained_share
from rainsmith.data.sources.predictors import DailyField, field_of_array
from rainsmith.data.sources.series import read_source
from rainsmith.data.splits import shifted_days
from rainsmith.init.near_target import LARGE, read_near
from rainsmith.init.periods import Period
from rainsmith.prepare.day_lags import LagFit, compare_days
from rainsmith.prepare.days import SplitDays
from rainsmith.prepare.gridded import read_target

MOST_VALUES = 12_000_000
"""Values of rain that are read."""
LEAST_DAYS, MOST_DAYS = 365, 1200
MOST_CELLS_OF_A_FIELD = 400
"""Cells of a predictor that the regression reads, evenly spaced."""
LEAST_GAIN = 0.01
"""Share of the variance of log1p rain that a further day of the predictors must explain more."""
LEAST_LEAN = 0.2
"""The rain day runs into a neighbouring calendar day where that day alone explains more than the opposite one, by this
share of what the day itself explains."""
SHIFTED, SHIFTED_AT_LEAST = 1.5, 0.05
"""Days look shifted where a neighbouring day explains so many times as much as the day itself, and so much more."""


@dataclass(frozen=True)
class Evidence:
    """Target and predictors of some training days.

    Attributes:
        precip: (time, y, x) [mm/day].
        fields: the predictors with their own days, in the order of the sources; empty for one that cannot be read.
        problems: why a source cannot be read, by its place.
        settings: the section ``data`` that read them.
    """

    precip: xr.DataArray
    fields: list[list[DailyField]]
    problems: Mapping[int, str]
    settings: Data

    def only(self, numbers: Sequence[int]) -> Evidence:
        """The same with some of the sources, all of which could be read."""
        return replace(self, fields=[self.fields[number] for number in numbers], problems={})

    @property
    def valid(self) -> np.ndarray:
        """(y, x) bool, cells that have rain on a day."""
        return np.isfinite(self.precip.values).any(axis=0)

    @property
    def mean(self) -> float:
        """[mm/day] Of all values, NaN where there are none."""
        values = self.precip.values
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def gather(
    target: Mapping[str, Any],
    predictors: Sequence[tuple[Mapping[str, Any], Grid | None]],
    grid: Grid,
    period: Period,
) -> Evidence:
    """Read the target and the predictors of a span of training days.

    Args:
        target: ``data.target`` with whole paths.
        predictors: entries of ``data.predictors`` with whole paths, each with its grid.
        grid: of the target.
        period: the days and their splits.

    Raises:
        UserError: the target cannot be read; a check refuses it.
    """
    first, last = span(period, grid.shape[0] * grid.shape[1])
    days = [f"{n // 10000:04d}-{n // 100 % 100:02d}-{n % 100:02d}" for n in (first, last)]
    far = {"train": [days], "validation": [["9998-01-01", "9998-01-01"]], "test": [["9999-01-01", "9999-01-01"]]}
    section = {"kind": "gridded", "root": "/", "target": dict(target), "period": days, "splits": far}
    settings = parse({"data": section}, "init").data
    precip = read_target(settings)
    fields: list[list[DailyField]] = [[] for _ in predictors]
    problems: dict[int, str] = {}
    wanted = (_moved(first, -1), _moved(last, 1))  # a day longer than the target at both ends
    for numbers in _in_one_go(predictors):
        try:
            for number, made in zip(numbers, _fields(numbers, predictors, settings, precip, wanted), strict=True):
                fields[number] = made
        except UserError as error:
            if len(numbers) == 1:
                problems[numbers[0]] = str(error)
                continue
            for number in numbers:  # the others can be read
                try:
                    fields[number] = _fields([number], predictors, settings, precip, wanted)[0]
                except UserError as problem:
                    problems[number] = str(problem)
    return Evidence(precip, fields, problems, settings)


def span(period: Period, cells: int) -> tuple[int, int]:
    """First and last day YYYYMMDD of the training that are read: the latest, so many that they are read in seconds."""
    days = period.days[period.training]
    most = int(np.clip(MOST_VALUES // max(cells, 1), LEAST_DAYS, MOST_DAYS))
    chosen = days[-most:]
    return int(chosen[0]), int(chosen[-1])


def _in_one_go(predictors: Sequence[tuple[Mapping[str, Any], Grid | None]]) -> list[list[int]]:
    """Numbers of the sources that are read together: series of the same files."""
    together: dict[Any, list[int]] = {}
    for number, (given, grid) in enumerate(predictors):
        alone = grid is not None or set(given) - {"files", "variable", "day_offsets"}
        key = number if alone else tuple(given["files"])
        together.setdefault(key, []).append(number)
    return list(together.values())


def _fields(
    numbers: Sequence[int],
    predictors: Sequence[tuple[Mapping[str, Any], Grid | None]],
    settings: Data,
    precip: xr.DataArray,
    wanted: tuple[int, int],
) -> list[list[DailyField]]:
    """The fields of sources that are read together, of a large grid a part."""
    given, grid = predictors[numbers[0]]
    names = [str(predictors[number][0]["variable"]) for number in numbers]
    source = PredictorSource.model_validate({**given, **({"variable": names} if len(names) > 1 else {})})
    is_large = grid is not None and grid.shape[0] * grid.shape[1] > LARGE
    if grid is not None and is_large:
        read = read_near(source, grid, Grid.of(precip), wanted)
    else:
        read = read_source(source, settings, wanted)
    made: dict[str, list[DailyField]] = {name: [] for name in names}
    for variable in read:
        field = field_of_array(variable.values, variable.label, (0,), source.rain, settings, precip)
        made[str(variable.values.name) if len(names) > 1 else names[0]].append(
            replace(field, has_grid=variable.has_grid)
        )
    return list(made.values())


def lag_fits(evidence: Evidence) -> list[list[LagFit]]:
    """How well each field fits the rain a day before, on the day and a day after, as ``prepare`` measures it."""
    time = evidence.precip[TIME]
    every = SplitDays(np.arange(time.size), time, np.zeros(time.size, dtype=np.int8), {})  # all of them train
    fits = iter(compare_days(evidence.precip, every, [field for fields in evidence.fields for field in fields]))
    return [[next(fits) for _ in fields] for fields in evidence.fields]


def explained(evidence: Evidence, fields: Sequence[DailyField], offsets: Sequence[int]) -> float:
    """Share of the variance of log1p rain that these fields explain on days that a regression was not fitted on.

    Args:
        evidence: the rain.
        fields: predictors.
        offsets: [days] the days of each that the regression knows.
    """
    wanted_days = {offset: shifted_days(evidence.precip[TIME], offset) for offset in offsets}
    columns = []
    for field in fields:
        flat = field.values.reshape(len(field.values), -1)
        flat = flat[:, :: max(1, flat.shape[1] // MOST_CELLS_OF_A_FIELD)].astype(np.float64)
        flat = np.log1p(np.maximum(flat, 0.0)) if field.rain else flat
        for wanted in wanted_days.values():
            place = np.minimum(np.searchsorted(field.days, wanted), len(field.days) - 1)
            columns.append(np.where((field.days[place] == wanted)[:, None], flat[place], np.nan))
    if not columns:
        return 0.0
    known = np.concatenate(columns, axis=1)
    whole = np.isfinite(known).any(axis=1)
    training = xr.Dataset(
        {
            "precip": evidence.precip[whole],
            "predictors": ((TIME, CHANNEL, Y_LR, X_LR), known[whole][:, None, None, :]),
            "mask": ((Y, X), evidence.valid),
        }
    )
    return explained_share(training)


@dataclass(frozen=True)
class Offsets:
    """Which days of the predictors become channels.

    Attributes:
        days: [days] from the target's day.
        reason: why.
        share: of the variance of log1p rain that they explain.
        doubt: what speaks for stamps that are a day off, "" where nothing does.
    """

    days: tuple[int, ...]
    reason: str
    share: float = 0.0
    doubt: str = ""


def best_offsets(evidence: Evidence, fields: Sequence[DailyField]) -> Offsets:
    """The days of the predictors that become channels, by what a regression on them explains.

    A neighbouring day is added where it explains more, or where it explains much more than the opposite one: rain days
    that begin in the morning run into the next calendar day.
    """
    single: tuple[tuple[int, ...], ...] = ((-1,), (0,), (1,))
    shares = {offsets: explained(evidence, fields, offsets) for offsets in single}
    before, same, after = shares.values()
    near, best = (1, after) if after >= before else (-1, before)
    both = (0, 1) if near == 1 else (-1, 0)
    shares[both] = explained(evidence, fields, both)
    leans = abs(after - before) > LEAST_LEAN * same
    told = "; ".join(f"{list(offsets)} {share:.2f}" for offsets, share in shares.items())
    why = f"share of log1p rain that a regression on these days explains on days left out: {told}"
    doubt = ""
    if best > SHIFTED * same + SHIFTED_AT_LEAST:
        when = "after" if near == 1 else "before"
        doubt = (
            f"the day {when} explains {best:.2f} of the rain and the day itself {same:.2f}, so that the days of these "
            "files or those of the target may be shifted by one; look at the time stamps of both"
        )
    if shares[both] < same + (-LEAST_GAIN if leans else LEAST_GAIN):
        return Offsets((0,), f"day_offsets: [0]; {why}", same, doubt)
    where = "into the next calendar day" if near == 1 else "from the calendar day before"
    lean = f"the rain day seems to run {where}" if leans else "two days know more than one"
    return Offsets(both, f"day_offsets: {list(both)}, since {lean}; {why}", shares[both], doubt)


def _moved(day: int, by: int) -> int:
    """A day YYYYMMDD that is certainly a day or more earlier or later, in any calendar."""
    year, month, number = day // 10000, day // 100 % 100, day % 100
    if by < 0:
        return day - 1 if number > 1 else (year if month > 1 else year - 1) * 10000 + ((month - 2) % 12 + 1) * 100 + 28
    return day + 1 if number < 28 else (year if month < 12 else year + 1) * 10000 + (month % 12 + 1) * 100 + 3
