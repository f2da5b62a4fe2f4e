"""The coarse grid that predictors are brought to: that of one source, or a part of it that all sources cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rainsmith.base.errors import UserError
from rainsmith.data.grids.coverage import refuse_uncovered
from rainsmith.data.grids.grid import Grid, move_seam_away
from rainsmith.data.grids.locate import locate_points
from rainsmith.init.look import cell_km
from rainsmith.init.sources import Source

LARGEST, MOST_CUT = 4000, 1500
"""Cells of the grid of a source that is taken as it is, and of a part that is cut out: a network reads all of them on
every day."""
HALF = 0.5
"""A source that reaches less than this share of the target is for another region."""
MARGIN_KM = 1200.0
"""[km] How far a grid that is cut out reaches beyond the target: weather systems that bring the rain are so wide."""


@dataclass(frozen=True)
class CoarseGrid:
    """What is chosen.

    Attributes:
        source: the source whose grid is taken; None without a source on a grid.
        part: rows and columns of it that are taken, None for all.
        grid: the cells.
        different: number of different grids among the sources.
        reasons: why.
    """

    source: Source | None
    part: tuple[slice, slice] | None
    grid: Grid | None
    different: int
    reasons: tuple[str, ...]


def uncovered(source: Source, target: Grid, cells: np.ndarray | None = None) -> str:
    """Why a source does not reach all cells of the target, "" where it does.

    Args:
        source: a predictor on a grid.
        target: the fine grid.
        cells: (y, x) bool, the cells that count; None leaves out only what does not even reach half of all.
    """
    assert source.grid is not None
    grid = _turned(source.grid, target)
    try:
        if cells is None and locate_points(grid, target)[2].mean() >= HALF:
            return ""
        refuse_uncovered(grid, target, source.name, cells)
    except UserError as error:
        return str(error)
    return ""


def choose_grid(rain: Sequence[Source], others: Sequence[Source], target: Grid) -> CoarseGrid:
    """Choose the coarse grid of sources that all cover the target.

    Args:
        rain: sources of coarse rain, whose grid is preferred.
        others: other predictors on grids.
        target: the fine grid.
    """
    sources = [source for source in [*rain, *others] if source.grid is not None]
    if not sources:
        return CoarseGrid(None, None, None, 0, ())
    kinds: list[Source] = []
    for source in sources:
        assert source.grid is not None
        if not any(source.grid.same_as(known.grid) for known in kinds if known.grid is not None):
            kinds.append(source)
    grids = {id(one): _turned(one.grid, target) for one in kinds if one.grid is not None}
    # coarse rain first, then from fine to coarse
    order = sorted(kinds, key=lambda one: (not any(_same(one, r) for r in rain), _km_or_inf(one)))
    for one in order:
        grid = grids[id(one)]
        if _size(grid) <= LARGEST and all(_covers(grids[id(o)], grid) for o in kinds if o is not one):
            return CoarseGrid(one, None, grid, len(kinds), _reasons_of_whole(one, grid, len(kinds), rain))
    for one in order:
        part = _common_part(grids[id(one)], [grids[id(o)] for o in kinds if o is not one], target)
        if part is not None:
            return _cut(one, grids[id(one)], part, len(kinds))
    return CoarseGrid(None, None, None, len(kinds), ())


def _cut(one: Source, grid: Grid, part: tuple[slice, slice], different: int) -> CoarseGrid:
    rows, columns = part
    ny, nx = rows.stop - rows.start, columns.stop - columns.start
    why = "that all predictors cover" if different > 1 else f"within {MARGIN_KM:.0f} km of the target"
    total = f"{grid.shape[0]} x {grid.shape[1]}"
    reasons = (f"the {ny} x {nx} cells of the grid of {one.label} ({total} cells of {cell_km(grid):.3g} km) {why}",)
    return CoarseGrid(one, part, grid, different, reasons)


def _reasons_of_whole(one: Source, grid: Grid, different: int, rain: Sequence[Source]) -> tuple[str, ...]:
    size = f"{grid.shape[0]} x {grid.shape[1]} cells of {cell_km(grid):.3g} km"
    if different == 1:
        return (f"coarse grid: all predictors on a grid share one of {size}",)
    why = (
        "coarse rain keeps its own cells there"
        if any(_same(one, r) for r in rain)
        else "the finest that the others cover"
    )
    return (
        f"predictors lie on {different} grids; all are brought to that of {one.label} ({size}): {why}",
        "of wider fields the part there is used; for a wider view give this source on a larger region",
    )


def _same(one: Source, other: Source) -> bool:
    return one.grid is not None and other.grid is not None and one.grid.same_as(other.grid)


def _km_or_inf(source: Source) -> float:
    return source.km if np.isfinite(source.km) else np.inf


def _turned(grid: Grid, target: Grid) -> Grid:
    """A grid round the earth, begun far from the target as ``prepare`` does."""
    if target.longitude is None:
        return grid
    return move_seam_away(grid, float(target.longitude.flat[target.longitude.size // 2]))[0]


def _size(grid: Grid) -> int:
    return grid.shape[0] * grid.shape[1]


def _covers(large: Grid, small: Grid) -> bool:
    try:
        return bool(locate_points(large, small)[2].all())
    except UserError:
        return False


def _common_part(grid: Grid, others: Sequence[Grid], target: Grid) -> tuple[slice, slice] | None:
    """Rows and columns of a grid around the target that all others cover and that are not too many."""
    try:
        row, column, _ = locate_points(grid, target)
        inside = np.ones(grid.shape, dtype=bool)
        for other in others:
            inside &= locate_points(other, grid)[2]
    except UserError:
        return None
    need = [np.floor(row.min()), np.ceil(row.max()), np.floor(column.min()), np.ceil(column.max())]
    ends = np.clip(np.array(need, dtype=int), 0, np.repeat(np.array(grid.shape) - 1, 2))
    margin = max(1, round(MARGIN_KM / cell_km(grid))) if np.isfinite(cell_km(grid)) else 2
    limit = np.array([0, grid.shape[0] - 1, 0, grid.shape[1] - 1])
    while margin:
        box = [
            max(ends[0] - margin, limit[0]),
            min(ends[1] + margin, limit[1]),
            max(ends[2] - margin, limit[2]),
            min(ends[3] + margin, limit[3]),
        ]
        box = _shrunk([int(one) for one in box], inside)
        rows, columns = slice(box[0], box[1] + 1), slice(box[2], box[3] + 1)
        count = (box[1] - box[0] + 1) * (box[3] - box[2] + 1)
        if count <= 0 or box[0] > ends[0] or box[1] < ends[1] or box[2] > ends[2] or box[3] < ends[3]:
            return None
        if count <= MOST_CUT:
            return rows, columns
        margin -= max(1, margin // 8)
    return None


def _shrunk(box: list[int], inside: np.ndarray) -> list[int]:
    """A box of rows and columns without the border lines that are not covered, the worst first."""
    while box[0] <= box[1] and box[2] <= box[3]:
        part = inside[box[0] : box[1] + 1, box[2] : box[3] + 1]
        if part.all():
            break
        outside = [(~line).mean() for line in (part[0], part[-1], part[:, 0], part[:, -1])]
        worst = int(np.argmax(outside))
        box[worst] += 1 if worst in (0, 2) else -1
    return box
