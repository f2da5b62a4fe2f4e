"""A network with injected noise that is trained on the fair CRPS of its members and on nothing else.

AIFS-CRPS (Lang et al. 2024, arXiv:2412.15832), FGN (Alet et al. 2025, arXiv:2506.10772) and EnScale (Schillinger et al.
2025, arXiv:2509.26258) are trained so: a few members of each day from noise, scored against the observation. Here the
noise is maps at every level of the U-Net, and the score is the default model's own score of prior members: fair CRPS of
cells, of block means and, where the configuration has them, of increments. What is left out against the default model
is its posterior, with reconstruction, KL divergence and mixed members.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from rainsmith.models.generative_kinds.hierarchical import Objective
from rainsmith.models.hierarchical.layout import by_day, members_first
from rainsmith.models.hierarchical.model import LEAK
from rainsmith.models.hierarchical.objective import EnsembleObjective
from rival_models.body import Body
from rival_models.model import Problem, Rival, RivalModel
from rival_models.training import train_within

NOISE = 2
"""Noise maps of each level on the way down, and as many on the way up."""


class NoiseInjected(RivalModel):
    """One network from noise to a field."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        domain, config = problem.domain, problem.config
        settings = getattr(config.model, "objective", Objective())
        self.per_day = settings.members
        p90, log_std = max(float(domain["p90"]), config.data.wet_mm), float(domain["log_std_global"])
        self.objective = EnsembleObjective(settings, log_std, p90, self.geometry.mask.numpy())
        predictors = domain.sizes["channel"]
        self.network = Body(predictors, self.geometry, noise=NOISE, dropout=self.dropout)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return self.network.noise_shapes

    def loss(self, x: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        noise = [torch.randn(len(x), self.per_day, *shape) for shape in self.latent_shapes]
        fields, there = self._fields(x, noise), self.at_cells(valid)
        amounts = self.to_mm(F.leaky_relu(fields, LEAK))  # dry cells keep a gradient, as in the default model
        if self.mass is not None:
            amounts = self.mass(amounts, x, there)
        return self.objective.score(amounts, self.at_cells(y), there)

    def amounts(self, x: Tensor, noise: Sequence[Tensor]) -> Tensor:
        return self.to_mm(self._fields(x, noise))

    def _fields(self, x: Tensor, noise: Sequence[Tensor]) -> Tensor:
        """Normalised fields (N, K, cells)."""
        days = self.network.encode(self.standardise(x))
        fields = self.network(days, noise=[members_first(part) for part in noise])
        return self.at_cells(by_day(fields, noise[0].shape[1]))


RIVAL = Rival(
    name="crps",
    title="CRPS-only network",
    source="Lang et al. (2024); Alet et al. (2025); Schillinger et al. (2025)",
    lr=2e-3,
    build=NoiseInjected,
    train=train_within,
)
