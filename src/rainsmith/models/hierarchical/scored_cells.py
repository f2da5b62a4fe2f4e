"""The cells whose amounts are scored: over blocks of several sizes, and as differences between neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rainsmith.base.cell_pairs import neighbours
from rainsmith.models.cells import Pooling


class ScoredCells(nn.Module):
    """The valid cells of a grid, or of a part of it.

    Args:
        mask: (H, W) valid cells.
        increments: [cells] distances of the pairs.
    """

    def __init__(self, mask: np.ndarray, increments: Sequence[int]) -> None:
        super().__init__()
        self.pooling = Pooling(mask)
        for lag in increments:
            pairs = np.stack(neighbours(np.flatnonzero(mask), mask.shape, lag))
            self.register_buffer(f"pairs_{lag}", torch.from_numpy(pairs), persistent=False)

    def pairs(self, lag: int) -> tuple[Tensor, Tensor]:
        """Numbers of the first and of the second cell of all pairs that lie so far apart."""
        first, second = getattr(self, f"pairs_{lag}")
        return first, second
