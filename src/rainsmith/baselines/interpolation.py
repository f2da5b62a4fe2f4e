"""Single-valued forecasts from the interpolated coarse rain: as it is, and corrected in every cell."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS
from rainsmith.base.large_arrays import blocks
from rainsmith.baselines.fields import FLOOR_MM, CoarseRain, coarse_rain, library_of
from rainsmith.baselines.registry import BASELINES, Baseline


def bilinear(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """The coarse rain of the day, interpolated to the fine cells: (day, 1, cell) [mm/day]."""
    return _at_cells(coarse_rain(store), days)[:, None]


def ratio(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """Bilinear times the ratio of the training climatologies, fine over coarse: (day, 1, cell) [mm/day]."""
    coarse = coarse_rain(store)
    values = _at_cells(coarse, days)
    train = store["split"].values == SPLITS.index("train")
    mean = coarse.at_cells(np.nanmean(coarse.fields[train], axis=0, keepdims=True))
    values = values * (store["climatology"].values[store["mask"].values] / np.maximum(mean, FLOOR_MM))
    return values[:, None]


def quantile_mapping(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """Bilinear, mapped cell by cell so that its training distribution is the observed one: (day, 1, cell) [mm/day].

    A value above the largest of the training days is multiplied by the largest observed over the largest interpolated
    amount of those days.
    """
    coarse, library = coarse_rain(store), library_of(store)
    values = _at_cells(coarse, days)
    mapped = np.empty_like(values)
    for cells, fields in blocks(library.by_cell()):
        before = np.sort(coarse.at_cells(coarse.fields[library.days], cells), axis=0)
        after = np.sort(fields, axis=1)
        for cell, x, y in zip(range(cells.start, cells.stop), before.T, after, strict=True):
            beyond = np.maximum(values[:, cell] / max(float(x[-1]), FLOOR_MM), 1.0)
            mapped[:, cell] = np.interp(values[:, cell], x, y) * beyond
    return np.where(values > 0, mapped, 0.0)[:, None]


def _at_cells(coarse: CoarseRain, days: np.ndarray) -> np.ndarray:
    return coarse.at_cells(coarse.fields[days])


BASELINES.add(
    Baseline(
        name="bilinear",
        order=20,
        title="bilinear interpolation",
        meaning="the coarse rain, interpolated",
        needs_coarse_rain=True,
        single_valued=True,
        by_default=True,
        function=bilinear,
    )
)
BASELINES.add(
    Baseline(
        name="ratio",
        order=30,
        title="climatological ratio",
        meaning="bilinear, times the ratio of the training climatologies",
        needs_coarse_rain=True,
        single_valued=True,
        by_default=True,
        function=ratio,
    )
)
BASELINES.add(
    Baseline(
        name="quantile-mapping",
        order=40,
        title="quantile mapping",
        meaning="bilinear, with the observed training distribution in every cell",
        needs_coarse_rain=True,
        single_valued=True,
        by_default=True,
        function=quantile_mapping,
    )
)
