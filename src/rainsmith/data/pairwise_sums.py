"""The sum that numpy gives of more values than fit into memory, to the last bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

_AT_ONCE = 2**17
"""Number of values whose sum numpy is asked for; any above 128 gives the same sum."""


def pairwise_sum(pieces: Iterable[np.ndarray], count: int) -> float:
    """The sum that ``numpy.sum`` gives of all values in one array.

    Numpy halves an array, at a multiple of eight, until 128 values are left, and adds the sums of the halves: rounding
    errors then stay small (pairwise summation; Higham 1993, doi:10.1137/0914050). The same halves are taken here, from
    the first one on, so that values are needed in their order and only once.

    Args:
        pieces: the values, float64, piece by piece.
        count: how many there are.
    """
    stream = _Stream(iter(pieces))
    return float(_sum(stream, count))


def _sum(stream: _Stream, count: int) -> np.float64:
    if count <= _AT_ONCE:
        return np.float64(np.add.reduce(stream.take(count)))
    first = count // 2
    first -= first % 8
    return _sum(stream, first) + _sum(stream, count - first)


class _Stream:
    """Values in their order, as many as are asked for."""

    def __init__(self, pieces: Iterator[np.ndarray]) -> None:
        self._pieces, self._held = pieces, np.empty(0)

    def take(self, count: int) -> np.ndarray:
        while len(self._held) < count:
            self._held = np.concatenate([self._held, next(self._pieces)])
        taken, self._held = self._held[:count], self._held[count:]
        return taken
