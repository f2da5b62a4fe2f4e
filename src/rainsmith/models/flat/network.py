"""The reference's cVAE: one latent vector for the whole domain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.models.blocks import ConvBlock, UpBlock
from rainsmith.models.generative_kinds.flat import FlatSettings

SPATIAL_CHANNELS = 32
"""Channels of the spatial map that is injected into the decoder."""
INJECTED_BLOCKS = {"none": 0, "first": 1, "first-two": 2, "all": 3}
"""Number of the decoder's three blocks, from the first, that see the spatial map."""
LOGVAR_RANGE = (-10.0, 10.0)
"""The posterior's log variance is clamped to this range so that exp() stays finite."""


class Condition(NamedTuple):
    """What the decoder knows of the predictors: a vector (N, d_x) and a map (N, 32, y_lr, x_lr)."""

    vector: Tensor
    spatial: Tensor


class Posterior(NamedTuple):
    """q(z | x, y): mean and log variance, each (N, d_z)."""

    mu: Tensor
    logvar: Tensor

    def towards_prior(self, variation: float) -> Posterior:
        """The posterior (variation 0), N(0, I) (1), or a mixture of their draws in between.

        The mixture cos(t) u + sin(t) e of u from the posterior and e from the prior, t = variation pi / 2, is the same
        as that of ``hierarchical.posterior.LevelPosterior``.
        """
        cos, sin = math.cos(variation * math.pi / 2), math.sin(variation * math.pi / 2)
        variance = cos**2 * self.logvar.exp() + sin**2
        return Posterior(cos * self.mu, variance.log()) if variation > 0 else self

    def draw(self, noise: Tensor) -> Tensor:
        """z = mu + sigma * noise; ``noise`` is (N, d_z) or (N, K, d_z)."""
        mu, logvar = (self.mu[:, None], self.logvar[:, None]) if noise.ndim == 3 else (self.mu, self.logvar)
        return mu + torch.exp(0.5 * logvar) * noise


class FlatCVAE(nn.Module):
    """cVAE with an N(0, I) prior; all maps normalised.

    Args:
        settings: sizes and where the spatial map is injected.
        n_predictors: channels of x.
        n_statics: channels of s.
        fine: (H, W) of the predictand.
        coarse: (H_lr, W_lr) of the predictors.
        covered: share of the coarse grid's height and width that the fine grid covers (less than 1 where blocks of
            the target were padded).
    """

    def __init__(
        self,
        settings: FlatSettings,
        n_predictors: int,
        n_statics: int,
        fine: tuple[int, int],
        coarse: tuple[int, int],
        covered: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        super().__init__()
        base, d_x, d_z = settings.base_filters, settings.d_x, settings.d_z
        self.settings = settings
        self.fine = fine
        self.covered = covered
        # encoder of x
        self.x_first = nn.Conv2d(n_predictors, 32, 3, padding=1)
        self.x_second = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.x_vector = nn.Linear(64 * math.ceil(coarse[0] / 2) * math.ceil(coarse[1] / 2), d_x)
        # without injection nothing reads the map, and DDP refuses weights that nothing uses
        self.x_map = nn.Conv2d(32, SPATIAL_CHANNELS, 1) if settings.injection != "none" else nn.Identity()
        # encoder of (y, s)
        widths = [1 + n_statics, base, 2 * base, 4 * base, 8 * base]
        self.y_convs = nn.Sequential(
            *(ConvBlock(a, b, stride) for a, b, stride in zip(widths[:-1], widths[1:], (1, 2, 2, 2), strict=True))
        )
        self.y_vector = nn.Linear(8 * base * 64, settings.d_y)
        self.mu = nn.Linear(settings.d_y + d_x, d_z)
        self.logvar = nn.Linear(settings.d_y + d_x, d_z)
        # decoder
        sizes = [(math.ceil(fine[0] / f), math.ceil(fine[1] / f)) for f in (8, 4, 2, 1)]
        self.seed_shape = (8 * base, *sizes[0])
        self.seed = nn.Linear(d_z + d_x, math.prod(self.seed_shape))
        injected = INJECTED_BLOCKS[settings.injection]
        self.up = nn.ModuleList(
            UpBlock(c_in + (SPATIAL_CHANNELS if i < injected else 0), c_out, size)
            for i, (c_in, c_out, size) in enumerate(
                zip((8 * base, 4 * base, 2 * base), (4 * base, 2 * base, base), sizes[1:], strict=True)
            )
        )
        self.last = nn.Conv2d(base, 1, 3, padding=1)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        """Shape of the noise of one member: one entry, for the only latent level."""
        return [(self.settings.d_z,)]

    def encode_x(self, x: Tensor) -> Condition:
        """Condition on standardised predictors (N, C, H_lr, W_lr)."""
        first = F.relu(self.x_first(x))
        second = F.relu(self.x_second(first))
        return Condition(self.x_vector(second.flatten(1)), self.x_map(first))

    def posterior(self, condition: Condition, y: Tensor, statics: Tensor) -> Posterior:
        """q(z | x, y) from normalised y (N, 1, H, W) and standardised statics (S, H, W)."""
        both = torch.cat([y, statics.expand(len(y), -1, -1, -1)], dim=1)
        pooled = F.adaptive_avg_pool2d(self.y_convs(both), 8)
        h = torch.cat([self.y_vector(pooled.flatten(1)), condition.vector], dim=1)
        return Posterior(self.mu(h).float(), self.logvar(h).float().clamp(*LOGVAR_RANGE))

    def decode(self, z: Tensor, condition: Condition) -> Tensor:
        """Normalised fields from latents: (N, d_z) -> (N, H, W), or (N, K, d_z) -> (N, K, H, W).

        Members of a day share one pass of the encoder of x.
        """
        if z.ndim == 3:
            members = z.shape[1]
            repeated = Condition(*(part.repeat_interleave(members, dim=0) for part in condition))
            return self.decode(z.flatten(0, 1), repeated).reshape(len(z), members, *self.fine)
        vector, spatial = condition
        if self.training and self.settings.cond_dropout > 0:
            # vector and map of a day are dropped together, so that the decoder has z alone
            keep = (torch.rand(len(z), device=z.device) >= self.settings.cond_dropout).to(vector.dtype)
            vector, spatial = vector * keep[:, None], spatial * keep[:, None, None, None]
        h = self.seed(torch.cat([z.to(vector.dtype), vector], dim=1)).reshape(-1, *self.seed_shape)
        h = h.contiguous(memory_format=torch.channels_last)
        for i, block in enumerate(self.up):
            if i < INJECTED_BLOCKS[self.settings.injection]:
                h = torch.cat([h, self._resized(spatial, h.shape[-2], h.shape[-1]).to(h.dtype)], dim=1)
            h = block(h)
        with torch.autocast(h.device.type, enabled=False):  # bf16 would round the amounts to steps of one per cent
            field: Tensor = self.last(h.float())[:, 0]
        return field

    def _resized(self, spatial: Tensor, rows: int, columns: int) -> Tensor:
        """The spatial map on the part of the coarse grid that the fine grid covers, (N, 32, rows, columns)."""
        whole = [math.ceil(n / share - 1e-6) for n, share in zip((rows, columns), self.covered, strict=True)]
        return F.interpolate(spatial, size=whole, mode="bilinear", align_corners=False)[..., :rows, :columns]

    def draw(
        self,
        x: Tensor,
        statics: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        temperature: float = 1.0,
        variation: float = 0.0,
    ) -> Tensor:
        """Members in normalised units: from the prior, or from the posterior of ``y`` where it is given.

        Args:
            x: (N, C, H_lr, W_lr) standardised predictors.
            statics: (S, H, W) standardised static maps.
            noise: one entry, (N, K, d_z), standard normal.
            y: (N, 1, H, W) normalised observation, or None for prior mode.
            temperature: factor of the standard deviation of z.
            variation: posterior mode: how far z goes from the posterior (0) to the prior (1).

        Returns:
            (N, K, H, W), normalised.
        """
        condition = self.encode_x(x)
        scaled = noise[0] * temperature
        if y is None:
            return self.decode(scaled, condition)
        return self.decode(self.posterior(condition, y, statics).towards_prior(variation).draw(scaled), condition)
