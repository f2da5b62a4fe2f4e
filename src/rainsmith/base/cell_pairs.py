"""Pairs of cells that lie a given distance apart."""

from __future__ import annotations

import numpy as np


def neighbours(cells: np.ndarray, grid: tuple[int, int], lag: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Positions in ``cells`` of every pair of cells that lie ``lag`` cells apart in one row or one column."""
    position = np.full(grid[0] * grid[1], -1)
    position[cells] = np.arange(len(cells))
    at = position.reshape(grid)
    first = np.concatenate([at[:, :-lag].ravel(), at[:-lag].ravel()])
    second = np.concatenate([at[:, lag:].ravel(), at[lag:].ravel()])
    there = (first >= 0) & (second >= 0)
    return first[there], second[there]
