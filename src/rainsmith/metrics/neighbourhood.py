"""Fractions of events in neighbourhoods: is the rain near where it fell, at what scale."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.ndimage import uniform_filter

from rainsmith.arrays import TIME
from rainsmith.metrics.core import SCALE, THRESHOLD, Pairs, Settings, metric
from rainsmith.metrics.extremes import thresholds_of


def fraction_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Squared differences of the fractions of members and observation, and the largest they could be, of each day.

    A fraction is that of the valid cells of the window which see the event, so that coasts bias neither side.
    """
    thresholds, scales = thresholds_of(settings), np.asarray(settings.scales, dtype=np.int64)
    days, series, _ = pairs.fields.shape
    shape = (days, len(thresholds), len(scales))
    difference, reference = np.zeros(shape), np.zeros(shape)
    weights = [_window_means(pairs.valid[:, None].astype(np.float32), pairs, int(side)) for side in scales]
    for i, threshold in enumerate(thresholds):
        event = ((pairs.fields >= threshold) & pairs.valid[:, None]).astype(np.float32)
        wet = event.any(axis=(1, 2))  # without any event all fractions are 0
        for j, side in enumerate(scales):
            if not wet.any():
                continue
            share = _window_means(event[wet], pairs, int(side)) / np.maximum(weights[j][wet], 1e-6)
            share *= pairs.valid[wet, None]
            fcst, obs = share[:, :-1].astype(np.float64), share[:, -1:].astype(np.float64)
            difference[wet, i, j] = ((fcst - obs) ** 2).sum(axis=(1, 2))
            reference[wet, i, j] = (fcst**2).sum(axis=(1, 2)) + (obs**2).sum(axis=(1, 2)) * (series - 1)
    dims = (TIME, THRESHOLD, SCALE)
    return xr.Dataset(
        {"fraction_error": (dims, difference), "fraction_reference": (dims, reference)},
        coords={THRESHOLD: thresholds, SCALE: scales},
    )


def _window_means(values: np.ndarray, pairs: Pairs, side: int) -> np.ndarray:
    """Means over windows of ``side`` cells around every valid cell, 0 outside the domain: (day, series, cell)."""
    if side == 1:
        return values
    days, series, _ = values.shape
    rows, columns = pairs.grid
    grid = np.zeros((days, series, rows * columns), dtype=np.float32)
    grid[:, :, pairs.cells] = values
    size = (1, 1, side, side)
    means = uniform_filter(grid.reshape(days, series, rows, columns), size, mode="constant")
    return np.asarray(means.reshape(days, series, -1)[:, :, pairs.cells])


@metric(fraction_terms, units="1", perfect=1.0)
def fss(sums: xr.Dataset) -> xr.DataArray:
    """Fractions skill score, each member a forecast of its own; sums over days and members before the ratio.

    1 - sum (p - q)^2 / (sum p^2 + sum q^2), p and q the shares of a window's valid cells that see the event.

    References:
        Roberts and Lean (2008), doi:10.1175/2007MWR2123.1.
    """
    return 1 - sums["fraction_error"] / sums["fraction_reference"].where(sums["fraction_reference"] > 0)
