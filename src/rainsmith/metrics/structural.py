"""Structural similarity: whether each small neighbourhood has the observed level, contrast and pattern."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.ndimage import uniform_filter

from rainsmith.base.dims import TIME
from rainsmith.metrics.core import Pairs, Settings
from rainsmith.metrics.pooled import amounts
from rainsmith.metrics.registry import metric

SIDE = 7
"""[cells] Side of the windows."""
_LEVEL, _CONTRAST = 0.01, 0.03  # K1 and K2 of Wang et al. (2004), as shares of the dynamic range


def structure_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Structural similarity of each day, mean over members and valid cells."""
    if not settings.p99 > 0:
        raise ValueError("found no dynamic range for ssim; expected the training P99 in mm/day; give p99=...")
    span = np.float32(np.log1p(settings.p99))
    level, contrast = (_LEVEL * span) ** 2, (_CONTRAST * span) ** 2
    similarity = np.zeros(len(pairs.days))
    for day in np.flatnonzero(pairs.valid.any(axis=1)):  # one day at a time stays in the cache of the processor
        valid, fields = pairs.valid[day, None, None], np.log1p(pairs.fields[day, None])
        share = np.maximum(_window_means(valid.astype(np.float32), pairs, SIDE), 1e-6)
        mean = _window_means(fields, pairs, SIDE) / share
        variance = _window_means(fields**2, pairs, SIDE) / share - mean**2
        fcst, obs = mean[:, :-1], mean[:, -1:]
        covariance = _window_means(fields[:, :-1] * fields[:, -1:], pairs, SIDE) / share - fcst * obs
        similar = (2 * fcst * obs + level) * (2 * covariance + contrast)
        similar /= (fcst**2 + obs**2 + level) * (variance[:, :-1] + variance[:, -1:] + contrast)
        similarity[day] = similar[..., valid[0, 0]].mean(dtype=np.float64)
    return xr.Dataset({"similarity": (TIME, similarity)})


@metric(
    amounts,
    structure_terms,
    units="1",
    perfect=1.0,
    needs="p99",
    order=330,
    title="Structural similarity with the observed map",
    aim="high",
)
def ssim(sums: xr.Dataset) -> xr.DataArray:
    """Structural similarity of log1p amounts; mean over cells and members, then over days.

    (2 m n + C1) (2 c + C2) / ((m^2 + n^2 + C1) (u + v + C2)), where m and n are the means, u and v the variances and c
    the covariance of forecast and observation over the valid cells of a window of 7 x 7 cells. C1 = (0.01 L)^2 and
    C2 = (0.03 L)^2, with L = log1p(training P99), are the same for all days and forecasts. Each member is a forecast of
    its own. The score is not proper: it rewards blur, so that the mean of an ensemble beats its members. Windows that
    are dry in forecast and observation count as alike.

    References:
        Wang et al. (2004), doi:10.1109/TIP.2003.819861, eq. 13, there with Gaussian windows.
    """
    return sums["similarity"] / sums["days"]


def _window_means(values: np.ndarray, pairs: Pairs, side: int) -> np.ndarray:
    """Means over windows of ``side`` cells around every valid cell, 0 outside the domain: (day, series, cell)."""
    days, series, _ = values.shape
    rows, columns = pairs.grid
    grid = np.zeros((days, series, rows * columns), dtype=np.float32)
    grid[:, :, pairs.cells] = values
    means = uniform_filter(grid.reshape(days, series, rows, columns), (1, 1, side, side), mode="constant")
    return np.asarray(means.reshape(days, series, -1)[:, :, pairs.cells])
