"""Which part of the coarse grid a part of the fine grid needs, so that predictors are encoded there alone."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from rainsmith.models.geometry import at_blocks
from rainsmith.models.patch import Span, Window, whole


def coarse_window(points: Iterable[Tensor], size: tuple[int, int]) -> Window:
    """The coarse cells between which points lie.

    Args:
        points: (..., 2) each, as ``grid_sample`` has them with aligned corners: x first, -1 to 1 over the whole grid.
        size: (H_lr, W_lr) of the coarse grid.
    """
    flat = torch.cat([some.reshape(-1, 2) for some in points])
    columns, rows = (_span(flat[:, axis], cells) for axis, cells in enumerate(reversed(size)))
    return rows, columns


def _span(points: Tensor, cells: int) -> Span:
    """Rows (or columns) around points, two at least where there are two; beyond the edge the edge counts."""
    lowest, highest = float(points.min()), float(points.max())
    first = math.floor((lowest + 1) / 2 * (cells - 1) - 1e-4)
    last = math.ceil((highest + 1) / 2 * (cells - 1) + 1e-4)
    return min(max(first, 0), max(cells - 2, 0)), min(max(last + 1, 2), cells)


def wider(window: Window, reach: int, size: tuple[int, int]) -> Window:
    """A window with ``reach`` more cells on every side, as far as the grid goes."""
    rows, columns = (
        (max(begin - reach, 0), min(end + reach, cells)) for (begin, end), cells in zip(window, size, strict=True)
    )
    return rows, columns


def interpolated(features: Tensor, points: Tensor, window: Window | None, size: tuple[int, int]) -> Tensor:
    """Features (N, C, h, w) of a window of the coarse grid, None for all of it, at points: (N, C, rows, columns)."""
    if window is not None and window != whole(size):
        points = _within(points, window, size)
    return at_blocks(features, points)


def _within(points: Tensor, window: Window, size: tuple[int, int]) -> Tensor:
    """The same points (..., 2), -1 to 1 over the window."""
    axes = []
    for axis, ((begin, end), cells) in enumerate(zip(reversed(window), reversed(size), strict=True)):
        position = (points[..., axis] + 1) / 2 * (cells - 1) - begin
        axes.append(2 * position / max(end - begin - 1, 1) - 1)
    return torch.stack(axes, dim=-1)
