"""Names of dimensions and the few mask helpers that every module shares."""

from __future__ import annotations

import numpy as np
import xarray as xr

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
"""Sets of days on which every figure is given (DESIGN 5)."""


def valid_cells(precip: xr.DataArray) -> xr.DataArray:
    """Cells that hold a finite value on at least one day: bool (y, x)."""
    return precip.notnull().any(TIME)


def in_split(store: xr.Dataset, split: str) -> xr.Dataset:
    """The days of a split, in order of time."""
    return store.isel({TIME: np.flatnonzero(store["split"].values == SPLITS.index(split))})


def in_day_set(days: xr.Dataset, day_set: str) -> np.ndarray:
    """Boolean (time,) of the days of ``all``, ``heavy`` (chosen by y) or ``heavy_x`` (chosen by x)."""
    if day_set == "heavy":
        return np.asarray(days["category"].values == CATEGORIES.index("heavy"))
    if day_set == "heavy_x":
        return np.asarray(days["heavy_x"].values, dtype=bool)
    return np.ones(days.sizes[TIME], dtype=bool)


def day_numbers(time: xr.DataArray) -> np.ndarray:
    """Each day as the integer YYYYMMDD (any calendar): the identity of a day for seeds and lists."""
    part = time.dt
    return np.asarray(part.year.values * 10000 + part.month.values * 100 + part.day.values, dtype=np.int64)
