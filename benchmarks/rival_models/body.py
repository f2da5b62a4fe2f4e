"""The network that the rivals share: a U-Net on blocks of 2 x 2 fine cells that reads predictors, maps and fine fields.

Ronneberger et al. (2015, arXiv:1505.04597), with residual blocks that have no norm, as in the default model. The
predictors pass residual blocks on their own grid and are interpolated to every level once a day, for all members and
all steps of a sampler together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.models.blocks import ResidualBlock, channels_last
from rainsmith.models.geometry import Geometry, at_blocks, padded, pooled_maps, sampling_points
from rainsmith.models.hierarchical.layout import for_each_field, plus_days

SIDES = (2, 4, 8, 16)
"""[fine cells] Sides of the blocks of the levels, fine to coarse."""
WIDTHS = (32, 48, 64, 64)
"""Channels of the levels, fine to coarse."""
X_BLOCKS = 3
"""Residual blocks on the grid of the predictors, as in the default model."""
FINE_CHANNELS = 8
"""Channels before the last convolution, on the fine grid."""
FREQUENCIES = 16
"""Sines, and as many cosines, that describe a noise level or a time."""


class Body(nn.Module):
    """Fields of members from predictors, fine input fields, a level of noise and noise maps; all normalised.

    Members come before days, (K * N, ...), as in ``rainsmith.models.hierarchical.layout``.

    Args:
        predictors: channels of x.
        geometry: both grids and the static maps, within the box of valid cells.
        inputs: fine fields that each member reads, such as a noisy field.
        levelled: whether each member reads a level of noise or a time.
        noise: noise maps that each level adds, 0 for none.
        dropout: share of the channels of the predictors that is dropped in training.
    """

    share: Tensor
    maps_fine: Tensor
    frequencies: Tensor

    def __init__(
        self,
        predictors: int,
        geometry: Geometry,
        *,
        inputs: int = 0,
        levelled: bool = False,
        noise: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.fine, self.inputs, self.noise = geometry.fine, inputs, noise
        self.sizes = [(math.ceil(self.fine[0] / side), math.ceil(self.fine[1] / side)) for side in SIDES]
        for level, side in enumerate(SIDES):
            self.register_buffer(f"maps_{level}", pooled_maps(geometry, side), persistent=False)
            self.register_buffer(f"at_{level}", sampling_points(geometry, side), persistent=False)
        self.register_buffer("maps_fine", pooled_maps(geometry, 1), persistent=False)
        self.register_buffer("share", geometry.share[None, None].float(), persistent=False)
        self.register_buffer("frequencies", 2 ** torch.linspace(-2, 3, FREQUENCIES), persistent=False)
        maps = self.maps_fine.shape[1]
        embedded = 2 * FREQUENCIES if levelled else 0
        # predictors, once a day
        self.x_first = nn.Conv2d(predictors + 1, WIDTHS[-1], 3, padding=1)
        self.x_blocks = nn.Sequential(*(ResidualBlock(WIDTHS[-1], dropout) for _ in range(X_BLOCKS)))
        self.x_dropout = nn.Dropout2d(dropout)
        self.from_x = nn.ModuleList(nn.Conv2d(WIDTHS[-1], width, 1) for width in WIDTHS)
        self.from_maps = nn.ModuleList(nn.Conv2d(maps, width, 1) for width in WIDTHS)
        self.places = nn.ParameterList(
            torch.zeros(1, width, *size) for width, size in zip(WIDTHS, self.sizes, strict=True)
        )
        # down and up, once a member and step
        cells = SIDES[0] ** 2
        if inputs:
            self.first = nn.Conv2d(inputs * cells, WIDTHS[0], 3, padding=1)
        self.down = nn.ModuleList(_Block(width, embedded) for width in WIDTHS)
        self.to_coarser = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(WIDTHS))
        self.to_finer = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(WIDTHS))
        self.up = nn.ModuleList(_Block(width, embedded) for width in WIDTHS)
        if noise:
            self.noise_down = nn.ModuleList(nn.Conv2d(noise, width, 1) for width in WIDTHS)
            self.noise_up = nn.ModuleList(nn.Conv2d(noise, width, 1) for width in WIDTHS)
        # to the fine cells
        self.to_fine = nn.Conv2d(WIDTHS[0], cells * FINE_CHANNELS, 1)
        self.fine_maps = nn.Conv2d(maps, FINE_CHANNELS, 1)
        self.last = nn.Conv2d(FINE_CHANNELS + inputs, 1, 3, padding=1)
        channels_last(self)

    @property
    def noise_shapes(self) -> list[tuple[int, ...]]:
        """Shape of the noise maps of one member, one entry a level; those of the way down and of the way up."""
        return [(2 * self.noise, *size) for size in self.sizes]

    def encode(self, x: Tensor) -> list[Tensor]:
        """What all members of a day share: (N, C, H_lr, W_lr) standardised to (N, width, h, w) of every level."""
        share = self.share.expand(len(x), -1, -1, -1).to(x.dtype)
        features = self.x_dropout(self.x_blocks(self.x_first(torch.cat([x, share], dim=1))))
        days = []
        for level in range(len(SIDES)):
            here = at_blocks(self.from_x[level](features), getattr(self, f"at_{level}"))
            place = self.from_maps[level](getattr(self, f"maps_{level}")) + self.places[level]
            days.append((here + place).to(features.dtype).contiguous(memory_format=torch.channels_last))
        return days

    def forward(
        self,
        days: Sequence[Tensor],
        fields: Tensor | None = None,
        level: Tensor | None = None,
        noise: Sequence[Tensor] = (),
    ) -> Tensor:
        """Fields of members.

        Args:
            days: of ``encode``.
            fields: (K * N, inputs, H, W), or None where the network reads none; K is then 1 or that of the noise.
            level: (K * N,) a number of about unit size that says how noisy the fields are, or the time.
            noise: one entry a level, (K * N, 2 noise, h, w), standard normal.

        Returns:
            (K * N, H, W) float32.
        """
        described = None if level is None else self._described(level)
        count = len(days[0]) if fields is None and not noise else len(noise[0] if fields is None else fields)
        h = days[0].new_zeros(count, WIDTHS[0], *self.sizes[0])
        if fields is not None:
            h = self.first(F.pixel_unshuffle(padded(fields, SIDES[0]), SIDES[0]))
        kept = []
        for i, block in enumerate(self.down):
            h = plus_days(h, days[i].to(h.dtype))
            if noise:
                h = h + self.noise_down[i](noise[i][:, : self.noise])
            h = block(h.contiguous(memory_format=torch.channels_last), described)
            kept.append(h)
            if i + 1 < len(SIDES):
                h = F.avg_pool2d(self.to_coarser[i](h), 2, ceil_mode=True)
        for i in reversed(range(len(SIDES))):
            if i + 1 < len(SIDES):
                h = kept[i] + _twice_as_fine(self.to_finer[i](h), self.sizes[i])
            if noise:
                h = h + self.noise_up[i](noise[i][:, self.noise :])
            h = self.up[i](h, described)
        return self._fine(h, fields)

    def _fine(self, h: Tensor, fields: Tensor | None) -> Tensor:
        """(K * N, c, h, w) of the finest level and the fine input fields to (K * N, H, W)."""
        fine = F.pixel_shuffle(self.to_fine(h), SIDES[0])[..., : self.fine[0], : self.fine[1]]
        fine = F.silu(fine + for_each_field(self.fine_maps(self.maps_fine), len(fine)))
        with torch.autocast(h.device.type, enabled=False):  # bf16 would round the amounts to steps of one per cent
            both = fine.float() if fields is None else torch.cat([fine.float(), fields.float()], dim=1)
            out: Tensor = self.last(both)[:, 0]
        return out

    def _described(self, level: Tensor) -> Tensor:
        """Sines and cosines of a level (M,): (M, 2 FREQUENCIES)."""
        angle = level[:, None] * self.frequencies
        return torch.cat([angle.sin(), angle.cos()], dim=1)


class _Block(nn.Module):
    """A residual block that a level of noise may scale and shift between its convolutions; at first the identity.

    Perez et al. (2018, arXiv:1709.07871).
    """

    def __init__(self, channels: int, embedded: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        nn.init.zeros_(self.convs[1].weight)  # type: ignore[arg-type]
        if embedded:
            self.film = nn.Sequential(nn.Linear(embedded, channels), nn.SiLU(), nn.Linear(channels, 2 * channels))

    def forward(self, h: Tensor, described: Tensor | None) -> Tensor:
        inner = self.convs[0](F.silu(h))
        if described is not None:
            scale, shift = self.film(described)[..., None, None].chunk(2, dim=1)
            inner = inner * (1 + scale) + shift
        return h + self.convs[1](F.silu(inner))


def _twice_as_fine(h: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, and cut to a grid that is not a whole number of blocks."""
    return F.interpolate(h, scale_factor=2.0, mode="bilinear")[..., : size[0], : size[1]]
