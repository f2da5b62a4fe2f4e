"""Engression: a perceptron with injected noise, trained on the energy score of the whole field.

Shen and Meinshausen (2024, doi:10.1093/jrsssb/qkae108, arXiv:2307.00835). Network and loss are those of the package
``engression`` (BSD licence), which is not among rainsmith's requirements: ``pip install --no-deps engression`` adds it
to an environment that has torch and matplotlib, and changes nothing else there (version 1.1.0). Each cell's log1p is
standardised by its own training climate, as the package standardises its responses.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rainsmith.base.errors import UserError
from rainsmith.data.normalise import cell_statistics
from rival_models.model import Problem, Rival, RivalModel
from rival_models.training import train_within

LAYERS, WIDTH, NOISE = 3, 400, 100
"""Layers, their width and their noise; 2, 100 and 100 are the package's defaults for far fewer values than cells."""


class Engression(RivalModel):
    """The package's network from flat predictors to flat cells."""

    mean: Tensor  # (cells,) of log1p mm/day
    std: Tensor

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        try:
            from engression.loss_func import energy_loss_two_sample
            from engression.models import StoNet
        except ImportError:
            raise UserError(
                "found no package 'engression'; the rival of that name is made of it; "
                "pip install --no-deps engression, or leave it out of --rivals"
            ) from None
        sizes = problem.domain.sizes
        inputs, outputs = sizes["channel"] * sizes["y_lr"] * sizes["x_lr"], len(self.cells)
        self.network = StoNet(inputs, outputs, LAYERS, WIDTH, NOISE, True)
        self.energy_loss = energy_loss_two_sample
        for name, values in zip(("mean", "std"), cell_statistics(problem.domain), strict=True):
            cells = torch.from_numpy(values).float()[..., *self.box].flatten()[self.cells]
            known = torch.nan_to_num(cells, nan=0.0 if name == "mean" else 1.0)
            self.register_buffer(name, known, persistent=False)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return [(1,)]

    def loss(self, x: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        flat, there = self.standardise(x).flatten(1), self.at_cells(valid).float()
        wanted = (torch.log1p(self.at_cells(y)) - self.mean) / self.std
        first, second = (self.network(flat).float() * there for _ in range(2))
        loss: Tensor = self.energy_loss(wanted * there, first, second, verbose=False)
        return loss / len(self.cells) ** 0.5

    def amounts(self, x: Tensor, noise: Sequence[Tensor]) -> Tensor:
        """The package draws its noise itself; here from a seed of each day and member, which ``noise`` gives."""
        flat = self.standardise(x).flatten(1)
        seeds = noise[0][..., 0].contiguous().view(torch.int32)
        fields = flat.new_empty(*seeds.shape, len(self.cells))
        with torch.random.fork_rng(devices=[]):
            for day, member in torch.cartesian_prod(*map(torch.arange, seeds.shape)).tolist():
                torch.manual_seed(int(seeds[day, member]) % 2**31)
                fields[day, member] = self.network(flat[day : day + 1])[0].float()
        logs = fields * self.std + self.mean
        return self.to_mm(logs / self.transform.std)


RIVAL = Rival(
    name="engression",
    title="engression",
    source="Shen and Meinshausen (2024)",
    lr=1e-3,
    build=Engression,
    train=train_within,
)
