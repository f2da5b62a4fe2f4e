"""Conservation of mass: block means of the members become the coarse rain of the input."""

from __future__ import annotations

import math
from copy import copy
from typing import Literal

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.base.dims import CHANNEL
from rainsmith.models.cells import bilinear_weights, block_sums

SMOOTH_ROUNDS = 6
"""Number of smooth corrections before the blocks are made equal; each removes most of the remaining difference."""
LOG_RATIO = 3.0
"""Bound of the logarithm of one correction in training, and of the smooth ones in sampling."""
DRY_MM = 1e-3
"""[mm/day] A block mean below this has no pattern to scale."""


class MassConservation(nn.Module):
    """Multiplies members so that their means over the valid cells of each coarse cell equal the input's rain.

    Members are first multiplied by ratios that are interpolated between coarse cells, so that no block edge shows, then
    (``hard``) by the ratio that remains in each block. A block with rain in the input and none in the member gets it in
    proportion to the climatology of its cells.

    Args:
        kind: soft (smooth ratios only) | hard.
        channel: number of the channel of x that holds the coarse rain of the day [mm/day].
        block: (cells,) number of the coarse cell that holds each valid cell.
        row, column: (cells,) position of each valid cell in the coarse grid [coarse cells].
        climatology: (cells,) training mean [mm/day].
        coarse: (H_lr, W_lr).
    """

    block: Tensor
    corners: Tensor
    weights: Tensor
    climatology: Tensor

    def __init__(
        self,
        kind: Literal["soft", "hard"],
        channel: int,
        *,
        block: np.ndarray,
        row: np.ndarray,
        column: np.ndarray,
        climatology: np.ndarray,
        coarse: tuple[int, int],
    ) -> None:
        super().__init__()
        self.kind, self.channel, self.blocks = kind, channel, coarse[0] * coarse[1]
        corners, weights = bilinear_weights(row, column, coarse)
        self.register_buffer("block", torch.from_numpy(np.asarray(block, dtype=np.int64)), persistent=False)
        self.register_buffer("corners", torch.from_numpy(corners), persistent=False)
        self.register_buffer("weights", torch.from_numpy(weights), persistent=False)
        known = torch.from_numpy(np.nan_to_num(np.asarray(climatology, dtype=np.float32)))
        self.register_buffer("climatology", known.clamp_min(DRY_MM), persistent=False)

    @classmethod
    def from_domain(cls, kind: Literal["auto", "none", "soft", "hard"], domain: xr.Dataset) -> MassConservation | None:
        """Conservation of the coarse rain that ``domain`` names; None where there is none, or none is to be conserved.

        ``auto`` conserves block means of the target exactly, and leaves rain of another origin alone.
        """
        name = str(domain.attrs.get("coarse_rain_channel", ""))
        if kind == "auto":
            kind = "hard" if int(domain.attrs.get("coarsen", 0)) else "none"
        if kind == "none" or not name:
            return None
        mask = domain["mask"].values
        return cls(
            kind,
            [str(c) for c in domain[CHANNEL].values].index(name),
            block=domain["block"].values[mask],
            row=domain["coarse_row"].values[mask],
            column=domain["coarse_col"].values[mask],
            climatology=domain["climatology"].values[mask],
            coarse=(domain.sizes["y_lr"], domain.sizes["x_lr"]),
        )

    def at(self, cells: np.ndarray) -> MassConservation:
        """The same on some of the valid cells, whose coarse cells must be whole."""
        some = copy(self)
        some._buffers = dict(self._buffers)
        places = torch.from_numpy(cells).to(self.block.device)
        some.block, some.climatology = self.block[places], self.climatology[places]
        some.corners, some.weights = self.corners[:, places], self.weights[:, places]
        return some

    def forward(self, members: Tensor, x: Tensor, valid: Tensor | None = None, *, exact: bool = False) -> Tensor:
        """Members with the input's mass.

        Args:
            members: (N, K, cells) [mm/day]; values below 0 count as 0 in the means and keep their sign.
            x: (N, C, H_lr, W_lr) raw predictors.
            valid: (N, cells) bool where only some cells are valid that day, else None.
            exact: without bounds on the ratio, and dry blocks filled, as sampling wants; training does not.
        """
        per_day = members.shape[1]
        # inside, cells come first, (cells, N * K): whole rows are picked and added up
        now = members.flatten(0, 1).t().contiguous()
        wanted = x[:, self.channel].flatten(1).t().repeat_interleave(per_day, dim=1)
        weight = None if valid is None else valid.float().t().repeat_interleave(per_day, dim=1)
        count = self._sums(now.new_ones(len(now), 1) if weight is None else weight)
        usable = torch.isfinite(wanted) & (count > 0)
        wanted = torch.nan_to_num(wanted).clamp_min(0.0)

        def means(now: Tensor) -> Tensor:
            positive = now.clamp_min(0.0)
            return self._sums(positive if weight is None else positive * weight) / count.clamp_min(1.0)

        def ratio(now: Tensor) -> Tensor:
            return torch.where(usable, wanted / means(now).clamp_min(DRY_MM), 1.0)

        for _ in range(SMOOTH_ROUNDS):
            logs = ratio(now).clamp_min(1e-4).log().clamp(-LOG_RATIO, LOG_RATIO)
            now = now * self._smooth(logs).exp()
        if self.kind == "hard":
            if exact:
                dry = (means(now) < DRY_MM) & (wanted > 0) & usable
                now = torch.where(dry.index_select(0, self.block), self.climatology[:, None], now)
                now = now * ratio(now).index_select(0, self.block)
            else:
                now = now * ratio(now).clamp_max(math.exp(LOG_RATIO)).index_select(0, self.block)
        return now.t().view_as(members)

    def _sums(self, values: Tensor) -> Tensor:
        return block_sums(values, self.block, self.blocks)

    def _smooth(self, blocks: Tensor) -> Tensor:
        """Values of blocks (blocks, n), interpolated between their centres to the cells (cells, n)."""
        around = (blocks.index_select(0, self.corners[i]) * self.weights[i, :, None] for i in range(4))
        return sum(around)  # type: ignore[return-value]
