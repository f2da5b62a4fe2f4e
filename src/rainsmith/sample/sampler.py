"""A checkpoint that draws members; they depend on seed, day and number alone, not on batch or process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rainsmith.base.errors import UserError
from rainsmith.config import Sampling
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.blocks import channels_last
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.models.generative import Drawing, build_model
from rainsmith.models.noise import member_noise
from rainsmith.models.precision import autocast, pick_device, sampling_precision


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
        self.model = build_model(source.config, source.domain)
        checkpoints.load_weights(self.model.network, source)
        self.model.to(self.device).eval()
        channels_last(self.model.network)
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
        self.how = Drawing(settings.temperature, self.threshold, settings.keep_levels, settings.variation)
        self.mask = torch.from_numpy(np.asarray(source.domain["mask"].values, dtype=bool))

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
        noise = member_noise(self.settings.seed, days, members, self.model.latent_shapes)
        if y is not None and not self.model.has_posterior:
            raise UserError("posterior mode varies observed storms, and this model has no posterior; use prior mode")
        on_device = [part.to(self.device) for part in noise]
        given = None if y is None else y.to(self.device)
        observed = None if valid is None or not valid.numel() else valid.to(self.device)
        with autocast(self.device, self.precision):
            drawn = self.model.draw(x.to(self.device), on_device, given, observed, self.how).float().cpu()
        if not bool(torch.isfinite(drawn[..., self.mask]).all()):
            raise UserError(
                f"{self.name} draws values that are no numbers; expected finite rain; take another checkpoint, or "
                "train again with a lower train.lr or with train.precision: fp32"
            )
        return torch.where(self.mask, drawn, torch.nan).numpy()
