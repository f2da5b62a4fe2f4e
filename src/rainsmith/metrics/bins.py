"""Counts of amounts in bins 0.1 % wide, and their quantiles. Counts add up over days; sorted values do not.

Ranks are spread evenly inside a bin. Hence a quantile is off by less than 0.1 %, and by far less where a bin holds many
values.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.metrics.core import SERIES, Pairs, Settings

BIN = "bin"
OCTAVE = "octave"
OCTAVES = 12
"""Number of classes of wet amounts, from ``wet_mm`` on; each is twice as wide as the last, and the highest is open."""
_TRACE_MM = 0.05  # [mm/day] all amounts below it but 0 share one bin
_LARGEST_MM = 5000.0  # [mm/day] about 2.7 times the largest rain of a day ever measured (1825 mm, Reunion, 1966)
_WIDTH = 0.001  # width of a bin over its lower edge

_LOG_BINS = int(np.ceil(np.log(_LARGEST_MM / _TRACE_MM) / np.log1p(_WIDTH)))
_EDGES = np.concatenate([[0.0, 0.0], _TRACE_MM * (1 + _WIDTH) ** np.arange(_LOG_BINS + 1)])
BIN_LOWER, BIN_UPPER = _EDGES[:-1], _EDGES[1:]
"""[mm/day] Bins [lower, upper): exact zeros, traces, then steps of 0.1 %; the last one takes what lies above, too."""
N_BINS = len(BIN_LOWER)


def intensities(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Count the valid cells of each day below the edges of the bins.

    The counts are cumulative, so that no resample has to cumulate them again. In float32 they are exact up to
    16 million cell-days.

    Returns:
        ``below`` (time, series, bin), the number of cells below the upper edge of each bin; ``below_octave`` (time,
        series, octave), the number of cells below the bin in which each class of wet amounts begins.
    """
    days, series, _ = pairs.fields.shape
    below = np.empty((days, series, N_BINS), dtype=np.float32)
    place = np.arange(series)[:, None] * N_BINS
    for day in range(days):  # one day at a time stays in the cache of the processor
        counts = np.bincount((place + bin_of(pairs.fields[day])).ravel(), minlength=series * N_BINS)
        counts = counts.reshape(series, N_BINS)
        counts[:, 0] -= np.count_nonzero(~pairs.valid[day])
        below[day] = np.cumsum(counts, axis=1, out=counts)
    begin = bin_of((settings.wet_mm * 2.0 ** np.arange(OCTAVES)).astype(np.float32))
    octaves = below[:, :, np.maximum(begin - 1, 0)].astype(np.float64)
    return xr.Dataset({"below": ((TIME, SERIES, BIN), below), "below_octave": ((TIME, SERIES, OCTAVE), octaves)})


def bin_of(values: np.ndarray) -> np.ndarray:
    """Index of the bin of each value [mm/day]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.floor(np.log(values / np.float32(_TRACE_MM)) / np.float32(np.log1p(_WIDTH)))
    return np.where(values > 0, np.clip(place + 2, 1, N_BINS - 1), 0).astype(np.int64)


def quantile(below: xr.DataArray, q: float | xr.DataArray) -> xr.DataArray:
    """Quantile of binned values, as numpy's default (linear) defines it.

    Args:
        below: (..., bin) how many values are below the upper edge of each bin.
        q: a number between 0 and 1, or several along a dimension of their own.

    Returns:
        The quantile (...) [mm/day], with the dimensions of both; NaN where nothing was counted.
    """
    amount: xr.DataArray = xr.apply_ufunc(_quantile, below, q, input_core_dims=[[BIN], []])
    return amount


def _quantile(below: np.ndarray, q: float | np.ndarray) -> np.ndarray:
    last = np.maximum(below[..., -1].astype(np.float64) - 1, 0)
    place = q * last
    first = np.floor(place)
    low, high = _ordered(below, first), _ordered(below, np.minimum(first + 1, last))
    return np.where(below[..., -1] > 0, low + (place - first) * (high - low), np.nan)


def _ordered(below: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """The value of a rank (0 is the smallest), values spread evenly over their bin."""
    index, last = np.zeros(rank.shape, dtype=np.int64), np.full(rank.shape, N_BINS - 1)
    while (index < last).any():  # bisection: the first bin with more than ``rank`` values below its upper edge
        middle = (index + last) // 2
        short = _at(below, middle) < rank + 0.5
        index, last = np.where(short & (index < last), middle + 1, index), np.where(short, last, middle)
    upto, before = _at(below, index), np.where(index > 0, _at(below, np.maximum(index - 1, 0)), 0)
    share = np.clip((rank - before + 0.5) / np.maximum(upto - before, 1), 0, 1)
    return BIN_LOWER[index] + share * (BIN_UPPER[index] - BIN_LOWER[index])


def _at(below: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.take_along_axis(below, index[..., None], axis=-1)[..., 0].astype(np.float64)


class _Last(threading.local):
    """The counts that this thread looked at last, which must not change, and their distances."""

    counts: Callable[[], np.ndarray | None] = staticmethod(lambda: None)
    distances: xr.DataArray


_last = _Last()


def distances(below: xr.DataArray) -> xr.DataArray:
    """Absolute differences (..., bin) of the cumulative distributions of pooled members and observation.

    Two scores ask for those of the same counts one after the other, and they are computed once.
    """
    counts = below.values
    if _last.counts() is not counts:
        _last.distances = xr.apply_ufunc(_distances, below, input_core_dims=[[SERIES, BIN]], output_core_dims=[[BIN]])
        _last.counts = weakref.ref(counts)
    return _last.distances


def _distances(below: np.ndarray) -> np.ndarray:
    share = below[..., :-1, :].mean(axis=-2, dtype=np.float64)
    observed = below[..., -1, :].astype(np.float64)
    with np.errstate(invalid="ignore"):  # nothing was counted
        share /= share[..., -1:].copy()
        observed /= observed[..., -1:].copy()
    share -= observed
    return np.abs(share, out=share)


def mean_member(counts: xr.DataArray) -> xr.DataArray:
    """Mean over members of counts (..., series, ...). Counts are never NaN, and a search for NaN would be slow."""
    return counts.isel({SERIES: slice(None, -1)}).mean(SERIES, dtype=np.float64, skipna=False)
