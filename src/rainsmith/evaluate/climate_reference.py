"""What the climate of all forecasts is measured by: thresholds of each cell from training days, and the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, X, Y
from rainsmith.base.large_arrays import blocks_of_days
from rainsmith.base.seasons import days_per_year, first_month
from rainsmith.metrics.climate import WET_DAY_MM, CellClimate

_BAND_BYTES = 96 * 2**20  # [bytes] of training days that are held at once


@dataclass(frozen=True)
class Reference:
    """Thresholds and grid that all forecasts share, taken from the observed rain.

    Attributes:
        cells: (cell,) the valid cells of the domain in the flattened grid.
        heavy_mm: (cell,) [mm/day] P95 of the wet training days (at least 1 mm); inf without any.
        peak_mm: (cell,) [mm/day] P99 of the training days, at least ``wet_mm``; inf without any.
        wet_mm: [mm/day] of ``wet_fraction``.
        days_per_year: [days] of the fullest year of the store.
        first_month: in which its years begin; data of one season have years of that season (``base/seasons.py``).
        maps: coordinates (y, x), and the grid mapping where there is one, for the files.
    """

    cells: np.ndarray
    heavy_mm: np.ndarray
    peak_mm: np.ndarray
    wet_mm: float
    days_per_year: int
    maps: xr.Dataset
    first_month: int = 1

    def climate(self, time: xr.DataArray, series: int) -> CellClimate:
        """An empty climate of some days of the store."""
        thresholds = {"heavy_mm": self.heavy_mm, "peak_mm": self.peak_mm}
        shape = (series, len(self.cells))
        return CellClimate(
            time,
            shape,
            wet_mm=self.wet_mm,
            days_per_year=self.days_per_year,
            first_month=self.first_month,
            **thresholds,
        )

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """(..., cell) as float32 (..., y, x), NaN outside the domain."""
        shape = (self.maps.sizes[Y], self.maps.sizes[X])
        grid = np.full((*values.shape[:-1], shape[0] * shape[1]), np.nan, dtype=np.float32)
        grid[..., self.cells] = values
        return grid.reshape(*values.shape[:-1], *shape)


def reference_of(store: xr.Dataset, wet_mm: float) -> Reference:
    """Thresholds at each cell from the training days of a store, and the length of its year."""
    precip = store["precip"].transpose(TIME, Y, X)
    training = np.flatnonzero(store["split"].values == SPLITS.index("train"))
    shape = (precip.sizes[Y], precip.sizes[X])
    heavy, peak = np.full(shape, np.inf), np.full(shape, np.inf)
    rows = max(1, _BAND_BYTES // max(4 * len(training) * shape[1], 1))
    for start in range(0, shape[0], rows):
        band = slice(start, start + rows)
        days = np.empty((len(training), *precip[0, band].shape), dtype=precip.dtype)
        for part, block in blocks_of_days(precip, training):
            days[part] = block[:, band]
        days.sort(axis=0)  # NaN comes last
        days = days[::-1]  # and now first
        count = np.isfinite(days).sum(axis=0)
        wet = (days >= WET_DAY_MM).sum(axis=0)
        heavy[band] = _upper_quantile(days, len(days) - count, wet, 0.95)
        peak[band] = np.maximum(_upper_quantile(days, len(days) - count, count, 0.99), wet_mm)
    cells = np.flatnonzero(store["mask"].values)
    mapping = str(store.attrs.get("grid_mapping", ""))
    kept = [
        name
        for name in store.variables
        if set(store[name].dims) <= {Y, X} and (name in store.coords or name == mapping)
    ]
    maps = xr.Dataset(coords={name: store[name].variable.load() for name in kept}).drop_encoding()
    maps = maps.assign_coords({dim: np.arange(n) for dim, n in zip((Y, X), shape, strict=True) if dim not in kept})
    maps.attrs["grid_mapping"] = mapping if mapping in kept else ""
    heavy, peak = heavy.reshape(-1)[cells], peak.reshape(-1)[cells]
    return Reference(cells, heavy, peak, wet_mm, days_per_year(store[TIME]), maps, first_month(store[TIME]))


def _upper_quantile(falling: np.ndarray, first: np.ndarray, count: np.ndarray, q: float) -> np.ndarray:
    """Quantile (linear, type 7) of ``count`` values from ``first`` on, (day, ...) in falling order; inf of none."""
    place = first + (1 - q) * np.maximum(count - 1, 0)
    last = len(falling) - 1
    low, high = np.minimum(np.floor(place), last), np.minimum(np.ceil(place), last)
    ends = [np.take_along_axis(falling, index.astype(np.int64)[None], axis=0)[0] for index in (low, high)]
    return np.where(count > 0, ends[0] + (place - low) * (ends[1].astype(np.float64) - ends[0]), np.inf)
