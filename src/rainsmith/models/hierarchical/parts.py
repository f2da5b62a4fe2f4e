"""The parts of the grid that training scores: the whole of it, or patches that lie on the blocks of the coarsest level.

A patch is worked out with what lies within the network's reach, so that its prior members are those of the whole grid.
Beyond the rows and columns that a step reads nothing is observed, and latents there come from the prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from rainsmith.models.hierarchical.mass import MassConservation
from rainsmith.models.hierarchical.network import HierarchicalCVAE
from rainsmith.models.hierarchical.scored_cells import ScoredCells
from rainsmith.models.hierarchical.windows import Windows, in_blocks
from rainsmith.models.patch import Patch, Span, Window


@dataclass(frozen=True)
class Part:
    """What a step needs to know of the part that it scores.

    Attributes:
        windows: what is worked out at each level.
        seen: the fine cells whose rain the posterior sees.
        own: the part's blocks of each level, whose KL divergence counts.
        cells: (n,) places of the scored cells in the flattened part.
        scored: the same cells as the objective reads them.
        mass: conservation of mass on these cells, or None.
        share: of the grid's valid cells.
    """

    windows: Windows
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
    inside = np.zeros_like(mask)
    inside[tuple(slice(*span) for span in window)] = True
    of_part = inside[mask]
    if mass is not None:
        of_part &= mass.whole_blocks(of_part)
    scored = np.zeros_like(mask)
    scored[mask] = of_part
    scored = scored[tuple(slice(*span) for span in window)]
    return Part(
        windows=network.windows(window),
        seen=network.seen_from(window),
        own=[in_blocks(window, factor, size) for factor, size in zip(network.factors, network.sizes, strict=True)],
        cells=torch.from_numpy(np.flatnonzero(scored)).to(device),
        scored=ScoredCells(scored, network.settings.objective.increments).to(device),
        mass=None if mass is None else mass.at(np.flatnonzero(of_part)),
        share=float(of_part.sum() / mask.sum()),
    )


def patches_of(
    network: HierarchicalCVAE, side: int, mask: np.ndarray, box: tuple[slice, slice]
) -> tuple[list[Patch], np.ndarray]:
    """All patches of a side, and how often each is to be drawn.

    Patches begin at blocks of the coarsest level, and some reach beyond the grid and are cut there; drawn in proportion
    to their valid cells, they score each valid cell equally often.

    Args:
        network: of the model.
        side: [fine cells] rounded up to whole blocks of the coarsest level.
        mask: (H, W) valid cells of the network's grid.
        box: where that grid lies in the whole grid.

    Returns:
        The patches that hold valid cells, and their chances, which add up to 1.
    """
    by_axis = [_spans(size, side, network.factors[0]) for size in mask.shape]
    counts = {(rows, columns): int(mask[slice(*rows), slice(*columns)].sum()) for rows, columns in product(*by_axis)}
    windows = [window for window, count in counts.items() if count]
    valid = np.array([counts[window] for window in windows], dtype=float)
    return [Patch(window, _moved(network.seen_from(window), box)) for window in windows], valid / valid.sum()


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
