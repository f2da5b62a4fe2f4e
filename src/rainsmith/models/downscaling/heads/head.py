"""What every head of a downscaling network offers; all heads work on valid cells only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.config import Downscale
from rainsmith.data.normalise import PredictandTransform
from rainsmith.models.generative import BOUND

LEAK = 0.2
"""Slope of the output below 0 in training, so that a median that became dry can rise again in a few hundred steps."""


class Head(nn.Module, ABC):
    """What a network's values (N, channels, cells) mean in mm/day, and how they are scored in training.

    Args:
        domain: the store without time.
        settings: of the downscaler.
        wet_mm: least rain of a wet cell [mm/day].
    """

    channels: int

    def __init__(self, domain: xr.Dataset, settings: Downscale, wet_mm: float) -> None:
        super().__init__()
        self.settings, self.wet_mm = settings, max(wet_mm, 1e-3)
        self.transform = PredictandTransform.from_store(domain, "log1p-global")
        self.largest_mm = BOUND * max(float(domain["train_max"]), self.wet_mm)  # amounts level off towards it
        self.bound = float(self.transform(torch.tensor(self.largest_mm)))

    @abstractmethod
    def start(self, amounts: Tensor) -> Tensor:
        """Biases (channels,) that give the climate of ``amounts`` [mm/day]; keeps figures of it that the loss needs."""

    @abstractmethod
    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        """Loss of every cell (N, cells) for observations ``y`` (N, cells) [mm/day]."""

    def expected(self, values: Tensor, amounts: Tensor, weights: Tensor) -> Tensor:
        """Expected loss of every cell (N, cells) for amounts (N, M, cells) [mm/day] with probabilities (M,)."""
        total = torch.zeros_like(amounts[:, 0])
        for amount, weight in zip(amounts.unbind(1), weights, strict=True):
            total = total + weight * self.losses(values, amount)
        return total

    @abstractmethod
    def amounts(self, values: Tensor, levels: Sequence[float] | None = None) -> tuple[Tensor, Tensor | None]:
        """The forecast (N, cells) [mm/day], and quantiles (N, Q, cells) [mm/day] or None where the head has none.

        Args:
            values: (N, channels, cells) of the network.
            levels: rising levels of the quantiles; None takes ``downscale.quantiles``.

        Raises:
            UserError: the head has no quantile of one of these levels.
        """

    def crps(self, values: Tensor, y: Tensor) -> Tensor | None:
        """CRPS (N, cells) [mm/day] of the forecast distribution for observations ``y``; None where there is none."""
        return None

    def to_mm(self, values: Tensor) -> Tensor:
        """Normalised values in mm/day, in the same order: they approach the bound, and dry ones keep a gradient."""
        values = F.leaky_relu(values, LEAK)
        values = self.bound - F.softplus(self.bound - values, beta=4.0)
        return self.transform.inverse(values, clip=False)
