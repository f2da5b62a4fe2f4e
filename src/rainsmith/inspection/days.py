"""Days of each split and season, missing days, and the largest values with their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, X, day_numbers, in_day_set
from rainsmith.base.seasons import SEASONS, first_month, months_in_order, season_year
from rainsmith.inspection.rain import Rain

LEAP_DAY = 229
"""29 February as a number MMDD."""
LARGEST = 6
"""So many largest values are shown."""


@dataclass(frozen=True)
class SplitFigures:
    """Figures of one split.

    Attributes:
        split: its name.
        first, last: its first and last day, YYYYMMDD.
        days: number of days.
        by_season: number of days of each of ``seasons.SEASONS``.
        heavy: heavy days by the observation.
        heavy_by_season: the same of each season.
        mean: mean rain over all valid cells and days [mm/day].
        yearly: the same of each year.
        wet: share of the cell-days that are wet.
        largest: largest value [mm/day].
    """

    split: str
    first: int
    last: int
    days: int
    by_season: tuple[int, ...]
    heavy: int
    heavy_by_season: tuple[int, ...]
    mean: float
    yearly: tuple[float, ...]
    wet: float
    largest: float


@dataclass(frozen=True)
class Gap:
    """Days in a row that the store does not hold: the first and the last, YYYYMMDD, and their number."""

    first: int
    last: int
    days: int


@dataclass(frozen=True)
class LargeValue:
    """One of the largest values.

    Attributes:
        day: YYYYMMDD.
        split: its split, "" for none.
        value: [mm/day].
        neighbours: median of the valid cells around it [mm/day], NaN where there are none.
        where: its place in words.
    """

    day: int
    split: str
    value: float
    neighbours: float
    where: str


@dataclass(frozen=True)
class Months:
    """The record month by month.

    Attributes:
        years: (year,) the years; those of whole seasons where the data go on over New Year.
        months: the twelve months in the order of such a year.
        days: (year, month) number of days.
        heavy: (year, month) number of heavy days by the observation.
        split: (year, month) index of the split that most of the days belong to, -1 for none.
    """

    years: np.ndarray
    months: tuple[int, ...]
    days: np.ndarray
    heavy: np.ndarray
    split: np.ndarray


def figures_of_splits(store: xr.Dataset, rain: Rain) -> list[SplitFigures]:
    """Figures of each split that has days."""
    numbers, split = day_numbers(store[TIME]), store["split"].values
    month, heavy = numbers // 100 % 100, in_day_set(store, "heavy")
    year = season_year(store[TIME], first_month(store[TIME]))
    weights = np.where(np.isfinite(rain.mean), rain.present, 0.0)
    figures = []
    for index, name in enumerate(SPLITS):
        inside = split == index
        if not inside.any():
            continue
        of_season = [inside & np.isin(month, months) for months in SEASONS.values()]
        of_year = [inside & (year == one) for one in np.unique(year[inside])]
        figures.append(
            SplitFigures(
                split=name,
                first=int(numbers[inside][0]),
                last=int(numbers[inside][-1]),
                days=int(inside.sum()),
                by_season=tuple(int(days.sum()) for days in of_season),
                heavy=int((heavy & inside).sum()),
                heavy_by_season=tuple(int((heavy & days).sum()) for days in of_season),
                mean=_weighted(rain.mean[inside], weights[inside]),
                yearly=tuple(_weighted(rain.mean[days], weights[days]) for days in of_year),
                wet=_weighted(rain.wet[inside], weights[inside]),
                largest=float(np.fmax.reduce(rain.largest[inside])),
            )
        )
    return figures


def gaps(time: xr.DataArray) -> list[Gap]:
    """Runs of days that are missing between the first and the last day, the longest first.

    Days of the year that no year holds, such as the summers of winter data, are no gap. A 29 February is one where
    the 28th is held.

    Args:
        time: (time,) the days of a store, in any calendar.
    """
    every = xr.date_range(
        time.values[0], time.values[-1], freq="D", calendar=time.dt.calendar, use_cftime=time.dtype.kind == "O"
    )
    every_number = day_numbers(xr.DataArray(every, dims=TIME))
    held = day_numbers(time)
    usual = np.unique(held % 10000)
    usual = np.append(usual, LEAP_DAY) if LEAP_DAY - 1 in usual else usual
    missing = ~np.isin(every_number, held) & np.isin(every_number % 10000, usual)
    starts = np.flatnonzero(missing & ~np.concatenate([[False], missing[:-1]]))
    ends = np.flatnonzero(missing & ~np.concatenate([missing[1:], [False]]))
    runs = [Gap(int(every_number[a]), int(every_number[b]), int(b - a + 1)) for a, b in zip(starts, ends, strict=True)]
    return sorted(runs, key=lambda gap: -gap.days)


def largest_values(store: xr.Dataset, rain: Rain) -> list[LargeValue]:
    """The days with the largest values, at most one value a day, the largest first."""
    ranked = np.argsort(-np.nan_to_num(rain.largest, nan=-1.0), kind="stable")[:LARGEST]
    numbers, split = day_numbers(store[TIME]), store["split"].values
    columns = store.sizes[X]
    values = []
    for day in ranked[np.isfinite(rain.largest[ranked])]:
        row, column = divmod(int(rain.place[day]), columns)
        field = store["precip"].isel({TIME: int(day)}).values
        around = field[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].astype(float)
        around[row - max(row - 1, 0), column - max(column - 1, 0)] = np.nan
        known = around[np.isfinite(around)]
        values.append(
            LargeValue(
                day=int(numbers[day]),
                split=SPLITS[split[day]] if split[day] >= 0 else "",
                value=float(rain.largest[day]),
                neighbours=float(np.median(known)) if known.size else float("nan"),
                where=_place(store, row, column),
            )
        )
    return values


def record_by_month(store: xr.Dataset) -> Months:
    """The number of days and of heavy days of each month, and its split."""
    time, split, heavy = store[TIME], store["split"].values, in_day_set(store, "heavy")
    first = first_month(time)
    months = months_in_order(first)
    of_year, of_month = season_year(time, first), np.asarray(time.dt.month.values)
    years = np.arange(of_year.min(), of_year.max() + 1)
    shape = (len(years), 12)
    row, column = of_year - years[0], (of_month - first) % 12
    days, heavies = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    np.add.at(days, (row, column), 1)
    np.add.at(heavies, (row[heavy], column[heavy]), 1)
    votes = np.zeros((len(SPLITS) + 1, *shape), dtype=int)
    np.add.at(votes, (split + 1, row, column), 1)
    return Months(years, tuple(months), days, heavies, votes.argmax(axis=0) - 1)


def _weighted(values: np.ndarray, weight: np.ndarray) -> float:
    total = float(weight.sum())
    return float((np.nan_to_num(values) * weight).sum() / total) if total > 0 else float("nan")


def _place(store: xr.Dataset, row: int, column: int) -> str:
    """A cell by its latitude and longitude, else by its row and column."""
    if "latitude" not in store.coords or "longitude" not in store.coords:
        return f"row {row}, column {column}"
    latitude, longitude = store["latitude"], store["longitude"]
    both = [v.values[row, column] if v.ndim == 2 else v.values[at] for v, at in ((latitude, row), (longitude, column))]
    return f"{abs(both[0]):.2f}{'SN'[int(both[0] >= 0)]} {abs(both[1]):.2f}{'WE'[int(both[1] >= 0)]}"
