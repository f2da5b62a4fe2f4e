"""Fields at valid cells only, so that nothing is computed where nothing is observed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rainsmith.data.grids import bilinear


def block_sums(values: Tensor, block: Tensor, blocks: int) -> Tensor:
    """Sums over the cells of each block: (cells, ...) -> (blocks, ...).

    Args:
        values: cells first, and any other dimensions: whole rows are added up, which is several times as fast.
        block: (cells,) number of each cell's block.
        blocks: number of blocks.
    """
    return values.new_zeros(blocks, *values.shape[1:]).index_add(0, block, values)


def bilinear_weights(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The four grid cells around fractional positions, and their weights in single precision: both (4, cells)."""
    cells, weights = bilinear.bilinear_weights(row, column, shape)
    return cells, weights.astype(np.float32)


class Pooling(torch.nn.Module):
    """Sums over square blocks of the grid, of fields at valid cells.

    Args:
        mask: (H, W) valid cells.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, mask: np.ndarray) -> None:
        super().__init__()
        rows, columns = np.nonzero(mask)
        self.shape = mask.shape
        self.register_buffer("rows", torch.from_numpy(rows), persistent=False)
        self.register_buffer("columns", torch.from_numpy(columns), persistent=False)

    def forward(self, values: Tensor, side: int, offset: tuple[int, int]) -> Tensor:
        """Sums of (cells, ...) over blocks of ``side`` x ``side`` cells of the grid shifted by ``offset``.

        Returns:
            (blocks, ...), blocks without a valid cell included.
        """
        if side == 1:
            return values
        across = (self.shape[1] + offset[1] - 1) // side + 1
        down = (self.shape[0] + offset[0] - 1) // side + 1
        block = (self.rows + offset[0]) // side * across + (self.columns + offset[1]) // side
        return block_sums(values, block, down * across)
