"""How fields change with distance: fine power, correlation length, variogram score, from differences between cells.

Differences between valid cells know nothing of coasts, where a spectrum of the whole grid sees a step to zero.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.cell_pairs import neighbours
from rainsmith.base.dims import TIME
from rainsmith.metrics.core import SERIES, Pairs, Settings
from rainsmith.metrics.pooled import amounts
from rainsmith.metrics.registry import metric
from rainsmith.metrics.spatial import deviation_terms

LAG = "lag"
LAGS = (1, 2, 3, 5, 8, 13, 21, 34)
"""[cells] Distances, along rows and along columns, at which pairs of cells are compared."""
SCORED_LAGS = (1, 2, 3, 5)
"""[cells] Those of the variogram score."""
_FALLEN = float(np.exp(-1.0))


def lag_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Differences between valid cells some lags apart: their squares by series, and errors of their square roots.

    Returns:
        ``increments`` (time, series, lag), sums of squared differences [(mm/day)^2] over ``increment_pairs`` (time,
        lag); ``variogram_error`` (time) [mm/day], weighted sum over ``variogram_weight`` (time), as its score says.
    """
    days, series, _ = pairs.fields.shape
    squares = np.zeros((days, series, len(LAGS)))
    counts = np.zeros((days, len(LAGS)), dtype=np.int64)
    error, weight = np.zeros(days), np.zeros(days)
    for place, lag in enumerate(LAGS):
        first, second = neighbours(pairs.cells, pairs.grid, lag)
        for day in range(days):  # one day at a time stays in the cache of the processor
            field, both = pairs.fields[day], pairs.valid[day, first] & pairs.valid[day, second]
            step = field.take(second, axis=1)
            step -= field.take(first, axis=1)
            step *= both
            squares[day, :, place] = np.einsum("sp,sp->s", step, step)
            counts[day, place] = both.sum()
            if lag in SCORED_LAGS:
                error[day] += _variogram_error(step) / lag
                weight[day] += counts[day, place] / lag
    return xr.Dataset(
        {
            "increments": ((TIME, SERIES, LAG), squares),
            "increment_pairs": ((TIME, LAG), counts),
            "variogram_error": (TIME, error),
            "variogram_weight": (TIME, weight),
        }
    )


def bend_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Second differences of three valid cells in line, along rows and columns.

    Returns:
        ``bends`` (time, series), sums of their squares [(mm/day)^2] over ``bend_triples`` (time).
    """
    first, last = neighbours(pairs.cells, pairs.grid, 2)
    between = (pairs.cells[first] + pairs.cells[last]) // 2
    middle = np.searchsorted(pairs.cells, between)  # cells are in rising order
    there = pairs.cells[middle] == between
    first, middle, last = first[there], middle[there], last[there]
    squares = np.zeros(pairs.fields.shape[:2])
    counts = np.zeros(len(squares), dtype=np.int64)
    for day, field in enumerate(pairs.fields):
        valid = pairs.valid[day]
        all_three = valid[first] & valid[middle] & valid[last]
        bend = field.take(first, axis=1) + field.take(last, axis=1) - 2 * field.take(middle, axis=1)
        bend *= all_three
        squares[day] = np.einsum("sp,sp->s", bend, bend)
        counts[day] = all_three.sum()
    return xr.Dataset({"bends": ((TIME, SERIES), squares), "bend_triples": (TIME, counts)})


def _variogram_error(step: np.ndarray) -> float:
    """Sum over pairs of (mean_k v_k - v)^2 - s^2 / K, v the root of each absolute difference (series, pair)."""
    root = np.sqrt(np.abs(step))
    error = root[:-1] - root[-1]
    members = len(error)
    mean = error.mean(axis=0)
    squared = float(np.vdot(mean, mean))
    if members == 1:
        return squared
    return squared - (float(np.vdot(error, error)) - members * squared) / (members * (members - 1))


@metric(
    bend_terms,
    units="(mm/day)^2",
    perfect=None,
    beside=True,
    order=110,
    title="Power at wavelengths below 4 cells",
)
def fine_power(sums: xr.Dataset) -> xr.DataArray:
    """Power of waves shorter than about 4 cells: far below the observed a blur, far above it noise [(mm/day)^2].

    mean (x(s - 1) - 2 x(s) + x(s + 1))^2 / 16 over valid cells in line, along rows and columns: a wave along them of
    1 / k cells keeps sin(pi k)^4 of its variance, all at 2 cells, 0.25 at 4, 0.02 at 8.

    References:
        Percival and Walden (1993), doi:10.1017/CBO9780511622762, for differences as filters and their gain.
    """
    return sums["bends"] / sums["bend_triples"].where(sums["bend_triples"] > 0) / 16


@metric(
    amounts,
    deviation_terms,
    lag_terms,
    units="cells",
    perfect=None,
    beside=True,
    order=120,
    title="Correlation length",
)
def correlation_length(sums: xr.Dataset) -> xr.DataArray:
    """Distance at which the spatial autocorrelation falls below 1/e, between lags by a straight line [cells].

    rho(h) = 1 - (mean (x(s) - x(s + h))^2 / 2) / mean (x - daily mean)^2, both means over all valid cells (or pairs of
    cells, along rows and columns alike) and days, so that wet days weigh most; h = 1, 2, 3, 5, 8, 13, 21, 34 cells, and
    rho(0) = 1. Where it does not fall so far, the largest lag that the domain holds.

    References:
        Cressie (1993), doi:10.1002/9781119115151, chapter 2, for the variogram and its relation to the covariance.
    """
    variance = sums["squared_deviation"] / sums["cells"]
    semivariance = sums["increments"] / sums["increment_pairs"].where(sums["increment_pairs"] > 0) / 2
    correlation = 1 - semivariance / variance.where(variance > 0)
    length: xr.DataArray = xr.apply_ufunc(_length, correlation, input_core_dims=[[LAG]])
    return length


def _length(correlation: np.ndarray) -> np.ndarray:
    """The lag at which (..., lag) correlations first fall below 1/e; NaN where no lag has one."""
    lags = np.array([0, *LAGS], dtype=np.float64)
    rho = np.concatenate([np.ones_like(correlation[..., :1]), correlation], axis=-1)
    known, below = np.isfinite(rho), rho < _FALLEN
    after = np.maximum(below.argmax(axis=-1), 1)
    high, low = (np.take_along_axis(rho, at[..., None], axis=-1)[..., 0] for at in (after - 1, after))
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = lags[after - 1] + (high - _FALLEN) / (high - low) * (lags[after] - lags[after - 1])
    length = np.where(below.any(axis=-1), crossing, np.where(known, lags, 0.0).max(axis=-1))
    return np.where(known[..., 1:].any(axis=-1), length, np.nan)


@metric(
    lag_terms,
    units="mm/day",
    perfect=0.0,
    order=320,
    title="Variogram score, error of the differences between cells",
    aim="low",
)
def variogram_score(sums: xr.Dataset) -> xr.DataArray:
    """Fair variogram score of order 0.5: do neighbouring cells differ as much as they should, on the day in question?

    mean over pairs of (mean_k |x_k(i) - x_k(j)|^0.5 - |y(i) - y(j)|^0.5)^2 - s^2 / K [mm/day], s^2 the variance over
    members (ddof 1) of |x(i) - x(j)|^0.5, without which the score would shrink with K; pairs of valid cells 1, 2, 3 and
    5 cells apart along rows and columns, each with weight 1 / distance. Proper, but blind to what all cells share: an
    amount added everywhere.

    References:
        Scheuerer and Hamill (2015), doi:10.1175/MWR-D-14-00269.1; the fair form as in Ferro (2014),
        doi:10.1002/qj.2270.
    """
    return sums["variogram_error"] / sums["variogram_weight"].where(sums["variogram_weight"] > 0)
