"""A UNet (Ronneberger et al. 2015, arXiv:1505.04597) from predictors on any coarse grid to the fine cells."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.models.downscaling.srdrn import FineCells, blocks_of, upsampled
from rainsmith.models.geometry import Geometry, at_blocks, pooled_maps, sampling_points

DEPTH = 3
"""Number of times that the grid is halved."""


class UNet(nn.Module):
    """Convolutions on the coarse grid, a UNet on blocks of 2 x 2 fine cells, one step to the fine cells.

    The predictors vary smoothly within such a block, so an encoder on the fine grid would see nothing more of them at
    four times the cost; the static maps enter on the fine grid too. All maps are normalised.

    Args:
        n_predictors: channels of x.
        n_outputs: values for each cell.
        geometry: grids and static maps.
        filters: channels on the coarse grid, and the most of any level.
        fine_filters: channels on the fine grid and on the blocks; they double with each further halving.
    """

    share: Tensor
    points: Tensor
    maps: Tensor

    def __init__(
        self, n_predictors: int, n_outputs: int, geometry: Geometry, *, filters: int, fine_filters: int
    ) -> None:
        super().__init__()
        self.sizes = [blocks_of(geometry.fine, 2 ** (level + 1)) for level in range(DEPTH + 1)]
        self.fine = geometry.fine
        self.register_buffer("share", geometry.share[None, None].float(), persistent=False)
        self.register_buffer("points", sampling_points(geometry, 2), persistent=False)
        self.register_buffer("maps", pooled_maps(geometry, 2), persistent=False)
        widths = [max(fine_filters, min(filters, fine_filters * 2**level)) for level in range(DEPTH + 1)]
        # the coarse grid may be wider than the fine one: what lies outside is felt here
        self.coarse = nn.Sequential(_double(n_predictors + 1, filters), nn.Conv2d(filters, widths[0], 1))
        self.down = nn.ModuleList(
            _double(a, b) for a, b in zip([widths[0] + self.maps.shape[1], *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList(_double(widths[i] + widths[i + 1], widths[i]) for i in range(DEPTH))
        self.to_cells = FineCells(widths[0], fine_filters, n_outputs, geometry)

    def forward(self, x: Tensor) -> Tensor:
        """Standardised predictors (N, C, H_lr, W_lr) to values of the valid cells (N, n_outputs, cells) in float32."""
        share = self.share.expand(len(x), -1, -1, -1).to(x.dtype)
        features = self.coarse(torch.cat([x, share], dim=1))
        here = at_blocks(features, self.points).to(features.dtype)
        h = torch.cat([here, self.maps.expand(len(x), -1, -1, -1).to(here.dtype)], dim=1)
        h = h.contiguous(memory_format=torch.channels_last)
        levels = []
        for level, block in enumerate(self.down):
            h = block(h if level == 0 else F.avg_pool2d(h, 2, ceil_mode=True))
            levels.append(h)
        for level in reversed(range(DEPTH)):
            h = self.up[level](torch.cat([levels[level], upsampled(h, 2, self.sizes[level])], dim=1))
        out: Tensor = self.to_cells(upsampled(h, 2, self.fine))
        return out


def _double(c_in: int, c_out: int) -> nn.Sequential:
    """Two 3x3 convolutions with SiLU; no norm, which would remove the amplitude of a day's anomalies."""
    first, second = nn.Conv2d(c_in, c_out, 3, padding=1), nn.Conv2d(c_out, c_out, 3, padding=1)
    return nn.Sequential(first, nn.SiLU(), second, nn.SiLU())
