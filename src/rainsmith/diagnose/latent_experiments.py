"""Draws for the same days with chosen noise: what the output follows, and what it does not."""

from __future__ import annotations

import copy

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rainsmith.data.dataset import Days
from rainsmith.models.generative import Drawing
from rainsmith.models.noise import member_noise
from rainsmith.models.precision import autocast
from rainsmith.sample.sampler import Sampler

_MEMBERS = 2


class LatentExperiments:
    """Draws of a model for some days; amounts are compared as log1p mm at valid cells.

    Args:
        sampler: of the checkpoint.
        days: a few dozen days of the store, not of the training split.

    Attributes:
        noise: standard normal noise of each latent level, (N, K, ...).
        other_noise: the same of another seed.
        y: (N, H, W) observed rain [mm/day].
        valid: (N, H, W) bool, where there is an observation.
    """

    def __init__(self, sampler: Sampler, days: xr.Dataset) -> None:
        self.sampler, self.model = sampler, copy.deepcopy(sampler.model)
        if self.model.curve is not None:  # it maps prior members alone, which would be taken for a work of the latents
            self.model.curve.reset()
        batch = Days(days, in_memory=True).batch(np.arange(days.sizes["time"]))
        self.x, self.y, self.valid = (part.to(sampler.device) for part in (batch.x, batch.y, batch.valid))
        shapes = self.model.latent_shapes
        self.noise, self.other_noise = (
            [part.to(sampler.device) for part in member_noise(seed, batch.days, range(_MEMBERS), shapes)]
            for seed in (0, 1)
        )

    @property
    def days(self) -> int:
        """Number of days."""
        return len(self.x)

    @property
    def observation(self) -> Tensor:
        """(N, 1, H, W) observed rain, log1p mm."""
        return torch.log1p(self.y)[:, None]

    def draw(self, noise: list[Tensor], y: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        """Members with this noise: of the prior, or of the posterior of ``y``.

        Returns:
            (N, K, H, W) log1p mm.
        """
        step = self.sampler.settings.batch_size
        parts = []
        with autocast(self.sampler.device, self.sampler.precision):
            for start in range(0, len(self.x), step):
                some = slice(start, start + step)
                given = (None, None) if y is None or valid is None else (y[some], valid[some])
                drawn = self.model.draw(self.x[some], [part[some] for part in noise], given[0], given[1], Drawing())
                parts.append(drawn)
        return torch.log1p(torch.cat(parts).float())

    def posterior_latents(self) -> list[np.ndarray]:
        """Draws from the posteriors of the days, (N, K, ...) a level, standardised by the prior."""
        with autocast(self.sampler.device, self.sampler.precision):
            drawn = self.model.posterior_latents(self.x, self.noise, self.y, self.valid)
        return [part.float().cpu().numpy() for part in drawn]

    def correlation(self, a: Tensor, b: Tensor) -> float:
        """Pearson correlation of two fields over all valid cells, members and days."""
        valid = self.valid[:, None].expand(-1, a.shape[1], -1, -1)
        pairs = torch.stack([part.expand_as(valid)[valid] for part in (a, b)]).double()
        return float(torch.corrcoef(pairs)[0, 1].nan_to_num())

    def rms_difference(self, a: Tensor, b: Tensor) -> float:
        """Root mean square difference of two fields over valid cells, members and days."""
        squared = (a - b).square() * self.valid[:, None]
        return float((squared.sum() / (self.valid.sum() * squared.shape[1])).sqrt())
