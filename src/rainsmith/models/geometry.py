"""Where the fine and the coarse grid lie, and what blocks of fine cells know of both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


class Geometry(NamedTuple):
    """Where the grids lie, and what is known of every cell.

    Attributes:
        row, column: (H, W) position of each fine cell in the coarse grid [coarse cells].
        maps: (S, H, W) standardised static maps, 0 at invalid cells.
        mask: (H, W) bool, valid cells.
        coarse: (H_lr, W_lr).
        share: (H_lr, W_lr) share of each coarse cell's fine cells that is valid.
    """

    row: Tensor
    column: Tensor
    maps: Tensor
    mask: Tensor
    coarse: tuple[int, int]
    share: Tensor

    @property
    def fine(self) -> tuple[int, int]:
        return self.mask.shape[0], self.mask.shape[1]


def padded(maps: Tensor, factor: int, value: float = 0.0) -> Tensor:
    rows, columns = maps.shape[-2:]
    return F.pad(maps, (0, -columns % factor, 0, -rows % factor), value=value)


def pooled_maps(geometry: Geometry, factor: int) -> Tensor:
    """Static maps over blocks, means over valid cells, and the share of valid cells last: (1, S + 1, h, w)."""
    valid = padded(geometry.mask.float()[None, None], factor)
    share = F.avg_pool2d(valid, factor)
    sums = F.avg_pool2d(padded(geometry.maps.float()[None], factor) * valid, factor)
    return torch.cat([sums / share.clamp_min(1e-6), share], dim=1)


def sampling_points(geometry: Geometry, factor: int) -> Tensor:
    """Where the centres of blocks lie in the coarse grid, as ``grid_sample`` wants it: (1, h, w, 2), x first."""
    points = []
    for position, cells in ((geometry.column, geometry.coarse[1]), (geometry.row, geometry.coarse[0])):
        rows, columns = position.shape
        # odd reflection continues positions linearly beyond the last cell
        whole = np.pad(
            position.numpy(), ((0, -rows % factor), (0, -columns % factor)), mode="reflect", reflect_type="odd"
        )
        centre = F.avg_pool2d(torch.from_numpy(np.ascontiguousarray(whole)).float()[None, None], factor)[0, 0]
        points.append(2 * centre / (cells - 1) - 1 if cells > 1 else torch.zeros_like(centre))
    return torch.stack(points, dim=-1)[None]
