"""Places of fine cells in the coarse grid, and static maps and places of blocks of fine cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional as F

from rainsmith.data.normalise import standardised_statics

ALIGNED = 8
"""[fine cells] A box of valid cells begins at a multiple of this, so that blocks of latents lie as they would without
it. Where the blocks of a coarse input are 8 cells wide or a divisor of it, the two coincide."""


class Geometry(NamedTuple):
    """Both grids of a store, and the static maps of its cells.

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

    @classmethod
    def from_domain(cls, domain: xr.Dataset) -> Geometry:
        """Grids and static maps of a store; the training climate of every cell is a static map too."""
        coarse = domain.sizes["y_lr"], domain.sizes["x_lr"]
        mask = np.asarray(domain["mask"].values, dtype=bool)
        climate = domain[["log_mean", "log_std"]].to_dataarray("static").drop_vars("static")
        maps = xr.concat([domain["statics"].drop_vars("static", errors="ignore"), climate], "static", join="override")
        block = domain["block"].values
        inside = np.bincount(block[mask], minlength=coarse[0] * coarse[1])
        cells = np.bincount(block.ravel(), minlength=coarse[0] * coarse[1])
        return cls(
            row=torch.from_numpy(domain["coarse_row"].values).float(),
            column=torch.from_numpy(domain["coarse_col"].values).float(),
            maps=standardised_statics(domain.drop_dims("static").assign(statics=maps)),
            mask=torch.from_numpy(mask),
            coarse=coarse,
            share=torch.from_numpy(inside / max(1, cells.max())).float().reshape(coarse),
        )

    @property
    def fine(self) -> tuple[int, int]:
        return self.mask.shape[0], self.mask.shape[1]

    def within(self, box: tuple[slice, slice]) -> Geometry:
        """The part of the fine grid in a box of rows and columns; the coarse grid stays whole."""
        row, column, maps, mask = (part[..., *box] for part in (self.row, self.column, self.maps, self.mask))
        return self._replace(row=row, column=column, maps=maps, mask=mask)


def valid_box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a grid (H, W) that hold its valid cells: outside of them there is nothing to compute.

    Of the United Kingdom's 112 x 82 cells of 12 km, for instance, land lies within 102 x 57.
    """
    spans = []
    for axis in (1, 0):
        some = np.flatnonzero(mask.any(axis=axis))
        spans.append(slice(int(some[0]) // ALIGNED * ALIGNED, int(some[-1]) + 1) if len(some) else slice(None))
    return spans[0], spans[1]


def padded(maps: Tensor, factor: int, value: float = 0.0) -> Tensor:
    """Maps (..., H, W) with rows and columns of ``value`` at the end, to whole blocks of ``factor`` cells."""
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


def cells_per_coarse_cell(geometry: Geometry) -> float:
    """Side of a coarse cell [fine cells], however the grids are rotated: at least 1, at most the side of the grid."""
    positions = np.stack([geometry.row.numpy(), geometry.column.numpy()])
    steps = [float(np.median(np.hypot(*np.diff(positions, axis=axis)))) for axis in (1, 2) if positions.shape[axis] > 1]
    largest = max(geometry.fine)
    side = 1 / max(float(np.prod(steps)) ** (1 / max(1, len(steps))), 1 / largest)
    return max(1.0, side)


def at_blocks(coarse: Tensor, points: Tensor) -> Tensor:
    """Maps on the coarse grid interpolated to ``sampling_points``: (N, C, H_lr, W_lr) -> (N, C, h, w) float32."""
    return F.grid_sample(
        coarse.float(),
        points.expand(len(coarse), -1, -1, -1),
        mode="bilinear",
        padding_mode="border",
        align_corners=True,
    )
