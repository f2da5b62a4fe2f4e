"""Residual diffusion: a mean first, then a diffusion of what it leaves.

The recipe of CorrDiff (Mardani et al. 2025, doi:10.1038/s43247-025-02042-5, arXiv:2309.15214): a network is trained on
the mean square error of the transformed rain; a second one, which also reads that mean, denoises the residual. Noise
levels, preconditioning, weights and the deterministic sampler of second order are those of EDM (Karras et al. 2022,
arXiv:2206.00364, table 1 and algorithm 1), with the residual scaled to a standard deviation of 1 in place of 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from rainsmith.data.dataset import Days
from rainsmith.models.hierarchical.layout import by_day, members_first, repeated
from rival_models.body import Body
from rival_models.model import Problem, Rival, RivalModel
from rival_models.training import train_within

LOG_SIGMA = (0.7, 1.2)
"""Mean and standard deviation of log sigma in training. EDM has a mean of -0.5 in these units; neighbouring cells of
rain go together, so that weak noise hides nothing of a field, and more of the steps are spent on strong noise."""
SIGMAS = (0.004, 160.0)
"""Lowest and highest sigma of the sampler: 0.002 and 80 for a standard deviation of 0.5."""
RHO, STEPS = 7.0, 18
"""Spacing and number of the sampler's steps; each but the last takes two evaluations of the network."""
SCALED_ON = 256
"""[days] Training days from which the standard deviation of the residual is computed."""


class ResidualDiffusion(RivalModel):
    """Two networks: ``mean`` of the transformed rain, and ``residual``, the denoiser of what the mean leaves."""

    stages: ClassVar[Mapping[str, float]] = {"mean": 0.3, "residual": 0.7}
    spread: Tensor  # () standard deviation of the residual of the transformed rain

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        predictors = problem.domain.sizes["channel"]
        self.network = nn.ModuleDict(
            {
                "mean": Body(predictors, self.geometry, dropout=self.dropout),
                "residual": Body(predictors, self.geometry, inputs=2, levelled=True, dropout=self.dropout),
            }
        )
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("inside", self.geometry.mask.float(), persistent=False)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return [(1, *self.geometry.fine)]

    def part(self, stage: str) -> nn.Module:
        return self.network[stage]

    @torch.no_grad()
    def begin(self, stage: str) -> None:
        super().begin(stage)
        if stage != "residual":
            return
        days = Days(self.problem.training, in_memory=True)
        batch = days.batch(np.unique(np.linspace(0, len(days) - 1, SCALED_ON).astype(int)))
        y, valid = batch.y[..., *self.box], batch.valid[..., *self.box]
        residual = self.normalised(y, valid)[:, 0] - self._mean(batch.x)
        self.spread.copy_(self.mean_at_cells(residual.square(), valid).sqrt().clamp_min(1e-3))

    def loss(self, x: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        z = self.normalised(y, valid)[:, 0]
        if self.stage == "mean":
            body = self.network["mean"]
            return self.mean_at_cells((body(body.encode(self.standardise(x))) - z).square(), valid)
        mean = self._mean(x)
        clean = torch.where(valid, (z - mean) / self.spread, 0.0)
        sigma = torch.exp(LOG_SIGMA[0] + LOG_SIGMA[1] * torch.randn(len(x), 1, 1))
        noisy = clean + sigma * torch.randn_like(clean)
        skip, out, scale, level = _preconditioning(sigma)
        wanted = (clean - skip * noisy) / out  # its weight is 1: EDM's loss weight times the square of ``out``
        body = self.network["residual"]
        fields = torch.stack([scale * noisy, mean], dim=1)
        predicted = body(body.encode(self.standardise(x)), fields, level.flatten())
        return self.mean_at_cells((predicted - wanted).square(), valid)

    def amounts(self, x: Tensor, noise: Sequence[Tensor]) -> Tensor:
        members, mean = noise[0].shape[1], self._mean(x)
        body = self.network["residual"]
        days, of_members = body.encode(self.standardise(x)), repeated(mean[:, None], members)[:, 0]

        def denoised(field: Tensor, sigma: Tensor) -> Tensor:
            skip, out, scale, level = _preconditioning(sigma)
            fields = torch.stack([scale * field, of_members], dim=1)
            return (skip * field + out * body(days, fields, level.expand(len(field)))) * self.inside

        residual = self._sampled(denoised, members_first(noise[0])[:, 0])
        fields = by_day(of_members + self.spread * residual, members)
        return self.to_mm(self.at_cells(fields))

    def _sampled(self, denoised: Callable[[Tensor, Tensor], Tensor], noise: Tensor) -> Tensor:
        """Algorithm 1 of Karras et al. (2022) without churn: residuals (K * N, h, w) from standard normal noise."""
        low, high = (sigma ** (1 / RHO) for sigma in SIGMAS)
        sigmas = [*((high + torch.arange(STEPS) / (STEPS - 1) * (low - high)) ** RHO), torch.zeros(())]
        field = sigmas[0] * noise
        for now, then in pairwise(sigmas):
            slope = (field - denoised(field, now)) / now
            ahead = field + (then - now) * slope
            if then > 0:
                slope = (slope + (ahead - denoised(ahead, then)) / then) / 2
                ahead = field + (then - now) * slope
            field = ahead
        return field

    @torch.no_grad()
    def _mean(self, x: Tensor) -> Tensor:
        """The mean of the transformed rain (N, h, w), without dropout."""
        body = self.network["mean"]
        body.eval()
        mean: Tensor = body(body.encode(self.standardise(x)))
        return mean


def _preconditioning(sigma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """c_skip, c_out, c_in and c_noise of EDM for data of unit standard deviation."""
    total = sigma.square() + 1
    return 1 / total, sigma / total.sqrt(), 1 / total.sqrt(), sigma.log() / 4


RIVAL = Rival(
    name="diffusion",
    title="residual diffusion",
    source="Mardani et al. (2025); Karras et al. (2022)",
    lr=2e-3,
    build=ResidualDiffusion,
    train=train_within,
)
