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
        valid, fields = pairs.valid[day], np.log1p(pairs.fields[day])
        grid = np.zeros((3 * len(fields), pairs.grid[0] * pairs.grid[1]), dtype=np.float32)
        grid[:, pairs.cells] = np.concatenate([fields, fields**2, fields[:-1] * fields[-1:], valid[None]])
        windows = _window_means(grid.reshape(-1, *pairs.grid)).reshape(len(grid), -1)[:, pairs.cells[valid]]
        windows /= np.maximum(windows[-1], 1e-6)
        mean, square, product = np.split(windows[:-1], [len(fields), 2 * len(fields)])
        variance = square - mean**2
        fcst, obs = mean[:-1], mean[-1:]
        similar = (2 * fcst * obs + level) * (2 * (product - fcst * obs) + contrast)
        similar /= (fcst**2 + obs**2 + level) * (variance[:-1] + variance[-1:] + contrast)
        similarity[day] = similar.mean(dtype=np.float64)
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


def _window_means(maps: np.ndarray) -> np.ndarray:
    """Means over windows around every cell, 0 outside the grid: (map, row, column) as ``maps``."""
    return np.asarray(uniform_filter(maps, (1, SIDE, SIDE), mode="constant"))
