"""A distribution of each cell from a network, and members whose cells go together after a template.

The network and its likelihood are the product's own ``unet`` (``rainsmith.downscale``). It says nothing of dependence
between cells, which comes from a template:

- ``analogs`` and ``tuned-analogs``: values drawn at random from each cell's distribution take the ranks of the analogs'
  values at that cell (ensemble copula coupling with random values, Schefzik et al. 2013, doi:10.1214/13-STS443; with
  past observations as template it is the Schaake shuffle, Clark et al. 2004,
  doi:10.1175/1525-7541(2004)005<0243:TSSAMF>2.0.CO;2). Equidistant quantiles would not do: the fair CRPS rewards
  values that are spread more evenly than draws. Tuned analogs are rescaled to the coarse rain; raw ones differ in
  their total, and their ranks make all cells of a member too wet or too dry together.
- ``gaussian``: a Gaussian copula whose correlation falls with the distance as exp(-(d / L)^a), fitted on training days.

Marginals are the same before mass is conserved. The energy score of validation days chooses the template.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from scipy import special
from torch import Tensor

from rainsmith.base.cell_pairs import neighbours
from rainsmith.base.dims import day_numbers
from rainsmith.baselines.registry import BASELINES, NotApplicable
from rainsmith.config import Downscale
from rainsmith.data.dataset import Days
from rainsmith.downscale.training import train_downscaler
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics import spatial
from rainsmith.metrics.estimates import score_days
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.models.noise import member_noise
from rival_models.model import Budget, Facts, Problem, Rival, RivalModel
from rival_models.training import fit_curve

TEMPLATES = ("analogs", "tuned-analogs", "gaussian")
FITTED_ON, CHOSEN_ON = 400, 100
"""[days] Training days of the correlation, and validation days that choose the template."""
MEMBERS = 10
"""Members by which the template is chosen."""
FOR_NETWORK = 0.9
"""Share of the minutes for the network."""
DISTANCES = (1, 2, 3, 5, 8, 13)
"""[cells] At which the correlation is fitted."""


class BernoulliGammaFields(RivalModel):
    """The ``unet`` and two templates of dependence."""

    network: Downscaler
    copula: Tensor  # (3,) number of the template, L [cells] and a
    template: str | None = None  # overrides what ``copula`` says

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.network = Downscaler(self.downscale(), problem.domain, wet_mm=self.wet_mm)
        self.register_buffer("copula", torch.tensor([0.0, 1.0, 1.0]))
        self._factor: tuple[list[float], Tensor] | None = None

    def downscale(self, **changes: object) -> Downscale:
        """Settings of the network."""
        return self.problem.config.downscale.model_copy(update={"network": "unet", **changes})

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return [(len(self.cells),)]

    def loss(self, x: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        raise NotImplementedError("the network is trained by rainsmith.downscale")

    def amounts(self, x: Tensor, noise: Sequence[Tensor]) -> Tensor:
        """Cells that go together as the Gaussian copula says; the analogs need the day and not only its predictors."""
        with torch.autocast(x.device.type, enabled=False):
            normal = noise[0] @ self._root().T
        return self.quantiles(x, special.ndtr(normal.double().numpy()))

    def drawn(self, x: Tensor, days: np.ndarray, count: int, seed: int) -> Tensor:
        template = self.template or TEMPLATES[int(self.copula[0])]
        if template == "gaussian":
            return super().drawn(x, days, count, seed)
        store = self.problem.store
        places = np.searchsorted(day_numbers(store["time"]), days)
        like = BASELINES[template].function(store, places, count, seed)
        # the order of equal values, as those of dry cells, is drawn at random
        shuffle = np.stack([np.random.default_rng([seed, int(day)]).random(like.shape[1:]) for day in days])
        ranks = (like + 1e-4 * shuffle).argsort(axis=1).argsort(axis=1)
        noise = member_noise(seed, days, range(count), self.latent_shapes)[0].double().numpy()
        chances = np.take_along_axis(np.sort(special.ndtr(noise), axis=1), ranks, axis=1)
        return self.finished(self.quantiles(x, chances), x, None, self.wet_mm)

    @torch.no_grad()
    def quantiles(self, x: Tensor, chances: np.ndarray) -> Tensor:
        """Amounts (N, K, cells) [mm/day] below which a cell's rain stays with these chances (N, K, cells)."""
        wet, mean, shape = (np.broadcast_to(part[:, None], chances.shape) for part in self._distribution(x))
        inside = np.clip((chances - (1 - wet)) / wet, 0.0, 1 - 1e-9)
        rains = inside > 0
        amounts = np.zeros(chances.shape, dtype=np.float32)
        amounts[rains] = special.gammaincinv(shape[rains], inside[rains]) * (mean / shape)[rains]
        return torch.from_numpy(amounts)

    @torch.no_grad()
    def fit_correlation(self) -> None:
        """Fit L and a to the correlation of normal scores of training days.

        A dry cell's score is drawn at random below its dry chance. That is noise of single cells, so a nugget is fitted
        with L and a and then left out.
        """
        days = Days(self.problem.training, in_memory=True)
        batch = days.batch(np.unique(np.linspace(0, len(days) - 1, FITTED_ON).astype(int)))
        y = self.at_cells(batch.y[..., *self.box]).double().numpy()
        valid = self.at_cells(batch.valid[..., *self.box]).numpy()
        wet, mean, shape = self._distribution(batch.x)
        below = np.random.default_rng(0).random(y.shape) * (1 - wet)
        chance = np.where(y >= self.wet_mm, 1 - wet + wet * special.gammainc(shape, y * shape / mean), below)
        scores = np.where(valid, special.ndtri(np.clip(chance, 1e-6, 1 - 1e-6)), 0.0)
        found = []
        for distance in DISTANCES:
            first, second = neighbours(self.cells.numpy(), self.geometry.fine, distance)
            a, b = scores[:, first], scores[:, second]
            found.append((a * b).sum() / np.sqrt(np.square(a).sum() * np.square(b).sum() + 1e-12))
        self.copula[1:] = torch.tensor(_fitted(np.array(found)))

    def _root(self) -> Tensor:
        """(cells, cells) a square root of the correlation between cells."""
        key = self.copula[1:].tolist()
        if self._factor is None or self._factor[0] != key:
            places = np.stack(np.unravel_index(self.cells.numpy(), self.geometry.fine), axis=1).astype(float)
            apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
            correlation = np.exp(-((apart / key[0]) ** key[1])) + 1e-6 * np.eye(len(places))
            self._factor = key, torch.from_numpy(np.linalg.cholesky(correlation)).float()
        return self._factor[1]

    def _distribution(self, x: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Chance of a wet cell, mean wet amount [mm/day] and gamma shape, (N, cells) each."""
        values = self.network.network(self.network.standardise(x).contiguous(memory_format=torch.channels_last))
        logit, log_mean, log_shape = self.network.head.distribution(values)
        return tuple(part.double().numpy() for part in (logit.sigmoid(), log_mean.exp(), log_shape.exp()))  # type: ignore[return-value]


def _fitted(found: np.ndarray) -> tuple[float, float]:
    """L [cells] and a of (1 - nugget) exp(-(d / L)^a) with the least squared error from correlations at DISTANCES."""
    best, figures = np.inf, (1.0, 1.0)
    for length in np.geomspace(0.5, 100.0, 60):
        for power in np.linspace(0.4, 1.8, 15):
            shape = np.exp(-((np.array(DISTANCES) / length) ** power))
            scale = np.clip(shape @ found / (shape @ shape), 0.0, 1.0)
            error = float(np.square(found - scale * shape).sum())
            if error < best:
                best, figures = error, (float(length), float(power))
    return figures


def train(model: RivalModel, problem: Problem, budget: Budget) -> Facts:
    """Train the network for as many steps as fit, then fit the correlation and choose the template."""
    assert isinstance(model, BernoulliGammaFields)
    started = time.process_time()
    steps = budget.steps or _steps_within(model, problem, budget)
    trained = _trained(model.downscale(lr=budget.lr), problem, steps, budget.seed)
    model.network.load_state_dict(trained.state_dict())
    model.eval()
    model.fit_correlation()
    days = problem.validation.isel(time=slice(None, None, max(1, problem.validation.sizes["time"] // CHOSEN_ON)))
    settings, scores = settings_of(problem.store, problem.config), {}
    for model.template in TEMPLATES:
        try:
            members = model.members(days, MEMBERS)
        except NotApplicable:  # tuned analogs need coarse rain that is exact, or none
            continue
        values = score_days(members, days["precip"], (spatial.energy_score,), settings=settings)
        scores[model.template] = values["energy_score"]
    model.template = None
    model.copula[0] = TEMPLATES.index(min(scores, key=scores.__getitem__))
    fit_curve(model, Days(problem.training, in_memory=True), budget)
    return {
        **{"lr": budget.lr, "seed": budget.seed, "minutes": (time.process_time() - started) / 60},
        "stages": {"network": {"steps": steps, "validation": trained.history}},
        "energy_score_of_templates": scores,
        "correlation": dict(zip(("length_cells", "power"), model.copula[1:].tolist(), strict=True)),
    }


def _trained(settings: Downscale, problem: Problem, steps: int, seed: int) -> Downscaler:
    """The network of ``rainsmith.downscale`` after so many steps."""
    parts = problem.domain, problem.training, problem.validation
    wet_mm = problem.config.data.wet_mm
    return train_downscaler(settings, *parts, seed=seed, device="cpu", steps=steps, wet_mm=wet_mm, quiet=True)


def _steps_within(model: BernoulliGammaFields, problem: Problem, budget: Budget) -> int:
    """How many steps fit into the network's share of the minutes, from two short trainings."""
    took = []
    few = model.downscale(validations=1)
    for steps in (4, 16):
        started = time.process_time()
        _trained(few, problem, steps, 0)
        took.append(time.process_time() - started)
    each = (took[1] - took[0]) / 12
    fixed = took[0] - 4 * each  # reading, first weights and one validation
    seconds = 60 * budget.minutes * FOR_NETWORK - sum(took) - model.downscale().validations * max(fixed, 0.0)
    return max(20, int(seconds / each))


RIVAL = Rival(
    name="bernoulli-gamma",
    title="Bernoulli-gamma with a template",
    source="Cannon (2008); Schefzik et al. (2013)",
    lr=2e-3,
    build=BernoulliGammaFields,
    train=train,
)
