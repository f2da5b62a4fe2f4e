"""The hierarchical cVAE: latents on the grid at several scales, each with a learned prior.

Ladder of Sonderby et al. (2016, arXiv:1602.02282), residual posteriors of Vahdat and Kautz (2020,
arXiv:2007.03898). Every level lies on a grid twice as fine as the one before: of three levels the first has blocks of
8 x 8 fine cells, the second of 4 x 4, the third of 2 x 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.models.amounts_curve import AmountsCurve
from rainsmith.models.blocks import ResidualBlock, small_head
from rainsmith.models.generative_kinds.hierarchical import HierarchicalSettings
from rainsmith.models.geometry import Geometry, padded, pooled_maps, sampling_points
from rainsmith.models.hierarchical.block_kernel import kernel_of_blocks
from rainsmith.models.hierarchical.coarse_window import coarse_window, interpolated, wider
from rainsmith.models.hierarchical.layout import by_day, for_each_field, members_first, plus_days, repeated
from rainsmith.models.hierarchical.posterior import LevelPosterior, bounded_posterior, smooth_clamp
from rainsmith.models.hierarchical.windows import (
    BLOCK_REACH,
    Windows,
    in_blocks,
    in_cells,
    spread,
    tiles,
    twice_as_fine,
    windows_for,
)
from rainsmith.models.patch import Window, cut, whole

PRIOR_LOG_STD = (-1.5, 1.0)
"""Bounds of the prior's log standard deviation."""
FINE_CHANNELS = 8
"""Channels before the last convolution, on the fine grid."""


class HierarchicalCVAE(nn.Module):
    """cVAE with a ladder of gridded latents; all maps normalised.

    Args:
        settings: levels, channels and latent channels, coarse to fine.
        n_predictors: channels of x.
        geometry: grids and static maps.
    """

    share: Tensor
    maps_fine: Tensor

    def __init__(self, settings: HierarchicalSettings, n_predictors: int, geometry: Geometry) -> None:
        super().__init__()
        self.settings = settings
        self.fine, self._coarse = geometry.fine, geometry.coarse
        widths, latents, dropout = settings.channels, settings.latent_channels, settings.dropout
        self.factors = [settings.finest * 2 ** (settings.levels - 1 - level) for level in range(settings.levels)]
        self.sizes = [(math.ceil(self.fine[0] / f), math.ceil(self.fine[1] / f)) for f in self.factors]
        for level, factor in enumerate(self.factors):
            self.register_buffer(f"maps_{level}", pooled_maps(geometry, factor), persistent=False)
            self.register_buffer(f"at_{level}", sampling_points(geometry, factor), persistent=False)
        self.register_buffer("maps_fine", pooled_maps(geometry, 1), persistent=False)
        self.register_buffer("share", geometry.share[None, None].float(), persistent=False)
        n_maps = geometry.maps.shape[0] + 1

        # encoder of x, on the coarse grid; dropout here is the same for all members of a day, so that it regularises
        # without adding spread that sampling would lack
        self.x_first = nn.Conv2d(n_predictors + 1, widths[0], 3, padding=1)
        self.x_blocks = nn.Sequential(*(ResidualBlock(widths[0], dropout) for _ in range(settings.x_blocks)))
        self.x_dropout = nn.Dropout2d(dropout)
        # encoder of y, fine to coarse
        cells = settings.finest**2  # of a block of the finest level
        self.y_first = nn.Conv2d(cells * (2 + geometry.maps.shape[0]), widths[-1], 3, padding=1)
        self.y_blocks = nn.ModuleList(ResidualBlock(width) for width in widths)
        self.y_down = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        # the ladder, coarse to fine
        self.from_x = nn.ModuleList(nn.Conv2d(widths[0], width, 1) for width in widths)
        self.from_maps = nn.ModuleList(nn.Conv2d(n_maps, width, 1) for width in widths)
        self.places = nn.ParameterList(
            torch.zeros(1, width, *size) for width, size in zip(widths, self.sizes, strict=True)
        )
        # what members share may be worked out once a day instead of once a member
        self.shared = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(settings.shared_blocks)))
            for width in (widths if settings.shared_blocks else [])
        )
        self.shared_up = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(widths) if settings.shared_blocks)
        self.up = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(widths))
        self.first = ResidualBlock(widths[0])
        self.blocks = nn.ModuleList(ResidualBlock(width) for width in widths)
        self.prior = nn.ModuleList(small_head(w, 2 * c) for w, c in zip(widths, latents, strict=True))
        self.from_h = nn.ModuleList(nn.Conv2d(width, width, 1) for width in widths)
        self.from_y = nn.ModuleList(nn.Conv2d(width, width, 1) for width in widths)
        self.posterior = nn.ModuleList(small_head(w, 2 * c) for w, c in zip(widths, latents, strict=True))
        self.from_z = nn.ModuleList(nn.Conv2d(c, w, 1) for w, c in zip(widths, latents, strict=True))
        # to the fine grid
        self.to_fine = nn.Conv2d(widths[-1], cells * FINE_CHANNELS, 1)
        self.fine_maps = nn.Conv2d(n_maps, FINE_CHANNELS, 1)
        self.last = nn.Conv2d(FINE_CHANNELS, 1, 3, padding=1)
        # of the amounts in mm/day; train/calibration.py sets it before every validation
        self.curve = AmountsCurve()

    @torch.no_grad()
    def start_calmly(self) -> None:
        """Small weights and a bias of one standard deviation at the end: much the same rain everywhere.

        Amounts are exponential in the output; with weights of the usual size the first members hold hundreds of mm.
        """
        assert self.last.bias is not None
        self.last.weight.mul_(0.1)
        nn.init.ones_(self.last.bias)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        """Shape of the noise of one member, one entry for each latent level, coarse to fine."""
        return [(c, *size) for c, size in zip(self.settings.latent_channels, self.sizes, strict=True)]

    def windows(self, part: Window) -> Windows:
        """What a part of the fine grid needs of every level."""
        return windows_for(part, self.sizes, self.settings.finest, self.settings.shared_blocks)

    def seen_from(self, part: Window) -> Window:
        """The fine cells that the posterior of a part sees: those of its finest level, to whole coarsest blocks."""
        finest, coarsest = self.settings.finest, self.factors[0]
        blocks = in_blocks(in_cells(self.windows(part).worked[-1], finest, self.fine), coarsest, self.sizes[0])
        return in_cells(blocks, coarsest, self.fine)

    def coarse(self, windows: Windows) -> Window:
        """The coarse cells that a part of the fine grid needs."""
        return coarse_window((self._points(*at) for at in enumerate(windows.worked_days)), self._coarse)

    def encode_x(self, x: Tensor, at: Window | None = None) -> Tensor:
        """Features of standardised predictors (N, C, H_lr, W_lr) at coarse cells, (N, width, h, w); None for all."""
        at = at or whole(self._coarse)
        read = wider(at, 1 + BLOCK_REACH * self.settings.x_blocks, self._coarse)
        share = cut(self.share, read).expand(len(x), -1, -1, -1).to(x.dtype)
        features = self.x_blocks(self.x_first(torch.cat([cut(x, read), share], dim=1)))
        return self.x_dropout(cut(features, at, read))

    def conditions(self, features: Tensor, windows: Windows, at: Window | None = None) -> list[Tensor]:
        """What members of a day share, from ``encode_x``: (N, width, h, w) on ``windows.right_days`` of every level."""
        conditions: list[Tensor] = []
        for level, (right, worked) in enumerate(zip(windows.right_days, windows.worked_days, strict=True)):
            # a 1x1 convolution commutes with the interpolation, and there are fewer cells before it
            here = interpolated(self.from_x[level](features), self._points(level, worked), at, self._coarse)
            maps, places = cut(getattr(self, f"maps_{level}"), worked), cut(self.places[level], worked)
            known = here + (self.from_maps[level](maps) + places)
            known = known.to(features.dtype).contiguous(memory_format=torch.channels_last)
            if self.shared:
                if level > 0:
                    coarser = self.shared_up[level - 1](conditions[-1])
                    known = known + twice_as_fine(coarser, windows.right_days[level - 1], worked)
                known = cut(self.shared[level](known), right, worked)
            conditions.append(known)
        return conditions

    def _points(self, level: int, window: Window) -> Tensor:
        """Where the blocks of a window lie in the coarse grid, (1, h, w, 2)."""
        return cut(getattr(self, f"at_{level}").movedim(-1, 1), window).movedim(1, -1)

    def encode_y(self, y: Tensor, valid: Tensor, seen: Window | None = None) -> list[Tensor]:
        """Features of normalised y and validity, (N, 1, H, W) each, on the grid of every level, coarse to fine.

        Args:
            y: of the whole grid, or of the fine cells that are ``seen``.
            valid: the same.
            seen: rows and columns that begin at blocks of the coarsest level; None stands for the whole grid.
        """
        maps = cut(self.maps_fine[:, :-1], seen or whole(self.fine)).expand(len(y), -1, -1, -1)
        side = self.settings.finest
        h = F.pixel_unshuffle(padded(torch.cat([y, valid.to(y.dtype), maps], dim=1), side), side)
        h = self.y_blocks[-1](self.y_first(h.contiguous(memory_format=torch.channels_last)))
        features = [h]
        for level in reversed(range(self.settings.levels - 1)):
            h = self.y_blocks[level](self.y_down[level](F.avg_pool2d(h, 2, ceil_mode=True)))
            features.insert(0, h)
        return features

    def decode(
        self,
        conditions: Sequence[Tensor],
        windows: Windows,
        noise: Sequence[Tensor],
        evidence: Sequence[Tensor] = (),
        variation: Tensor | None = None,
        seen: Window | None = None,
    ) -> tuple[Tensor, list[LevelPosterior]]:
        """Members of every day in a part of the fine grid.

        Args:
            conditions: of ``conditions`` for the same windows.
            windows: the part, and what is worked out for it at each level.
            noise: one entry a level, (N, K, c, h, w) on ``windows.worked``, standard normal.
            evidence: of ``encode_y``; empty where all members come from the prior.
            variation: (N, P, L), P <= K: how far the latents of the first P members are on their way from the
                posterior (0) to the prior (1), by level; the others come from the prior.
            seen: the fine cells of ``evidence``; None stands for the whole grid.

        Returns:
            (N, K, H, W) of the part, normalised and before any bound, and the posterior of the first P members at each
            level, on ``windows.worked``.
        """
        # inside, members come before days, (K * N, c, h, w): the first P of every day are a slice, nothing is copied
        members = noise[0].shape[1]
        first = 0 if variation is None else variation.shape[1]
        posteriors = []
        h = repeated(cut(self.first(conditions[0]), windows.worked[0], windows.right_days[0]), members)
        for level, worked in enumerate(windows.worked):
            if level > 0:
                coarser = self.up[level - 1](cut(h, windows.right[level - 1], windows.worked[level - 1]))
                shared = cut(conditions[level], worked, windows.right_days[level])
                h = plus_days(twice_as_fine(coarser, windows.right[level - 1], worked), shared)
            mean, log_std = by_day(self.prior[level](h).float(), members).chunk(2, dim=2)
            u = noise[level]
            if first:
                assert variation is not None
                blocks = in_blocks(seen or whole(self.fine), self.factors[level], self.sizes[level])
                both = plus_days(
                    self.from_h[level](h[: first * len(u)]), self.from_y[level](spread(evidence[level], blocks, worked))
                )
                posterior = bounded_posterior(by_day(self.posterior[level](F.silu(both)).float(), first))
                posteriors.append(posterior.where_seen(blocks, worked))
                mixed = posteriors[-1].towards_prior(variation[:, :, level, None, None, None])
                u = torch.cat([mixed.shift + mixed.ratio * u[:, :first], u[:, first:]], dim=1)
            z = mean + torch.exp(smooth_clamp(log_std, *PRIOR_LOG_STD)) * u
            h = self.blocks[level](h + self.from_z[level](members_first(z.to(h.dtype))))
        return by_day(self._field(cut(h, windows.right[-1], windows.worked[-1]), windows), members), posteriors

    def _field(self, h: Tensor, windows: Windows) -> Tensor:
        """(K * N, c, h, w) on ``windows.right`` of the finest level to (K * N, H, W) of the part.

        Blocks of ``finest`` cells stay channels until the end: the last convolution runs on the coarser grid, with the
        kernel that does the same. Continued edges repeat the outermost blocks.
        """
        side = self.settings.finest
        around = in_cells(windows.right[-1], side, self.fine)
        maps = F.pixel_unshuffle(padded(self.fine_maps(cut(self.maps_fine, around)), side), side)
        h = F.silu(self.to_fine(h) + for_each_field(maps, len(h)))
        assert self.last.bias is not None
        kernel, bias = kernel_of_blocks(self.last.weight, side), self.last.bias.expand(side**2)
        beyond = 1
        if self.settings.edges == "continued":
            h, beyond = F.pad(h, (1, 1, 1, 1), mode="replicate"), 0
        if self.training:
            fields = F.conv2d(h, kernel, bias, padding=beyond)
        else:
            with torch.autocast(h.device.type, enabled=False):  # bf16 would round the amounts to steps of one per cent
                fields = F.conv2d(h.float(), kernel.float(), bias, padding=beyond)
        return cut(F.pixel_shuffle(fields.float(), side)[:, 0], windows.part, around)

    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        *,
        temperature: float = 1.0,
        keep_levels: int | None = None,
        variation: float = 1.0,
        tile: int | None = None,
    ) -> Tensor:
        """Members in normalised units: from the prior, or variations of ``y`` where it is given.

        Args:
            x: (N, C, H_lr, W_lr) standardised predictors.
            noise: one entry a level, (N, K, c, h, w), standard normal.
            y: (N, 1, H, W) normalised observation, or None for prior mode.
            valid: (N, 1, H, W), where ``y`` is observed.
            temperature: factor of the noise.
            keep_levels: the coarsest levels that stay with the posterior; None keeps all.
            variation: how far the other levels go from the posterior (0) to the prior (1).
            tile: [fine cells] side of the squares that are worked out one after another, to save memory, as ``tiles``
                has it; the fields are the same.

        Returns:
            (N, K, H, W), normalised; 0 in tiles without a valid cell.
        """
        features = self.encode_x(x)
        scaled = [level * temperature for level in noise]
        evidence: list[Tensor] = []
        mix = None
        if y is not None and valid is not None:
            evidence = self.encode_y(y, valid)
            kept = self.settings.levels if keep_levels is None else keep_levels
            by_level = torch.tensor([0.0 if level < kept else variation for level in range(self.settings.levels)])
            mix = by_level.to(y.device).expand(*noise[0].shape[:2], -1)
        fields = torch.zeros(*noise[0].shape[:2], *self.fine, device=x.device)
        for part in tiles(self.fine, tile):
            if bool(cut(self.maps_fine[0, -1], part).any()):  # the share of valid cells
                windows = self.windows(part)
                conditions = self.conditions(features, windows)
                own = [cut(level, worked) for level, worked in zip(scaled, windows.worked, strict=True)]
                cut(fields, part).copy_(self.decode(conditions, windows, own, evidence, mix)[0])
        return fields
