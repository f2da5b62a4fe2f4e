"""Names of dimensions, and the choice of days by split or by set, which all rooms share."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.large_arrays import blocks

TIME, Y, X = "time", "y", "x"
Y_LR, X_LR = "y_lr", "x_lr"
CHANNEL, STATIC, MEMBER = "channel", "static", "member"
GRID = (Y, X)
"""Dimensions of a map on the fine grid."""

SPLITS = ("train", "validation", "test")
"""Values of the store's ``split`` are indices into this tuple; -1 belongs to no split."""
CATEGORIES = ("dry", "light", "moderate", "heavy")
"""Values of the store's ``category`` are indices into this tuple."""
DAY_SETS = ("all", "heavy", "heavy_x")
"""Sets of days on which scores are given: all days; those that are heavy by the observed rain (``heavy``), on which any
forecast looks too dry, since the days were chosen for what it could not know; and those that are heavy by the
predictors (``heavy_x``), which are known beforehand, so that scores on them are fair."""


def valid_cells(precip: xr.DataArray) -> xr.DataArray:
    """Cells that hold a finite value on at least one day: bool (y, x)."""
    days = precip.transpose(TIME, ...)
    valid = np.zeros(days.shape[1:], dtype=bool)
    for _, block in blocks(days):
        valid |= ~np.isnan(block).all(axis=0)
    return precip.isel({TIME: slice(0)}).notnull().any(TIME).copy(data=valid)


def in_split(store: xr.Dataset, split: str) -> xr.Dataset:
    """The days of one split, in order of time.

    Args:
        store: data with ``split`` (time,).
        split: train, validation or test.
    """
    return store.isel({TIME: np.flatnonzero(store["split"].values == SPLITS.index(split))})


def in_day_set(days: xr.Dataset, day_set: str) -> np.ndarray:
    """Which days belong to a set of days.

    Args:
        days: data with ``category`` (time,) and ``heavy_x`` (time,).
        day_set: one of ``DAY_SETS``.

    Returns:
        Boolean (time,).

    Raises:
        ValueError: there is no such set.
    """
    if day_set not in DAY_SETS:
        raise ValueError(f"there is no set of days '{day_set}'; expected one of {', '.join(DAY_SETS)}")
    if day_set == "heavy":
        return np.asarray(days["category"].values == CATEGORIES.index("heavy"))
    if day_set == "heavy_x":
        return np.asarray(days["heavy_x"].values, dtype=bool)
    return np.ones(days.sizes[TIME], dtype=bool)


def day_numbers(time: xr.DataArray) -> np.ndarray:
    """Each day as the integer YYYYMMDD, in any calendar. It identifies a day in seeds and lists."""
    if time.dtype.kind == "M" and not np.isnat(time.values).any():  # in a tenth of the time of the accessor
        day = time.values.astype("datetime64[D]")
        month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]").astype(np.int64) + 1970
        of_year = month.astype(np.int64) % 12 + 1
        return year * 10000 + of_year * 100 + (day - month).astype(np.int64) + 1
    date = time.dt
    return np.asarray(date.year.values * 10000 + date.month.values * 100 + date.day.values, dtype=np.int64)
