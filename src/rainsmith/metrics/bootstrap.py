"""Intervals and paired tests by resampling blocks of days, because neighbouring days are not independent."""

from __future__ import annotations

from typing import NamedTuple

import cftime
import numpy as np
import xarray as xr
from scipy.special import stdtr, stdtrit

LEVEL = 0.90
"""Coverage of every interval."""
_EPOCH = "days since 1970-01-01"


def calendar_blocks(time: xr.DataArray, block_days: int) -> np.ndarray:
    """Number of the block of ``block_days`` calendar days that each day falls in.

    Blocks are counted from one epoch, so a day keeps its block in any subset of days, and all forecasts share blocks.

    Args:
        time: (time,) dates of any CF calendar.
        block_days: [days] length of a block.
    """
    if np.issubdtype(time.dtype, np.datetime64):
        day = time.values.astype("datetime64[D]").astype(np.int64)
    else:
        day = np.floor(cftime.date2num(time.values, _EPOCH, calendar=time.dt.calendar)).astype(np.int64)
    return np.asarray(day // block_days)


def resampling_weights(blocks: int, resamples: int, *, seed: int) -> np.ndarray:
    """How often each block is drawn, (1 + resamples, blocks) float64; the first row is the sample itself.

    The same ``seed`` and number of blocks give the same draws, which pairs the resamples of all forecasts.

    References:
        Kuensch (1989), doi:10.1214/aos/1176347265, for blocks; Efron and Tibshirani (1993) for the percentile interval.
    """
    if blocks == 0:
        return np.ones((1, 0))
    draws = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples)
    return np.vstack([np.ones(blocks), draws]).astype(np.float64)


def interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """90 % percentile interval of (1 + resamples, ...) values, widened to hold the first, the value itself.

    Resampling adds noise that a distance (``ks``, ``ralsd``, ``rank_deviation``) counts as distance, and cannot pass
    the largest value seen; without widening, such an interval could miss its own value. NaN without a second block.
    """
    value, resampled = values[0], np.sort(values[1:], axis=0)  # NaN comes last
    usable = np.isfinite(value) & (np.isfinite(resampled).sum(axis=0) > len(resampled) / 2)
    if not usable.any():
        return np.full_like(value, np.nan), np.full_like(value, np.nan)
    known = (~np.isnan(resampled)).sum(axis=0)
    tail = (1 - LEVEL) / 2
    lower, upper = (_quantile_of_sorted(resampled, known, q) for q in (tail, 1 - tail))
    return np.where(usable, np.minimum(lower, value), np.nan), np.where(usable, np.maximum(upper, value), np.nan)


def _quantile_of_sorted(rising: np.ndarray, known: np.ndarray, q: float) -> np.ndarray:
    """The quantile of values in rising order that ``np.nanquantile`` gives, to the last bit, without its slow loop."""
    place = q * np.maximum(known - 1, 0)
    first = np.floor(place).astype(np.int64)
    share = place - first
    last = np.minimum(first + 1, np.maximum(known - 1, 0))
    below, above = (np.take_along_axis(rising, index[None], axis=0)[0] for index in (first, last))
    with np.errstate(invalid="ignore"):  # of a logarithm of 0
        return np.where(share < 0.5, below + share * (above - below), above - (1 - share) * (above - below))


class Difference(NamedTuple):
    """The difference a - b, its 90 % interval, the two-sided p value of no difference, and the number of blocks."""

    difference: float
    lower: float
    upper: float
    p: float
    blocks: int


def paired_difference(
    a: np.ndarray, b: np.ndarray, cells: np.ndarray, block: np.ndarray, *, resamples: int, seed: int
) -> Difference:
    """Paired block bootstrap of the difference of two mean scores.

    Args:
        a: (time,) sums over cells of the first score.
        b: (time,) of the second, on the same days.
        cells: (time,) valid cells of each day.
        block: (time,) number of each day's block.
        resamples: number of resamples.
        seed: seed of the draws.

    Returns:
        The difference of means, with its interval and p from a t distribution: the standard error is that of the
        resamples, times sqrt(n / (n - 1)), the degrees of freedom n - 1, n the number of blocks. A few blocks cannot
        show much, and shares of resamples would claim that they do. NaN bounds and p where all days lie in one block.
    """
    _, place = np.unique(block, return_inverse=True)
    count = int(place.max()) + 1 if len(place) else 0
    if count == 0 or cells.sum() == 0:
        return Difference(np.nan, np.nan, np.nan, np.nan, 0)
    weights = resampling_weights(count, resamples, seed=seed)
    total = weights @ np.bincount(place, weights=a - b, minlength=count)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = total / (weights @ np.bincount(place, weights=cells, minlength=count))
    mean = float(difference[0])
    if count < 2:
        return Difference(mean, np.nan, np.nan, np.nan, count)
    error = float(np.nanstd(difference[1:], ddof=1)) * np.sqrt(count / (count - 1))
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * error
    p = float(mean == 0) if error == 0 else float(2 * stdtr(count - 1, -abs(mean) / error))
    return Difference(mean, mean - half, mean + half, p, count)
