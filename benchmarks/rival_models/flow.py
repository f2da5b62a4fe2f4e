"""Flow matching from white noise to the transformed rain, given the predictors.

Lipman et al. (2023, arXiv:2210.02747), with straight conditional paths (their section 4.1, example II, with sigma_min =
0): a network learns the velocity z - e of the point (1 - t) e + t z between noise e and transformed rain z. Members are
solutions of the differential equation by Heun's method.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rainsmith.models.hierarchical.layout import by_day, members_first
from rival_models.body import Body
from rival_models.model import Problem, Rival, RivalModel
from rival_models.training import train_within

STEPS = 12
"""Steps of Heun's method, two evaluations of the network each."""


class FlowMatching(RivalModel):
    """One network, the velocity of the flow."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        predictors = problem.domain.sizes["channel"]
        self.network = Body(predictors, self.geometry, inputs=1, levelled=True, dropout=self.dropout)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return [(1, *self.geometry.fine)]

    def loss(self, x: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        z = self.normalised(y, valid)
        noise, time = torch.randn_like(z), torch.rand(len(z))
        at = time[:, None, None, None]
        days = self.network.encode(self.standardise(x))
        velocity = self.network(days, (1 - at) * noise + at * z, _level(time))
        return self.mean_at_cells((velocity - (z - noise)[:, 0]).square(), valid)

    def amounts(self, x: Tensor, noise: Sequence[Tensor]) -> Tensor:
        members, start = noise[0].shape[1], members_first(noise[0])
        days, mask = self.network.encode(self.standardise(x)), self.geometry.mask

        def velocity(field: Tensor, time: float) -> Tensor:
            moved = self.network(days, field, _level(torch.full((len(field),), time)))
            return torch.where(mask, moved, -start[:, 0])[:, None]  # invalid cells go to 0, as in training

        field, step = start, 1 / STEPS
        for number in range(STEPS):
            slope = velocity(field, number * step)
            ahead = velocity(field + step * slope, (number + 1) * step)
            field = field + step * (slope + ahead) / 2
        return self.to_mm(self.at_cells(by_day(field[:, 0], members)))


def _level(time: Tensor) -> Tensor:
    """Time from 0 to 1 as the network reads it: from -1.5 to 1.5."""
    return 3 * (time - 0.5)


RIVAL = Rival(
    name="flow",
    title="flow matching",
    source="Lipman et al. (2023)",
    lr=2e-3,
    build=FlowMatching,
    train=train_within,
)
