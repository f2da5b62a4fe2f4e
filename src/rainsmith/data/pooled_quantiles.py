"""Exact quantiles of more values than fit into memory, by counting the patterns of their bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

_HALF = 16
_COUNTERS = 2**_HALF


def pooled_quantiles(pieces: Callable[[], Iterable[np.ndarray]], levels: Sequence[float]) -> np.ndarray:
    """The quantiles that ``numpy.quantile`` gives of all values together, to the last bit.

    The bits of numbers of single precision, read as an integer, rise with the number. A first pass counts their upper
    halves, which says in which of 65536 intervals each wanted value lies; a second one counts the lower halves there.

    Args:
        pieces: gives the values, float32 and finite, piece by piece; it is called twice.
        levels: between 0 and 1.

    Returns:
        (level,) float64; between two values it is interpolated.

    Raises:
        ValueError: there is no value.
    """
    upper = np.zeros(_COUNTERS, dtype=np.int64)
    for values in pieces():
        upper += np.bincount(_keys(values) >> _HALF, minlength=_COUNTERS)
    count = int(upper.sum())
    if not count:
        raise ValueError("found no value to take quantiles of")
    place = (count - 1) * np.asarray(levels, dtype=np.float64)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, count - 1)
    ranks = np.unique(np.concatenate([below, above]))
    last_rank = np.cumsum(upper)
    interval = np.searchsorted(last_rank, ranks, side="right")
    lower = {int(number): np.zeros(_COUNTERS, dtype=np.int64) for number in interval}
    is_wanted = np.zeros(_COUNTERS, dtype=bool)
    is_wanted[interval] = True
    for values in pieces():
        keys = _keys(values)
        keys = keys[is_wanted[keys >> _HALF]]
        for number, counts in lower.items():
            counts += np.bincount(keys[keys >> _HALF == number] & (_COUNTERS - 1), minlength=_COUNTERS)
    sorted_values = {}
    for rank, number in zip(ranks.tolist(), interval.tolist(), strict=True):
        within = rank - (last_rank[number] - upper[number])
        half = int(np.searchsorted(np.cumsum(lower[number]), within, side="right"))
        sorted_values[rank] = _value((number << _HALF) | half)
    one, other = (np.array([sorted_values[rank] for rank in wanted.tolist()]) for wanted in (below, above))
    return _between(one, other, place - below)


def _keys(values: np.ndarray) -> np.ndarray:
    """Integers that are in the order of the values: uint32."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    sign = np.uint32(2**31)
    keys = bits | sign
    negative = np.flatnonzero(bits >= sign)
    keys[negative] = ~bits[negative]
    return keys


def _value(key: int) -> np.float32:
    bits = np.uint32(key ^ 2**31) if key & 2**31 else np.uint32(~key & 0xFFFFFFFF)
    return np.float32(bits.view(np.float32))


def _between(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Interpolation as numpy does it, from the nearer side, so that the same bits come out."""
    step = other - one
    return np.asarray(np.where(share < 0.5, one + step * share, other - step * (1.0 - share)))
