"""Years of data that may hold one season only: a winter is whole, and its December belongs to the following year."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS


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


def _month_name(month: int) -> str:
    names = "January February March April May June July August September October November December"
    return names.split()[month - 1]
