"""Bilinear interpolation at fractional rows and columns, clamped to the grid."""

from __future__ import annotations

import numpy as np


def bilinear(fields: np.ndarray, row: np.ndarray, col: np.ndarray) -> np.ndarray:
    """Interpolate fields at positions that lie within the grid, first along the rows and then between them.

    Args:
        fields: (day, y, x).
        row: (point,) fractional rows between 0 and y - 1; 0.0 is the centre of the first row.
        col: (point,) fractional columns between 0 and x - 1.

    Returns:
        (day, point); NaN where one of the four cells around a point is NaN.
    """
    ny, nx = fields.shape[-2:]
    top, below, down = _neighbours(row, ny)
    left, right, across = _neighbours(col, nx)
    upper = fields[:, top, left] * (1 - across) + fields[:, top, right] * across
    lower = fields[:, below, left] * (1 - across) + fields[:, below, right] * across
    return np.asarray(upper * (1 - down) + lower * down)


def bilinear_weights(row: np.ndarray, col: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The four cells around each position, and their weights, for sums over cells that skip missing ones.

    Args:
        row: (point,) fractional rows; those outside the grid are moved to its edge.
        col: (point,) fractional columns; those outside the grid are moved to its edge.
        shape: (rows, columns) of the grid.

    Returns:
        Numbers row * columns + column of the cells (4, point), and float64 weights (4, point) that add up to 1, in the
        order upper left, upper right, lower left, lower right.
    """
    top, below, down = _neighbours(np.clip(np.asarray(row, dtype=np.float64), 0, shape[0] - 1), shape[0])
    left, right, across = _neighbours(np.clip(np.asarray(col, dtype=np.float64), 0, shape[1] - 1), shape[1])
    corners = (
        (top, left, (1 - down) * (1 - across)),
        (top, right, (1 - down) * across),
        (below, left, down * (1 - across)),
        (below, right, down * across),
    )
    cells = np.stack([i * shape[1] + j for i, j, _ in corners])
    return cells, np.stack([weight for _, _, weight in corners])


def _neighbours(position: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells before and after each position along one axis, and the distance from the first [cells]."""
    first = np.clip(np.floor(position).astype(int), 0, max(size - 2, 0))
    return first, np.minimum(first + 1, size - 1), position - first
