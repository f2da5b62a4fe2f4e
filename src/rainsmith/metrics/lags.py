"""How fields change with distance: fine power, correlation length and variogram score.

All three are made of differences between valid cells, so that coasts do not disturb them. A spectrum of the whole grid
would see a step to zero at every coast.
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
"""[cells] The distances that the variogram score looks at."""
_LOW_CORRELATION = float(np.exp(-1.0))  # below it the correlation length is reached


def lag_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sum over pairs of valid cells their squared differences, and the errors that the variogram score weighs.

    Returns:
        ``increments`` (time, series, lag) [(mm/day)^2], the sums of squared differences; ``increment_pairs`` (time,
        lag), the number of pairs; ``variogram_error`` (time) [mm/day], the weighted sum of the errors that
        ``variogram_score`` defines; ``variogram_weight`` (time), the sum of their weights.
    """
    days, series, _ = pairs.fields.shape
    squares = np.zeros((days, series, len(LAGS)))
    counts = np.zeros((days, len(LAGS)), dtype=np.int64)
    error, weight = np.zeros(days), np.zeros(days)
    for place, lag in enumerate(LAGS):  # one lag and one day after another, so that little is held
        first, second = neighbours(pairs.cells, pairs.grid, lag)
        for day, field in enumerate(pairs.fields):
            both = pairs.valid[day, first] & pairs.valid[day, second]
            step = field.take(second, axis=1)
            step -= field.take(first, axis=1)
            if not both.all():
                step *= both
            squares[day, :, place] = np.einsum("sp,sp->s", step, step)
            counts[day, place] = np.count_nonzero(both)
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
    """Sum the squared second differences of three valid cells in line, along rows and along columns.

    Returns:
        ``bends`` (time, series) [(mm/day)^2], the sums of squares; ``bend_triples`` (time), the number of triples.
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
        if not all_three.all():
            bend *= all_three
        squares[day] = np.einsum("sp,sp->s", bend, bend)
        counts[day] = all_three.sum()
    return xr.Dataset({"bends": ((TIME, SERIES), squares), "bend_triples": (TIME, counts)})


def _variogram_error(step: np.ndarray) -> float:
    """Sum over pairs of (mean_k v_k - v)^2 - s^2 / K, where v is the square root of the absolute difference of a pair.

    Args:
        step: (series, pair) [mm/day] differences of the pairs, members first; 0 where a cell is invalid.
    """
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
    """Power of waves shorter than about 4 cells [(mm/day)^2].

    It is the mean of (x(s - 1) - 2 x(s) + x(s + 1))^2 / 16 over three valid cells in line, along rows and columns
    alike. Of the variance of a wave with k cycles per cell it keeps the share sin(pi k)^4: all at a wavelength of 2
    cells, 0.25 at 4 and 0.02 at 8. Members far below the observed value are blurred, members far above it are noisy.

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
    """Distance at which the spatial autocorrelation falls below 1/e [cells].

    rho(h) = 1 - (mean (x(s) - x(s + h))^2 / 2) / mean (x - daily mean)^2. The first mean is over all pairs of valid
    cells, along rows and columns alike, the second over all valid cells, and both over all days, so that wet days weigh
    most. The lags h are 0, where rho is 1, and 1, 2, 3, 5, 8, 13, 21 and 34 cells; between them rho is a straight line.
    Where rho does not fall below 1/e, the length is the largest lag that the domain holds.

    References:
        Cressie (1993), doi:10.1002/9781119115151, chapter 2, for the variogram and its relation to the covariance.
    """
    variance = sums["squared_deviation"] / sums["cells"]
    semivariance = sums["increments"] / sums["increment_pairs"].where(sums["increment_pairs"] > 0) / 2
    correlation = 1 - semivariance / variance.where(variance > 0)
    length: xr.DataArray = xr.apply_ufunc(_length, correlation, input_core_dims=[[LAG]])
    return length


def _length(correlation: np.ndarray) -> np.ndarray:
    """The distance [cells] at which correlations (..., lag) first fall below 1/e; NaN where no lag has one."""
    lags = np.array([0, *LAGS], dtype=np.float64)
    rho = np.concatenate([np.ones_like(correlation[..., :1]), correlation], axis=-1)
    known, below = np.isfinite(rho), rho < _LOW_CORRELATION
    after = np.maximum(below.argmax(axis=-1), 1)
    high, low = (np.take_along_axis(rho, at[..., None], axis=-1)[..., 0] for at in (after - 1, after))
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = lags[after - 1] + (high - _LOW_CORRELATION) / (high - low) * (lags[after] - lags[after - 1])
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
    """Fair variogram score of order 0.5: do neighbouring cells differ as much as they should on that day? [mm/day].

    It is the mean over pairs (i, j) of (mean_k |x_k(i) - x_k(j)|^0.5 - |y(i) - y(j)|^0.5)^2 - s^2 / K. Here s^2 is the
    variance over members (ddof 1) of |x(i) - x(j)|^0.5; without that term the score would shrink with K. The pairs are
    valid cells 1, 2, 3 and 5 cells apart along rows and columns, each with the weight 1 / distance. The score is
    proper, but it does not see an amount that is added to all cells.

    References:
        Scheuerer and Hamill (2015), doi:10.1175/MWR-D-14-00269.1; the fair form as in Ferro (2014),
        doi:10.1002/qj.2270.
    """
    return sums["variogram_error"] / sums["variogram_weight"].where(sums["variogram_weight"] > 0)
