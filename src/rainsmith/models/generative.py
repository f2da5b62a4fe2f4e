"""The protocol of generative models: mm/day in, mm/day out; no normalised number leaves a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.data.normalise import PredictandTransform
from rainsmith.models.amounts_curve import AmountsCurve
from rainsmith.models.patch import Patch
from rainsmith.models.registry import MODELS

BOUND = 2.0
"""Amounts of a network rise to at most this factor times the training maximum, which they approach smoothly."""

AT_ONCE = 2**22
"""Largest number of amounts that are drawn at once where more than one day is asked for."""


@dataclass(frozen=True)
class Drawing:
    """How members are drawn.

    Attributes:
        temperature: factor of the standard deviation of the noise.
        threshold_mm: amounts below it become 0 [mm/day].
        keep_levels: posterior mode: number of the coarsest latent levels that stay with the posterior; None keeps all.
        variation: posterior mode: how far the other levels go from the posterior (0) to the prior (1).
        tile: [fine cells] side of the squares that are worked out one after another, to save memory; None leaves it to
            the model. Members are the same.
    """

    temperature: float = 1.0
    threshold_mm: float = 0.0
    keep_levels: int | None = None
    variation: float = 1.0
    tile: int | None = None


AS_TRAINED = Drawing()
"""Members as the training scores them."""


class GenerativeModel(nn.Module, ABC):
    """p(y | x, s) in physical units: it gives the terms of a loss to train on, and members drawn from noise.

    Training, sampling and calibration know a model by what is listed here and by nothing else. A model may lack an
    encoder of observed rain (``has_posterior``), a KL divergence (``model.kl`` of its settings is None) and a curve to
    calibrate (``curve``).

    Attributes:
        network: holds all weights; its state is what a checkpoint keeps.
        objective: what the loss keeps from step to step, such as running means; its state is saved for ``--resume``.
        has_posterior: whether ``draw`` can vary an observed storm.
        has_day_parts: whether ``forward`` can take the days of a batch in parts without a change of its results.
        day_parts: into how many parts it cuts them.

    Args:
        config: the run's configuration.
        domain: the store without its time dimension: grids, statics and training statistics.
    """

    network: nn.Module
    objective: nn.Module
    has_posterior: bool = True
    has_day_parts: bool = False
    day_parts: int = 1

    def __init__(self, config: Config, domain: xr.Dataset) -> None:
        super().__init__()
        self.transform = PredictandTransform.from_store(domain, config.transform)
        self.objective = nn.Identity()

    @property
    @abstractmethod
    def latent_shapes(self) -> list[tuple[int, ...]]:
        """Shape of the noise of one member, one entry for each latent level, coarse to fine."""

    @property
    def curve(self) -> AmountsCurve | None:
        """Map of the amounts of prior members, which calibration sets; None for a model that needs none."""
        return None

    def patches(self, side: int) -> tuple[list[Patch], np.ndarray]:
        """Parts of the grid that steps of a training may work on, one at a time, and the chance of each.

        ``forward`` of a model that has patches takes the one of the step last; y and valid hold what it reads then.

        Args:
            side: [fine cells] wanted.

        Raises:
            UserError: the model works on the whole grid at once.
        """
        raise UserError(
            f"train.patch is {side}, and this model works on the whole grid at once; leave train.patch out, or take "
            "model.name: hierarchical"
        )

    @abstractmethod
    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float) -> tuple[dict[str, Tensor], Tensor]:
        """Terms of the loss of a batch, ``loss`` among them, and the KL divergence of each latent dimension or channel.

        The loss is computed here, and not by a method of its own, so that one call works on one device and under DDP.

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            y: (N, H, W) [mm/day], 0 where invalid.
            valid: (N, H, W) bool.
            beta: weight of the KL divergence at this step; 0 for a model without one.

        Returns:
            The terms by name, and (d,) [nats], of no entry for a model without a KL divergence.
        """

    @abstractmethod
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = AS_TRAINED,
    ) -> Tensor:
        """Members [mm/day] (N, K, H, W): prior members, or variations of an observed storm.

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            noise: one entry for each latent level, (N, K, *shape), standard normal.
            y: (N, H, W) [mm/day], the observed storms; None for prior members.
            valid: (N, H, W) bool, the cells that were observed that day; None stands for all. It matters for prior
                members, too, where coarse rain among the predictors is the mean of the observed cells.
            how: temperature, threshold, and what is kept of the storm.
        """

    def posterior_latents(self, x: Tensor, noise: Sequence[Tensor], y: Tensor, valid: Tensor) -> list[Tensor]:
        """Draws of q(z | x, y), one entry (N, K, ...) for each level, standardised by the prior's mean and deviation.

        Over many days they are standard normal where the prior matches the posteriors of all days together.

        Raises:
            NotImplementedError: the model has no posterior.
        """
        raise NotImplementedError(f"{type(self).__name__} has no posterior")

    def normalised(self, y: Tensor, valid: Tensor) -> Tensor:
        """Observed rain (N, H, W) [mm/day] as the network sees it, (N, 1, H, W), 0 where invalid."""
        return torch.where(valid, self.transform(y), 0.0)[:, None]


def build_model(config: Config, domain: xr.Dataset) -> GenerativeModel:
    """The model that ``config.model`` names, for the grids and training statistics of ``domain``."""
    return MODELS[config.model.name].build(config, domain)


def require_posterior(model: GenerativeModel, name: str, asked_by: str, instead: str) -> None:
    """Refuse to vary observed storms with a model that has no posterior.

    Args:
        model: that is to draw.
        name: of the model in the configuration.
        asked_by: what asks for posterior members, for instance a key of the configuration and its value.
        instead: what to do.

    Raises:
        UserError: the model has no posterior.
    """
    if not model.has_posterior:
        raise UserError(
            f"{asked_by} asks for variations of observed storms, and a model '{name}' has no posterior; {instead}"
        )


def days_at_once(wanted: int, members: int, cells: int) -> int:
    """Days that are drawn at once: as many as are wanted, or fewer where the grid is large.

    Args:
        wanted: days.
        members: of each day.
        cells: of the whole grid.
    """
    return max(1, min(wanted, AT_ONCE // (members * cells)))


def take_in_parts(model: GenerativeModel, config: Config) -> None:
    """Let a model take the days of a step in ``train.accumulate`` parts.

    Raises:
        UserError: parts would change the results of this model.
    """
    parts = config.train.accumulate
    if parts > 1 and not model.has_day_parts:
        raise UserError(
            f"train.accumulate is {parts}, and parts change what a model '{config.model.name}' learns, as where "
            "it normalises over a batch; set train.accumulate: 1, and lower train.batch_size where memory is short"
        )
    model.day_parts = parts


def all_valid(y: Tensor) -> Tensor:
    """A mask that calls every cell of ``y`` valid."""
    return torch.ones_like(y, dtype=torch.bool)


def without_drizzle(members: Tensor, threshold_mm: float) -> Tensor:
    """Members whose amounts below the threshold [mm/day] are 0."""
    return torch.where(members < threshold_mm, 0.0, members) if threshold_mm > 0 else members
