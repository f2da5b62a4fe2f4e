"""A network with its units: mm/day in, mm/day out; nothing outside sees a normalised number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.config import Config, FlatModel, HierarchicalModel
from rainsmith.data.normalise import PredictandTransform, Standardiser, standardised_statics
from rainsmith.models.blocks import kl_per_dimension
from rainsmith.models.flat import FlatCVAE
from rainsmith.models.geometry import Geometry, valid_box
from rainsmith.models.hierarchical import HierarchicalCVAE
from rainsmith.models.mass import MassConservation
from rainsmith.models.objective import EnsembleObjective, ReferenceLoss

LEAK = 0.05
"""Slope of the output below 0 in training: dry cells keep a gradient; sampling clips them at 0."""
BOUND = 2.0
"""The hierarchical model's amounts level off towards this many times the training maximum."""


@dataclass(frozen=True)
class Drawing:
    """How members are drawn.

    Attributes:
        temperature: factor of the standard deviation of the noise.
        threshold_mm: amounts below it become 0 [mm/day].
        keep_levels: posterior mode: the coarsest latent levels that stay with the posterior; None keeps all.
        variation: posterior mode: how far the other levels go from the posterior (0) to the prior (1).
    """

    temperature: float = 1.0
    threshold_mm: float = 0.0
    keep_levels: int | None = None
    variation: float = 1.0


class GenerativeModel(nn.Module, ABC):
    """p(y | x, s) in physical units.

    ``forward`` returns the loss terms, so that the same call works on one device and under DDP.

    Args:
        config: the run's configuration.
        domain: the store without its time dimension: grids, statics and training statistics.
    """

    network: FlatCVAE | HierarchicalCVAE
    standardise: Standardiser
    objective: ReferenceLoss | EnsembleObjective

    def __init__(self, config: Config, domain: xr.Dataset) -> None:
        super().__init__()
        self.transform = PredictandTransform.from_store(domain, config.transform)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        """Shape of the noise of one member, one entry a latent level."""
        return self.network.latent_shapes

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float) -> tuple[dict[str, Tensor], Tensor]:
        """Loss terms of a batch, and the KL of each latent dimension or channel.

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            y: (N, H, W) [mm/day], 0 where invalid.
            valid: (N, H, W) bool.
            beta: weight of the KL.
        """

    @abstractmethod
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = Drawing(),
    ) -> Tensor:
        """Members [mm/day] (N, K, H, W): prior, or posterior of the observation ``y`` [mm/day] (N, H, W).

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            noise: one entry a latent level, (N, K, c, h, w).
            y: the observed storm to vary, or None.
            valid: (N, H, W) where there is an observation that day; coarse rain that is a mean of observed cells is
                one of these. None: everywhere.
            how: temperature, threshold, levels kept.
        """

    @abstractmethod
    def posterior_latents(self, x: Tensor, noise: Sequence[Tensor], y: Tensor, valid: Tensor) -> list[Tensor]:
        """Draws of q(z | x, y), (N, K, ...) a level, as steps from the prior's mean in its standard deviations.

        Over many days they are standard normal where the prior matches the aggregate posterior.
        """

    def _normalised(self, y: Tensor, valid: Tensor) -> Tensor:
        return torch.where(valid, self.transform(y), 0.0)[:, None]


class FlatModelInUnits(GenerativeModel):
    """The reference cVAE with the reference's loss."""

    network: FlatCVAE
    statics: Tensor

    def __init__(self, config: Config, domain: xr.Dataset, settings: FlatModel) -> None:
        super().__init__(config, domain)
        fine, coarse = _grids(domain)
        side = int(domain.attrs.get("coarsen", 0))  # padded blocks of the target reach beyond it
        padded = (coarse[0] * side, coarse[1] * side) if side else fine
        covered = (min(1.0, fine[0] / padded[0]), min(1.0, fine[1] / padded[1]))
        self.network = FlatCVAE(settings, domain.sizes["channel"], domain.sizes["static"], fine, coarse, covered)
        self.standardise = Standardiser.from_store(domain)
        self.register_buffer("statics", standardised_statics(domain))
        scale = float(domain["p90"]) if config.loss.scale == "p90" else float(config.loss.scale)
        self.objective = ReferenceLoss(config.loss, scale=max(scale, config.data.wet_mm), p99=float(domain["p99"]))

    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float) -> tuple[dict[str, Tensor], Tensor]:
        condition = self.network.encode_x(self.standardise(x))
        posterior = self.network.posterior(condition, self._normalised(y, valid), self.statics)
        z = posterior.draw(torch.randn_like(posterior.mu))
        y_hat = self.transform.inverse(self.network.decode(z, condition), clip=False)
        kl = kl_per_dimension(posterior.mu, posterior.logvar)
        return self.objective(y_hat, y, valid, kl, beta), kl.detach()

    @torch.no_grad()
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = Drawing(),
    ) -> Tensor:
        given = None if y is None else self._normalised(y, _all_valid(y) if valid is None else valid)
        fields = self.network.draw(
            self.standardise(x),
            self.statics,
            noise,
            given,
            how.temperature,
            0.0 if how.keep_levels is None or how.keep_levels > 0 else how.variation,
        )
        return _without_drizzle(self.transform.inverse(fields), how.threshold_mm)

    @torch.no_grad()
    def posterior_latents(self, x: Tensor, noise: Sequence[Tensor], y: Tensor, valid: Tensor) -> list[Tensor]:
        condition = self.network.encode_x(self.standardise(x))
        return [self.network.posterior(condition, self._normalised(y, valid), self.statics).draw(noise[0])]


class HierarchicalModelInUnits(GenerativeModel):
    """The hierarchical cVAE with its bound, its mass and its objective."""

    network: HierarchicalCVAE
    mass: MassConservation | None
    cells: Tensor  # of the box, the valid ones
    on_grid: Tensor  # the same of the whole grid

    def __init__(self, config: Config, domain: xr.Dataset, settings: HierarchicalModel) -> None:
        super().__init__(config, domain)
        self.settings = config.objective
        self.levels = settings.levels
        whole = Geometry.from_domain(domain)
        self.grid, self.box = whole.fine, valid_box(whole.mask.numpy())  # the network sees the box, nobody else does
        geometry = whole.within(self.box)
        self.network = HierarchicalCVAE(settings, domain.sizes["channel"], geometry)
        if config.objective.calm_start:
            self.network.start_calmly()
        self.standardise = Standardiser.from_store(domain, log_rain=True)
        self.mass = MassConservation.from_domain(settings.mass, domain)
        self.power = settings.power
        largest = 1 + BOUND * float(domain["train_max"])
        self.bound = float(np.log(largest)) if self.power is None else self.power * (largest ** (1 / self.power) - 1)
        log_std = float(domain["log_std_global"])
        p90, mask = max(float(domain["p90"]), config.data.wet_mm), geometry.mask.numpy()
        self.objective = EnsembleObjective(config.objective, log_std, p90, mask)
        self.register_buffer("cells", torch.from_numpy(np.flatnonzero(mask)), persistent=False)
        self.register_buffer("on_grid", torch.from_numpy(np.flatnonzero(whole.mask.numpy())), persistent=False)

    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float) -> tuple[dict[str, Tensor], Tensor]:
        y, valid = self._inside(y), self._inside(valid)
        conditions = self.network.encode_x(self.standardise(x))
        evidence = self.network.encode_y(self._normalised(y, valid), valid[:, None])
        # one reconstruction, mixed members with the first k levels from the posterior, prior members: in one pass
        n, mixed = len(x), 2 if self.settings.w_mixed > 0 and self.levels > 1 else 0
        kept = torch.randint(1, max(2, self.levels), (n, 1, 1), device=x.device)
        by_level = (torch.arange(self.levels, device=x.device) >= kept).float()
        variation = torch.cat([torch.zeros_like(by_level), by_level.expand(-1, mixed, -1)], dim=1)
        members = 1 + mixed + self.settings.members
        noise = [torch.randn(n, members, *shape, device=x.device) for shape in self.latent_shapes]
        fields, posteriors = self.network.decode(conditions, noise, evidence, variation)
        observed, there = self._at_cells(y), self._at_cells(valid)
        amounts = self._bounded(nn.functional.leaky_relu(self._at_cells(fields).float(), LEAK))
        if self.mass is not None:
            amounts = self.mass(amounts, x, there)
        groups = {"rec": amounts[:, :1], "mixed": amounts[:, 1 : 1 + mixed], "prior": amounts[:, 1 + mixed :]}
        kl = torch.cat([p.kl()[:, 0].sum((2, 3)).mean(0) for p in posteriors])
        present = {name: part for name, part in groups.items() if part.shape[1]}
        return self.objective(present, observed, there, kl, beta), kl.detach()

    @torch.no_grad()
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = Drawing(),
    ) -> Tensor:
        observed = _all_valid(y) if y is not None and valid is None else valid
        observed = None if observed is None else self._inside(observed)
        storm = None if y is None or observed is None else self._normalised(self._inside(y), observed)
        fields = self.network.draw(
            self.standardise(x),
            noise,
            storm,
            None if observed is None else observed[:, None],
            temperature=how.temperature,
            keep_levels=how.keep_levels,
            variation=how.variation,
        )
        amounts = self._bounded(self._at_cells(fields).float()).clamp_min(0.0)
        if y is None:  # the posterior of an observed day knows how much it rained
            amounts = amounts * self.network.gain
        elif how.keep_levels == 0:  # on the way to the prior
            amounts = amounts * self.network.gain**how.variation
        drawn = _without_drizzle(amounts, how.threshold_mm)
        if self.mass is not None:
            drawn = self.mass(drawn, x, None if observed is None else self._at_cells(observed), exact=True)
        whole = drawn.new_zeros(*drawn.shape[:2], self.grid[0] * self.grid[1])
        whole[..., self.on_grid] = drawn
        return whole.reshape(*drawn.shape[:2], *self.grid)

    @torch.no_grad()
    def posterior_latents(self, x: Tensor, noise: Sequence[Tensor], y: Tensor, valid: Tensor) -> list[Tensor]:
        y, valid = self._inside(y), self._inside(valid)
        conditions = self.network.encode_x(self.standardise(x))
        evidence = self.network.encode_y(self._normalised(y, valid), valid[:, None])
        kept = x.new_zeros(*noise[0].shape[:2], self.levels)
        posteriors = self.network.decode(conditions, noise, evidence, kept)[1]
        return [found.shift + found.ratio * part for found, part in zip(posteriors, noise, strict=True)]

    def _inside(self, fields: Tensor) -> Tensor:
        """(..., H, W) of the whole grid -> (..., h, w) of the box that the network works on, a view."""
        return fields[..., *self.box]

    def _at_cells(self, fields: Tensor) -> Tensor:
        """(..., h, w) of the box -> (..., cells), the valid cells only."""
        return fields.flatten(-2)[..., self.cells]

    def _bounded(self, fields: Tensor) -> Tensor:
        """Output of the network to mm/day, levelling off towards the bound."""
        value = self.bound - nn.functional.softplus(self.bound - fields * self.transform.std, beta=4.0)
        return torch.expm1(value) if self.power is None else (1 + value / self.power) ** self.power - 1


def build_model(config: Config, domain: xr.Dataset) -> GenerativeModel:
    """The model that ``config.model`` names, for the grids of ``domain``, in units."""
    if config.model.name == "flat":
        return FlatModelInUnits(config, domain, config.model)
    return HierarchicalModelInUnits(config, domain, config.model)


def _grids(domain: xr.Dataset) -> tuple[tuple[int, int], tuple[int, int]]:
    return (domain.sizes["y"], domain.sizes["x"]), (domain.sizes["y_lr"], domain.sizes["x_lr"])


def _all_valid(y: Tensor) -> Tensor:
    return torch.ones_like(y, dtype=torch.bool)


def _without_drizzle(members: Tensor, threshold_mm: float) -> Tensor:
    return torch.where(members < threshold_mm, 0.0, members) if threshold_mm > 0 else members
