"""Intervals and paired tests by resampling blocks of days, because neighbouring days are not independent."""

from __future__ import annotations

from typing import NamedTuple

import cftime
import numpy as np
import xarray as xr

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
    value, resampled = values[0], values[1:]
    finite = np.isfinite(resampled).sum(axis=0) > len(resampled) / 2
    tail = (1 - LEVEL) / 2
    usable = np.where(finite, resampled, 0.0)
    lower, upper = np.nanquantile(usable, [tail, 1 - tail], axis=0)
    return np.where(finite, np.minimum(lower, value), np.nan), np.where(finite, np.maximum(upper, value), np.nan)


class Difference(NamedTuple):
    """a - b, its 90 % interval, and the two-sided p value of no difference."""

    difference: float
    lower: float
    upper: float
    p: float


def paired_difference(
    a: np.ndarray, b: np.ndarray, cells: np.ndarray, block: np.ndarray, *, resamples: int, seed: int
) -> Difference:
    """Paired block bootstrap of the difference of two mean scores.

    Args:
        a: (time,) sums over cells of the first score.
        b: (time,) of the second, on the same days.
        cells: (time,) valid cells of each day.
        block: (time,) number of each day's block.
        resamples: how many.
        seed: of the draws.

    Returns:
        The difference of means; p = 2 min(share of resamples <= 0, share >= 0), counting one more on each side, so it
        is never 0. NaN bounds and p where all days lie in one block.
    """
    _, place = np.unique(block, return_inverse=True)
    count = int(place.max()) + 1 if len(place) else 0
    if count == 0 or cells.sum() == 0:
        return Difference(np.nan, np.nan, np.nan, np.nan)
    weights = resampling_weights(count, resamples, seed=seed)
    total = weights @ np.bincount(place, weights=a - b, minlength=count)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = total / (weights @ np.bincount(place, weights=cells, minlength=count))
    if count < 2:
        return Difference(float(difference[0]), np.nan, np.nan, np.nan)
    lower, upper = interval(difference)
    resampled = difference[1:][np.isfinite(difference[1:])]
    one_sided = (1 + min((resampled <= 0).sum(), (resampled >= 0).sum())) / (1 + len(resampled))
    return Difference(float(difference[0]), float(lower), float(upper), float(min(1.0, 2 * one_sided)))
