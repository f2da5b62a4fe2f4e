"""Years of data that may hold one season only: a winter is whole, and its December belongs to the following year."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS

SEASONS = {"DJF": (12, 1, 2), "MAM": (3, 4, 5), "JJA": (6, 7, 8), "SON": (9, 10, 11)}
"""Months of each season of a year."""
WHOLE = 0.9
"""A year is whole with this share of the days of the fullest one."""


def days_of_seasons(time: xr.DataArray) -> dict[str, np.ndarray]:
    """Which days (time,) belong to each of ``SEASONS`` that has any."""
    month = time.dt.month.values
    chosen = {name: np.isin(month, months) for name, months in SEASONS.items()}
    return {name: days for name, days in chosen.items() if days.any()}


def first_month(time: xr.DataArray) -> int:
    """The month (1 to 12) in which a year of these data begins.

    It is January unless some months have no data and the season goes on over New Year; then it is the first month of
    that season: December for winters, October for data of October to March.

    Args:
        time: (time,) dates of all days.
    """
    present = np.isin(np.arange(1, 13), time.dt.month.values)
    if present.all() or not (present[0] and present[11]):
        return 1
    return int(np.flatnonzero(~present)[-1]) + 2  # the month after the last one without data


def season_year(time: xr.DataArray, first: int) -> np.ndarray:
    """(time,) year of each day; from the month ``first`` on it is the following one, unless ``first`` is January.

    Args:
        time: (time,) dates.
        first: of ``first_month`` of all the data; 1 gives calendar years.
    """
    year, month = np.asarray(time.dt.year.values), np.asarray(time.dt.month.values)
    return np.asarray(year + (month >= first) if first > 1 else year, dtype=np.int64)


def days_per_year(time: xr.DataArray) -> int:
    """[days] of the fullest year of these data; years are those of ``season_year``."""
    return int(np.unique(season_year(time, first_month(time)), return_counts=True)[1].max())


def months_in_order(first: int) -> list[int]:
    """The twelve months, from the one in which a year begins."""
    return [(first - 1 + place) % 12 + 1 for place in range(12)]


def cut_seasons(time: xr.DataArray, split: np.ndarray) -> str:
    """Which winters are divided between splits, and what to do about it; "" where none is, or data are of whole years.

    Args:
        time: (time,) dates of all days.
        split: (time,) index of the split of each day, -1 for none.
    """
    begins = first_month(time)
    if begins == 1:
        return ""
    year, used = season_year(time, begins), split >= 0
    parts = {int(y): np.unique(split[(year == y) & used]) for y in np.unique(year[used])}
    cut = {y: " and ".join(SPLITS[i] for i in within) for y, within in parts.items() if len(within) > 1}
    if not cut:
        return ""
    named = ", ".join(f"{y - 1}/{y % 100:02d} between {names}" for y, names in cut.items())
    last = _month_name(int(np.max(time.dt.month.values[time.dt.month.values < begins])))
    return (
        f"data.splits divide a season that goes on over New Year: {named}; storms of one season are alike, and years "
        f"are counted by whole seasons; give dates from {_month_name(begins)} to {last} in place of calendar years"
    )


def part_seasons(time: xr.DataArray, split: np.ndarray | None = None) -> str:
    """Which winter at an end of the record is only partly there; "" where both are whole, or data are of whole years.

    Args:
        time: (time,) dates of all days.
        split: (time,) index of the split of each day, -1 for none; None where that is not to be said.
    """
    begins = first_month(time)
    if begins == 1:
        return ""
    of_day = season_year(time, begins)
    years, counts = np.unique(of_day, return_counts=True)
    texts = []
    for place in sorted({0, len(years) - 1}):
        if counts[place] >= WHOLE * counts.max():
            continue
        year = int(years[place])
        within = [] if split is None else [SPLITS[i] for i in np.unique(split[of_day == year]) if i >= 0]
        where = "" if split is None else f"; they are in {' and '.join(within)}" if within else "; they are in no split"
        texts.append(
            f"only {counts[place]} of {counts.max()} days of the season {year - 1}/{year % 100:02d} are there{where}"
        )
    return "; ".join(texts)


def _month_name(month: int) -> str:
    names = "January February March April May June July August September October November December"
    return names.split()[month - 1]
