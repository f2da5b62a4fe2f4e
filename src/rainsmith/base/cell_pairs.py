"""Pairs of cells that lie a given distance apart."""

from __future__ import annotations

import numpy as np


def neighbours(cells: np.ndarray, grid: tuple[int, int], lag: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of cells that lie ``lag`` cells apart in one row or in one column.

    Args:
        cells: (n,) flat indices, in row-major order, of the cells that count, such as the valid ones.
        grid: number of rows and of columns.
        lag: [cells] the distance, at least 1.

    Returns:
        Positions in ``cells`` of the first and of the second cell of every pair, two arrays of one length.
    """
    flat = np.full(grid[0] * grid[1], -1)  # -1: a cell that does not count
    flat[cells] = np.arange(len(cells))
    position = flat.reshape(grid)
    first = np.concatenate([position[:, :-lag].ravel(), position[:-lag].ravel()])
    second = np.concatenate([position[:, lag:].ravel(), position[lag:].ravel()])
    both_count = (first >= 0) & (second >= 0)
    return first[both_count], second[both_count]
