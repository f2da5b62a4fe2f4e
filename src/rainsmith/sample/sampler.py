"""A checkpoint that draws members; they depend on seed, day and number alone, not on batch or process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from rainsmith.base.errors import UserError
from rainsmith.config import Sampling
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.blocks import channels_last
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.models.generative import Drawing, GenerativeModel, build_model, days_at_once
from rainsmith.models.noise import member_noise, network_of_member
from rainsmith.models.precision import autocast, pick_device, sampling_precision

T = TypeVar("T")


class Sampler:
    """Draws members [mm/day] from a checkpoint.

    Args:
        source: a loaded checkpoint.
        settings: seed, temperature, threshold, and what is kept of a storm.
        device: auto, cpu or cuda.

    Raises:
        UserError: more levels are kept than the model has, or the device is missing.
    """

    def __init__(self, source: Checkpoint, settings: Sampling, device: str = "auto") -> None:
        self.device = pick_device(device)
        checkpoints.refuse_other_layers(lambda: build_model(source.config, source.domain).network, source)
        self.networks = [self._model(source, number) for number in range(len(source.networks))]
        self.precision = sampling_precision(source.config.train.precision, self.device)
        self.settings = settings
        self.name = f"checkpoint {source.name}"
        wet_mm = source.config.data.wet_mm
        self.threshold = wet_mm if settings.pixel_threshold is None else settings.pixel_threshold
        levels = len(self.model.latent_shapes)
        if settings.keep_levels is not None and settings.keep_levels > levels:
            raise UserError(
                f"sampling.keep_levels is {settings.keep_levels}, the model has {levels}; expected 0 to {levels}"
            )
        self.how = Drawing(
            settings.temperature, self.threshold, settings.keep_levels, settings.variation, settings.tile
        )
        self.mask = torch.from_numpy(np.asarray(source.domain["mask"].values, dtype=bool))

    @property
    def model(self) -> GenerativeModel:
        """The model, or the first one of a pool: all have the same layers."""
        return self.networks[0]

    def _model(self, source: Checkpoint, number: int) -> GenerativeModel:
        model = build_model(source.config, source.domain)
        checkpoints.load_weights(model.network, source, number)
        model.to(self.device).eval()
        channels_last(model.network)
        return model

    def draw(
        self,
        x: Tensor,
        days: np.ndarray,
        members: Sequence[int],
        y: Tensor | None = None,
        valid: Tensor | None = None,
    ) -> np.ndarray:
        """Members of some days.

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            days: (N,) YYYYMMDD; the noise of a day depends on it.
            members: numbers of the K members.
            y: (N, H, W) observation [mm/day] for posterior mode, else None.
            valid: (N, H, W) bool, where there is an observation; None or empty where there is none at all.

        Returns:
            (N, K, H, W) [mm/day], NaN at cells that are never valid.

        Raises:
            UserError: an observation is given, and the model has no posterior; the weights draw no finite values.
        """
        if y is not None and not self.model.has_posterior:
            raise UserError("posterior mode varies observed storms, and this model has no posterior; use prior mode")
        noise = member_noise(self.settings.seed, days, members, self.model.latent_shapes)
        known = valid if valid is not None and valid.numel() else None
        weather = x.to(self.device)
        storms, observed = (None if part is None else part.to(self.device) for part in (y, known))
        drawn = torch.empty(len(days), len(members), *self.mask.shape)
        some = days_at_once(len(days), len(members), self.mask.numel())
        chosen = network_of_member(self.settings.seed, days, members, len(self.networks))
        with autocast(self.device, self.precision):
            for model, its_days, its_members in shares(self.networks, chosen, some):
                own = [part[its_days[:, None], its_members].to(self.device) for part in noise]
                storm, there = (None if part is None else part[its_days] for part in (storms, observed))
                fields = model.draw(weather[its_days], own, storm, there, self.how)
                drawn[its_days[:, None], its_members] = fields.float().cpu()
        if not bool(torch.isfinite(drawn[..., self.mask]).all()):
            raise UserError(
                f"{self.name} draws values that are no numbers; expected finite rain; take another checkpoint, or "
                "train again with a lower train.lr or with train.precision: fp32"
            )
        return torch.where(self.mask, drawn, torch.nan).numpy()


def shares(networks: Sequence[T], chosen: np.ndarray, at_once: int) -> Iterator[tuple[T, Tensor, Tensor]]:
    """What each network draws, in blocks of days on which it draws the same number of members.

    Args:
        networks: of a pool.
        chosen: (N, K) the number of the network of each member.
        at_once: largest number of days of a block.

    Yields:
        A network, (n,) the places of its days, and (n, k) the places of the members that it draws on each of them.
    """
    for number, network in enumerate(networks):
        own = chosen == number
        count = own.sum(axis=1)
        for size in np.unique(count[count > 0]):
            alike = np.flatnonzero(count == size)
            for start in range(0, len(alike), at_once):
                days = alike[start : start + at_once]
                members = np.nonzero(own[days])[1].reshape(len(days), size)
                yield network, torch.from_numpy(days), torch.from_numpy(members)
