"""The parts of the grid that training scores: the whole of it, or patches that lie on the blocks of the coarsest level.

A patch is worked out with what lies within the network's reach, so that its prior members are those of the whole grid.
Beyond the rows and columns that a step reads nothing is observed, and latents there come from the prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rainsmith.base.errors import UserError
from rainsmith.models.hierarchical.mass import MassConservation
from rainsmith.models.hierarchical.network import HierarchicalCVAE
from rainsmith.models.hierarchical.scored_cells import ScoredCells
from rainsmith.models.hierarchical.windows import Windows, in_blocks
from rainsmith.models.patch import Patch, Span, Window, whole


@dataclass(frozen=True)
class Part:
    """What a step needs to know of the part that it scores.

    Attributes:
        windows: what is worked out at each level.
        coarse: the coarse cells whose predictors count; None for all.
        seen: the fine cells whose rain the posterior sees.
        own: the part's blocks of each level, whose KL divergence counts.
        cells: (n,) places of the scored cells in the flattened part.
        scored: the same cells as the objective reads them.
        mass: conservation of mass on these cells, or None.
        share: of the grid's valid cells.
    """

    windows: Windows
    coarse: Window | None
    seen: Window
    own: list[Window]
    cells: Tensor
    scored: ScoredCells
    mass: MassConservation | None
    share: float


def part_of(
    network: HierarchicalCVAE, window: Window, mask: np.ndarray, mass: MassConservation | None, device: torch.device
) -> Part:
    """A part of the network's grid.

    Args:
        network: of the model.
        window: rows and columns that are scored.
        mask: (H, W) valid cells of the grid.
        mass: of all valid cells, or None. Cells of coarse cells that reach beyond the window are not scored then.
        device: of the tensors.
    """
    rows, columns = (slice(*span) for span in window)
    inside = np.zeros_like(mask)
    inside[rows, columns] = True
    of_part = inside[mask]
    if mass is not None:
        coarse = _CoarseCells.of(mask, mass)
        of_part &= coarse.inside(window)[coarse.number]
    scored = np.zeros_like(mask)
    scored[mask] = of_part
    scored = scored[rows, columns]
    windows = network.windows(window)
    return Part(
        windows=windows,
        coarse=None if window == whole(network.fine) else network.coarse(windows),
        seen=network.seen_from(window),
        own=[in_blocks(window, factor, size) for factor, size in zip(network.factors, network.sizes, strict=True)],
        cells=torch.from_numpy(np.flatnonzero(scored)).to(device),
        scored=ScoredCells(scored, network.settings.objective.increments).to(device),
        mass=None if mass is None else mass.at(np.flatnonzero(of_part)),
        share=float(of_part.sum() / mask.sum()),
    )


def patches_of(
    network: HierarchicalCVAE, side: int, mask: np.ndarray, box: tuple[slice, slice], mass: MassConservation | None
) -> tuple[list[Patch], np.ndarray]:
    """All patches of a side, and how often each is to be drawn.

    Patches begin at blocks of the coarsest level, and some reach beyond the grid and are cut there. They are drawn in
    proportion to the cells that they score, so that a cell is scored as often as patches hold it: all of them equally
    often without conservation of mass, and with it where coarse cells do not lie across those blocks.

    Args:
        network: of the model.
        side: [fine cells] rounded up to whole blocks of the coarsest level.
        mask: (H, W) valid cells of the network's grid.
        box: where that grid lies in the whole grid.
        mass: as ``part_of`` has it.

    Returns:
        The patches that score a cell, and their chances, which add up to 1.

    Raises:
        UserError: none does, as each cuts the coarse cells that it holds.
    """
    coarse = None if mass is None else _CoarseCells.of(mask, mass)

    def scored(rows: Span, columns: Span) -> int:
        if coarse is None:
            return int(mask[slice(*rows), slice(*columns)].sum())
        return int(coarse.cells[coarse.inside((rows, columns))].sum())

    by_axis = [_spans(size, side, network.factors[0]) for size in mask.shape]
    counts = {(rows, columns): scored(rows, columns) for rows, columns in product(*by_axis)}
    windows = [window for window, count in counts.items() if count]
    if not windows:
        raise UserError(
            f"train.patch is {side}, and no patch holds a whole coarse cell, whose mean is conserved; expected a wider "
            "patch; raise train.patch"
        )
    cells = np.array([counts[window] for window in windows], dtype=float)
    return [Patch(window, _moved(network.seen_from(window), box)) for window in windows], cells / cells.sum()


class _CoarseCells(NamedTuple):
    """Coarse cells whose mean is conserved, so that each is scored as a whole or not at all.

    Attributes:
        number: (cells,) the coarse cell of each valid cell.
        first, last: (coarse cells, 2) first and last row and column of the valid cells of each.
        cells: (coarse cells,) number of valid cells of each.
    """

    number: np.ndarray
    first: np.ndarray
    last: np.ndarray
    cells: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray, mass: MassConservation) -> _CoarseCells:
        _, number, cells = np.unique(mass.block.cpu().numpy(), return_inverse=True, return_counts=True)
        places = np.argwhere(mask)
        first, last = np.full((len(cells), 2), mask.size), np.full((len(cells), 2), -1)
        np.minimum.at(first, number, places)
        np.maximum.at(last, number, places)
        return cls(number, first, last, cells)

    def inside(self, window: Window) -> np.ndarray:
        """(coarse cells,) bool, which of them lie in a window as a whole."""
        begin, end = np.array(window).T
        return np.asarray(((self.first >= begin) & (self.last < end)).all(axis=1))


def _moved(window: Window, box: tuple[slice, slice]) -> tuple[slice, slice]:
    """A window of the network's grid as rows and columns of the whole grid."""
    (top, bottom), (left, right) = window
    above, before = box[0].start or 0, box[1].start or 0
    return slice(top + above, bottom + above), slice(left + before, right + before)


def _spans(size: int, side: int, block: int) -> list[Span]:
    """Rows (or columns) of the patches along one axis."""
    side = -(-side // block) * block
    if side >= size:
        return [(0, size)]
    return [(max(0, start), min(size, start + side)) for start in range(block - side, size, block)]
