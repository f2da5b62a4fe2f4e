"""Sums over square windows around every cell of a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def window_sums(maps: np.ndarray, sides: Sequence[int]) -> Iterator[np.ndarray]:
    """For each side, the sums over windows of that many cells a side around each cell; outside the grid lie zeros.

    A window of an even side reaches one cell further up and to the left.

    Args:
        maps: (map, row, column) float32, or bool, which is counted.
        sides: [cells] lengths of the sides, at least 1.

    Yields:
        (map, row, column) as the maps; counts are of the smallest type of whole numbers that holds them.
    """
    before, after = max(sides) // 2, (max(sides) - 1) // 2
    count, rows, columns = maps.shape
    counts = maps.dtype == bool
    padded = np.zeros((count, rows + before + after, columns + before + after), np.uint8 if counts else maps.dtype)
    padded[:, before : before + rows, before : before + columns] = maps
    # All maps are one long line, in which the next row is some places further; zeros keep rows and maps apart.
    line, to_next_row, to_next_map = padded.ravel(), padded.shape[2], padded.shape[1] * padded.shape[2]
    for side in sides:
        in_line, in_window = (np.min_scalar_type(n) if counts else maps.dtype for n in (side, side**2))
        sums = _running_sums(line.astype(in_line, copy=False), side, 1)
        sums = _running_sums(sums.astype(in_window, copy=False), side, to_next_row)
        sums = sums[(before - side // 2) * (to_next_row + 1) :]
        places = [sums.itemsize * step for step in (to_next_map, to_next_row, 1)]
        yield np.lib.stride_tricks.as_strided(sums, maps.shape, places, writeable=False)


def _running_sums(line: np.ndarray, count: int, step: int) -> np.ndarray:
    """Sums of ``count`` values of a line that lie ``step`` places apart, for each place that has so many after it.

    Sums of 2, 4, 8 ... values are sums of two halves, and those of ``count`` values are made of them, so that the work
    grows with the logarithm of the count.
    """
    length = len(line) - (count - 1) * step
    total: np.ndarray | None = None
    start, span = 0, 1
    while True:  # ``line`` holds the sums of ``span`` values
        if count & span:  # this power of two is a part of the count
            part = line[start : start + length]
            total = part if total is None else total + part
            start += span * step
        if 2 * span > count:
            break
        line = line[: -span * step] + line[span * step :]
        span *= 2
    assert total is not None
    return total
