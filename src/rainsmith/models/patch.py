"""A part of the grid that a step of a training works on."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

Span = tuple[int, int]
"""First row (or column), and the one after the last."""
Window = tuple[Span, Span]
"""Rows and columns of a grid."""


class Patch(NamedTuple):
    """A part of the grid that a step of a training works on.

    Attributes:
        part: whose cells the loss scores, in the model's own grid [fine cells].
        read: rows and columns of the whole grid that the step reads: the part, and what the network sees beside it.
    """

    part: Window
    read: tuple[slice, slice]


def whole(size: tuple[int, int]) -> Window:
    """All rows and columns."""
    return (0, size[0]), (0, size[1])


def cut(maps: Tensor, window: Window, of: Window | None = None) -> Tensor:
    """The window of maps (..., h, w) that begin at row and column 0, or cover the window ``of``: a view."""
    (top, bottom), (left, right) = window
    above, before = (0, 0) if of is None else (of[0][0], of[1][0])
    return maps[..., top - above : bottom - above, left - before : right - before]
