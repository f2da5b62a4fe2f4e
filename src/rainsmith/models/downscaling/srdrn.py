"""SRDRN: a residual super-resolution network from coarse predictors to any fine grid.

After Wang et al. (2021, doi:10.1029/2020WR029308): residual blocks on the coarse grid with one long skip, upsampling by
several factors, PReLU throughout. Ours leaves out the batch norm (such networks do better without: Lim et al. 2017,
arXiv:1707.02921), brings the features of the coarse grid to the fine one by the position of its cells, and sees the
static maps on the fine grid.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.models.geometry import Geometry, at_blocks, cells_per_coarse_cell, pooled_maps, sampling_points


class PReLUBlock(nn.Module):
    """Convolution, PReLU, convolution, added to the input: (N, C, h, w) in and out."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = nn.PReLU(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.1)  # a stack of many blocks starts near the identity

    def forward(self, h: Tensor) -> Tensor:
        change: Tensor = self.second(self.activation(self.first(h)))
        return h + change


class FineCells(nn.Module):
    """From features of the whole fine grid to values of the valid cells, with the static maps beside the features.

    Only the first convolution works on the grid; what follows it needs no neighbours and skips the other cells.

    Args:
        channels: of the features.
        width: channels on the fine grid.
        n_outputs: values for each cell.
        geometry: static maps and valid cells.
    """

    maps: Tensor
    cells: Tensor

    def __init__(self, channels: int, width: int, n_outputs: int, geometry: Geometry) -> None:
        super().__init__()
        self.register_buffer("maps", pooled_maps(geometry, 1), persistent=False)
        self.register_buffer("cells", torch.from_numpy(np.flatnonzero(geometry.mask.numpy())), persistent=False)
        self.fine = nn.Conv2d(channels, width, 3, padding=1)
        self.fine_maps = nn.Conv2d(self.maps.shape[1], width, 3, padding=1, bias=False)
        self.activation = nn.PReLU(width)
        self.last = nn.Linear(width, n_outputs)
        # near the biases, the climate, yet not so near that a few hundred steps could not grow these weights
        nn.init.normal_(self.last.weight, std=0.2 * (16 / width) ** 0.5)

    def forward(self, h: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, n_outputs, cells) in float32."""
        h = self.fine(h) + self.fine_maps(self.maps)  # one convolution of both, but the maps are the same every day
        h = h.permute(0, 2, 3, 1).flatten(1, 2).index_select(1, self.cells)  # channels last: a cell is a row of memory
        with torch.autocast(h.device.type, enabled=False):  # bf16 would round amounts to steps of one per cent
            out: Tensor = self.last(self.activation(h.float().flatten(0, 1)))
        return out.unflatten(0, h.shape[:2]).transpose(1, 2)  # type: ignore[no-untyped-call]


class SRDRN(nn.Module):
    """Residual super-resolution network; all maps normalised.

    Args:
        n_predictors: channels of x.
        n_outputs: values for each cell.
        geometry: grids and static maps.
        filters: channels on the coarse grid.
        blocks: residual blocks there.
        fine_filters: channels on the fine grid; each step of the upsampling halves them until there.
    """

    share: Tensor
    points: Tensor

    def __init__(
        self, n_predictors: int, n_outputs: int, geometry: Geometry, *, filters: int, blocks: int, fine_filters: int
    ) -> None:
        super().__init__()
        self.sides = block_sides(cells_per_coarse_cell(geometry))
        self.sizes = [blocks_of(geometry.fine, side) for side in self.sides]
        self.register_buffer("share", geometry.share[None, None].float(), persistent=False)
        self.register_buffer("points", sampling_points(geometry, self.sides[0]), persistent=False)
        self.first = nn.Conv2d(n_predictors + 1, filters, 3, padding=1)
        self.activation = nn.PReLU(filters)
        self.blocks = nn.Sequential(*(PReLUBlock(filters) for _ in range(blocks)))
        self.after = nn.Conv2d(filters, filters, 3, padding=1)
        # a convolution before each step, where there are fewer cells
        widths = [max(min(filters, fine_filters), filters // 2**step) for step in range(len(self.sides) + 1)]
        self.ups = nn.ModuleList(nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.PReLU(b)) for a, b in pairwise(widths))
        self.to_cells = FineCells(widths[-1], fine_filters, n_outputs, geometry)

    def forward(self, x: Tensor) -> Tensor:
        """Standardised predictors (N, C, H_lr, W_lr) to values of the valid cells (N, n_outputs, cells) in float32."""
        share = self.share.expand(len(x), -1, -1, -1).to(x.dtype)
        start = self.activation(self.first(torch.cat([x, share], dim=1)))
        h = start + self.after(self.blocks(start))
        for step, up in enumerate(self.ups):
            h = up(h)
            if step == 0:
                h = at_blocks(h, self.points).to(h.dtype).contiguous(memory_format=torch.channels_last)
            else:
                h = upsampled(h, self.sides[step - 1] // self.sides[step], self.sizes[step])
        out: Tensor = self.to_cells(h)
        return out


def block_sides(ratio: float) -> list[int]:
    """Sides [fine cells] of the grids of the upsampling, coarse to fine, the last one 1.

    The ratio of the grids is rounded to a number without prime factors above 5, and each factor is one step, the
    largest first. The first step reads the coarse grid by position, so the rounding moves nothing: 8 gives 4, 2, 1.
    """
    smooth = {2**a * 3**b * 5**c: [5] * c + [3] * b + [2] * a for a in range(11) for b in range(7) for c in range(5)}
    factors = smooth[min(smooth, key=lambda number: (abs(math.log(number / ratio)), number))]
    sides, side = [], math.prod(factors)
    for factor in factors or [1]:
        side //= factor
        sides.append(side)
    return sides


def blocks_of(fine: tuple[int, int], side: int) -> tuple[int, int]:
    """Rows and columns of blocks of ``side`` x ``side`` fine cells, those cut by the border included."""
    return math.ceil(fine[0] / side), math.ceil(fine[1] / side)


def upsampled(h: Tensor, factor: int, size: tuple[int, int]) -> Tensor:
    """Bilinear, so that no edge of a coarser block shows, and cut to a grid that is not a whole number of blocks."""
    fine = F.interpolate(h, scale_factor=float(factor), mode="bilinear")
    return F.pad(fine, (0, size[1] - fine.shape[-1], 0, size[0] - fine.shape[-2]))
