"""Which part of every level a part of the fine grid needs, so that it comes out as it would in the whole domain.

The network has no norm and no attention: a cell of a field depends on cells of every level within a finite reach. A
window of each level that is as wide as the part and its reach gives the same amounts as the whole grid. Windows end
where the grid ends, and there the edge is the edge of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from rainsmith.models.patch import Span, Window

BLOCK_REACH = 2
"""[cells] Reach of a residual block: two 3x3 convolutions."""
LAST_REACH = 1
"""[blocks of the finest level] Reach of the last convolution."""
LARGE, TILE = 512, 256
"""[fine cells] Side of a grid from which on it is worked out in tiles, and their side, where no other is asked for."""


@dataclass(frozen=True)
class Windows:
    """What is worked out at each level, coarse to fine, for a part of the fine grid.

    Attributes:
        part: the part of the fine grid [fine cells].
        right: where the ladder's features are those of the whole grid.
        worked: where they are worked out: that, and the reach of the level's block.
        right_days: where the features that members of a day share are those of the whole grid.
        worked_days: where these are worked out.
    """

    part: Window
    right: list[Window]
    worked: list[Window]
    right_days: list[Window]
    worked_days: list[Window]


def windows_for(part: Window, sizes: Sequence[tuple[int, int]], finest: int, shared_blocks: int) -> Windows:
    """The windows that a part of the fine grid needs.

    Args:
        part: rows and columns of the fine grid.
        sizes: (h, w) of every level, coarse to fine.
        finest: [fine cells] side of the blocks of the finest level.
        shared_blocks: residual blocks of a level on what members share.
    """
    by_axis = [_spans(part[axis], [size[axis] for size in sizes], finest, shared_blocks) for axis in (0, 1)]
    rows, columns = by_axis
    both = [list(zip(one, other, strict=True)) for one, other in zip(rows, columns, strict=True)]
    return Windows(part, *both)


def _spans(part: Span, sizes: Sequence[int], finest: int, shared_blocks: int) -> tuple[list[Span], ...]:
    """``right``, ``worked``, ``right_days`` and ``worked_days`` along one axis."""
    levels = len(sizes)
    right, worked, right_days, worked_days = ([(0, 0)] * levels for _ in range(4))
    wanted = _wider((part[0] // finest, -(-part[1] // finest)), LAST_REACH)
    wanted_days: Span | None = None
    for level in reversed(range(levels)):
        right[level] = _within(wanted, sizes[level])
        worked[level] = _within(_wider(right[level], BLOCK_REACH), sizes[level])
        # the ladder begins with a block of its own on the coarsest level
        of_ladder = worked[level] if level else _wider(worked[level], BLOCK_REACH)
        right_days[level] = _within(_hull(of_ladder, wanted_days), sizes[level])
        worked_days[level] = _within(_wider(right_days[level], BLOCK_REACH * shared_blocks), sizes[level])
        wanted, wanted_days = _half(worked[level]), _half(worked_days[level]) if shared_blocks else None
    return right, worked, right_days, worked_days


def _wider(span: Span, reach: int) -> Span:
    return span[0] - reach, span[1] + reach


def _half(span: Span) -> Span:
    """The cells of a level that a bilinear interpolation to the next one reads."""
    return (span[0] - 1) // 2, span[1] // 2 + 1


def _hull(span: Span, other: Span | None) -> Span:
    return span if other is None else (min(span[0], other[0]), max(span[1], other[1]))


def _within(span: Span, size: int) -> Span:
    return max(span[0], 0), min(span[1], size)


def twice_as_fine(h: Tensor, covered: Window, window: Window) -> Tensor:
    """Features of a level that cover a window of it, on a window of the next level.

    Bilinear, so that no edge of a coarser block shows.
    """
    fine = F.interpolate(h, scale_factor=2.0, mode="bilinear")
    (above, _), (before, _) = covered
    (top, bottom), (left, right) = window
    # a padding below 0 cuts, and its gradient keeps channels_last
    rows, columns = fine.shape[-2:]
    at_columns = 2 * before - left, right - 2 * before - columns
    return F.pad(fine, (*at_columns, 2 * above - top, bottom - 2 * above - rows))


def spread(maps: Tensor, covered: Window, window: Window) -> Tensor:
    """Maps (..., h, w) that cover a window, on another one: cut, and 0 where there is nothing."""
    (above, below), (before, behind) = covered
    (top, bottom), (left, right) = window
    return F.pad(maps, (before - left, right - behind, above - top, bottom - below))


def in_blocks(window: Window, factor: int, size: tuple[int, int]) -> Window:
    """The blocks of ``factor`` fine cells, of a level of so many, that a window of fine cells touches."""
    rows, columns = (
        (begin // factor, min(-(-end // factor), blocks)) for (begin, end), blocks in zip(window, size, strict=True)
    )
    return rows, columns


def in_cells(window: Window, side: int, size: tuple[int, int]) -> Window:
    """The fine cells that a window of blocks of ``side`` cells holds."""
    rows, columns = ((begin * side, min(end * side, cells)) for (begin, end), cells in zip(window, size, strict=True))
    return rows, columns


def tiles(size: tuple[int, int], side: int | None) -> Iterator[Window]:
    """Squares of at most ``side`` cells that fill a grid; None takes the whole of it, or ``TILE`` where it is large."""
    if side is None:
        side = TILE if max(size) > LARGE else max(size)
    for top in range(0, size[0], side):
        for left in range(0, size[1], side):
            yield (top, min(top + side, size[0])), (left, min(left + side, size[1]))
