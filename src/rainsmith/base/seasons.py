"""Years of data that may hold one season only: a winter is whole, and its December belongs to the following year."""

from __future__ import annotations

import numpy as np
import xarray as xr


def first_month(time: xr.DataArray) -> int:
    """The month (1 to 12) in which a year of these data begins.

    It is January where every month has data, or none is missing between two that have; else it is the month after the
    longest run of months without data.

    Args:
        time: (time,) dates of all days.
    """
    present = np.zeros(12, dtype=bool)
    present[np.unique(time.dt.month.values) - 1] = True
    if present.all() or not present.any():
        return 1
    starts = np.flatnonzero(present & ~np.roll(present, 1))  # months with data after a month without

    def missing_before(month: int) -> int:
        return next(gap for gap in range(1, 13) if present[(month - gap) % 12])

    return int(max(starts, key=lambda month: (missing_before(int(month)), -int(month)))) + 1


def season_year(time: xr.DataArray, first: int) -> np.ndarray:
    """(time,) year of each day, counted from the month ``first`` on and named after the year in which it ends.

    Args:
        time: (time,) dates.
        first: of ``first_month`` of all the data; 1 gives calendar years.
    """
    year, month = np.asarray(time.dt.year.values), np.asarray(time.dt.month.values)
    crosses = first > 1 and bool((month < first).any())
    return np.asarray(year + ((month >= first) & crosses), dtype=np.int64)


def days_per_year(time: xr.DataArray) -> int:
    """[days] of the fullest year of these data; years are those of ``season_year``."""
    return int(np.unique(season_year(time, first_month(time)), return_counts=True)[1].max())


def months_in_order(first: int) -> list[int]:
    """The twelve months as a year that begins in the month ``first`` holds them."""
    return [(first - 1 + place) % 12 + 1 for place in range(12)]
