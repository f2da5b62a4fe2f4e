"""How close days of rain are to the most similar days of a library of days."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME

WET_SHARE, WET_CELLS = 0.05, 10
"""Share and number of the cells that must have rain for a day to count: two days with one wet cell are easily alike."""


def rain_patterns(rain: xr.DataArray, cells: np.ndarray) -> np.ndarray:
    """Anomalies of log1p mm, scaled to unit length, so that the product of two days is their correlation.

    Args:
        rain: (time, y, x) [mm/day].
        cells: (y, x) bool, the cells to compare.

    Returns:
        (time, cell); NaN where a day has hardly any rain.
    """
    values = np.log1p(np.nan_to_num(np.asarray(rain.transpose(TIME, ...).values, dtype=np.float32)[:, cells]))
    wet = (values > 0).sum(axis=1, keepdims=True) >= max(WET_SHARE * values.shape[1], WET_CELLS)
    values -= values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.where(wet & (length > 1e-3), values / np.maximum(length, 1e-3), np.nan)


def distances_to_nearest(days: np.ndarray, library: np.ndarray, count: int) -> np.ndarray:
    """1 - correlation with the most similar days of a library.

    Args:
        days: (time, cell) patterns.
        library: (time, cell) patterns; days with hardly any rain are left out.
        count: number of similar days; fewer where the library has fewer.

    Returns:
        (time, count), rising along a row; NaN for a day with hardly any rain, one column of NaN without a library.
    """
    known = library[np.isfinite(library).all(axis=1)]
    if not len(known):
        return np.full((len(days), 1), np.nan)
    count = min(count, len(known))
    distance = 1 - days @ known.T
    return np.sort(np.partition(distance, count - 1, axis=1)[:, :count], axis=1)
