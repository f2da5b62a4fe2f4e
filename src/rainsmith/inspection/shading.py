"""Maps of characters for a terminal: fields in shades, and the borders of sources as letters."""

from __future__ import annotations

import string
from itertools import pairwise

import numpy as np

from rainsmith.inspection.sources import window_of

SHADES = "·░▒▓█"
"""From the least to the most; invalid cells are blank."""
LETTERS = string.ascii_uppercase
_TALL = 2.0  # height of a character over its width
_STEPS = 60  # points of a border between two of its corners


def shaded(field: np.ndarray, shape: float, columns: int, rows: int, *, first_row_on_top: bool) -> list[str]:
    """Lines that show a field, each character the mean of the cells behind it.

    Args:
        field: (y, x), NaN outside the domain.
        shape: height of the domain over its width, as it is drawn.
        columns: the most characters in a line.
        rows: the most lines.
        first_row_on_top: whether the first row is the northernmost.
    """
    known = np.isfinite(field)
    if not known.any():
        return []
    inside = [np.flatnonzero(known.any(axis=axis)) for axis in (1, 0)]
    field = field[inside[0][0] : inside[0][-1] + 1, inside[1][0] : inside[1][-1] + 1]
    field = field if first_row_on_top else field[::-1]
    columns = max(1, min(columns, field.shape[1], int(rows * _TALL / shape)))
    rows = max(1, min(rows, field.shape[0], round(columns * shape / _TALL)))
    coarse = _block_means(field, rows, columns)
    values = coarse[np.isfinite(coarse)]
    bounds = np.quantile(values, np.linspace(0, 1, len(SHADES) + 1)[1:-1])
    return [
        "".join(" " if np.isnan(v) else SHADES[int(np.searchsorted(bounds, v, side="right"))] for v in row)
        for row in coarse
    ]


def lettered(extents: dict[str, np.ndarray], columns: int, rows: int) -> list[str]:
    """Lines that show the borders of all sources, each as the letter of its place in the order.

    Args:
        extents: (point, 2) longitudes and latitudes by name, the target first.
        columns: the most characters in a line.
        rows: the most lines.
    """
    west, east, south, north = window_of(extents)
    shrink = max(0.2, float(np.cos(np.deg2rad((south + north) / 2))))
    shape = (north - south) / ((east - west) * shrink)
    columns = max(2, min(columns, int(rows * _TALL / shape)))
    rows = max(2, min(rows, round(columns * shape / _TALL)))
    lines = np.full((rows, columns), " ")
    for letter, border in reversed(list(zip(LETTERS, extents.values(), strict=False))):  # the target lies on top
        parts = np.linspace(0, 1, _STEPS)[:, None]
        points = np.concatenate([a + parts * (b - a) for a, b in pairwise(border)])
        column = np.floor((points[:, 0] - west) / (east - west) * columns).astype(int)
        row = np.floor((north - points[:, 1]) / (north - south) * rows).astype(int)
        shown = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        lines[row[shown], column[shown]] = letter
    return ["".join(line).rstrip() for line in lines]


def _block_means(field: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(rows, columns) means over the finite cells of so many nearly equal blocks; NaN where none is finite."""
    row = np.arange(field.shape[0]) * rows // field.shape[0]
    column = np.arange(field.shape[1]) * columns // field.shape[1]
    block = (row[:, None] * columns + column).ravel()
    known = np.isfinite(field).ravel()
    count = np.bincount(block[known], minlength=rows * columns)
    total = np.bincount(block[known], weights=field.ravel()[known], minlength=rows * columns)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(rows, columns)
