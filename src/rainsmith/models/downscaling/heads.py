"""What the values of a downscaling network mean in mm/day, and how they are scored in training.

A network gives one or more values for each cell; a *head* turns them into one amount, into monotone quantiles or into a
Bernoulli-gamma distribution. All heads work on valid cells only.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import scipy.special
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.config import Downscale
from rainsmith.data.normalise import PredictandTransform
from rainsmith.models.generative import BOUND

MEDIAN = 0.5
"""Level of the quantile that is the forecast."""
LEAK = 0.2
"""Slope of the output below 0 in training, so that a median that became dry can rise again in a few hundred steps."""
SHAPES = 3.0
"""Bound of the logarithm of a gamma shape: shapes lie between 1/20 and 20, and those of daily rain well inside."""


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

    @abstractmethod
    def amounts(self, values: Tensor) -> tuple[Tensor, Tensor | None]:
        """The forecast (N, cells) [mm/day], and quantiles (N, Q, cells) [mm/day] or None where the head has none."""

    def to_mm(self, values: Tensor) -> Tensor:
        """Normalised values in mm/day, in the same order: they approach the bound, and dry ones keep a gradient."""
        values = F.leaky_relu(values, LEAK)
        values = self.bound - F.softplus(self.bound - values, beta=4.0)
        return self.transform.inverse(values, clip=False)


class Amount(Head):
    """One amount for each cell, trained on the mean of w |y_hat - y| with w = clip(y / scale, w_min, w_max).

    This is not a proper score: an error that is weighted by the outcome rewards over-forecasting (Lerch et al. 2017,
    doi:10.1214/16-STS588). The reference's downscaler is trained on it.
    """

    channels = 1

    def start(self, amounts: Tensor) -> Tensor:
        return self.transform(amounts.median())[None]

    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        weight = (y / self.settings.scale_mm).clamp(self.settings.w_min, self.settings.w_max)
        return weight * (self.to_mm(values[:, 0]) - y).abs()

    def amounts(self, values: Tensor) -> tuple[Tensor, None]:
        return self.to_mm(values[:, 0]).clamp_min(0.0), None


class MonotoneQuantiles(Head):
    """Quantiles that cannot cross: the lowest, then increments through a softplus, in normalised space.

    Trained on the pinball loss in mm/day (Koenker and Bassett 1978, doi:10.2307/1913643), for each quantile divided by
    that of the training climate's own quantile, so that the rare ones are learned as much as the median. The forecast
    is the median.
    """

    climate_loss: Tensor
    levels: Tensor

    def __init__(self, domain: xr.Dataset, settings: Downscale, wet_mm: float) -> None:
        super().__init__(domain, settings, wet_mm)
        self.channels = len(settings.quantiles)
        self.median = settings.quantiles.index(MEDIAN)
        self.register_buffer("levels", torch.tensor(settings.quantiles)[:, None], persistent=False)
        self.register_buffer("climate_loss", torch.ones(self.channels, 1))  # [mm/day]

    def start(self, amounts: Tensor) -> Tensor:
        climate = torch.from_numpy(np.quantile(amounts.numpy(), self.settings.quantiles)).to(amounts)
        loss = pinball(climate[None, :, None], amounts[None], self.levels).mean(dim=2)[0]
        self.climate_loss = loss.clamp_min(1e-3 * self.wet_mm)[:, None]
        normalised = self.transform(climate)
        steps = torch.diff(normalised).clamp_min(1e-2)
        return torch.cat([normalised[:1], steps.expm1().log()])  # the inverse of softplus

    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        return (pinball(self.quantiles(values), y, self.levels) / self.climate_loss).mean(dim=1)

    def quantiles(self, values: Tensor) -> Tensor:
        """(N, Q, cells) [mm/day], in the order of the levels; below 0 where dry."""
        steps = torch.cat([values[:, :1], F.softplus(values[:, 1:])], dim=1)
        return self.to_mm(steps.cumsum(dim=1))

    def amounts(self, values: Tensor) -> tuple[Tensor, Tensor]:
        # rounding in exp may reverse the order of two quantiles that are nearly equal
        ordered = self.quantiles(values).clamp_min(0.0).cummax(dim=1).values
        return ordered[:, self.median], ordered


class BernoulliGamma(Head):
    """Probability of a wet cell, mean and shape of a gamma distribution of wet amounts; trained on their likelihood.

    The negative log-likelihood is a proper score (Cannon 2008, doi:10.1175/2008JHM960.1; Bano-Medina et al. 2020,
    doi:10.5194/gmd-13-2109-2020). The forecast is the mean of the distribution: it is unbiased, so that totals come
    out right, where the median of a cell that is mostly dry is 0. The quantiles are those of the distribution.
    """

    channels = 3

    def start(self, amounts: Tensor) -> Tensor:
        wet = amounts[amounts >= self.wet_mm]
        share = amounts.new_tensor((wet.numel() + 1) / (amounts.numel() + 2))
        if wet.numel() < 2:
            wet = amounts.new_tensor([self.wet_mm, 2 * self.wet_mm])
        log_shape = (wet.mean().square() / wet.var()).log().clamp(-0.9 * SHAPES, 0.9 * SHAPES)
        return torch.stack([share.logit(), wet.mean().log(), SHAPES * (log_shape / SHAPES).atanh()])

    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        logit, log_mean, log_shape = self._distribution(values)
        wet = y >= self.wet_mm
        occurrence = F.binary_cross_entropy_with_logits(logit, wet.to(logit.dtype), reduction="none")
        shape, log_y = log_shape.exp(), y.clamp_min(self.wet_mm).log()
        density = shape * (log_shape - log_mean) + (shape - 1) * log_y - shape * (log_y - log_mean).exp()
        return occurrence - torch.where(wet, density - torch.lgamma(shape), 0.0)

    def amounts(self, values: Tensor) -> tuple[Tensor, Tensor]:
        logit, log_mean, log_shape = (part.double().cpu() for part in self._distribution(values))
        probability, mean, shape = logit.sigmoid(), log_mean.exp(), log_shape.exp()
        levels = torch.tensor(self.settings.quantiles, dtype=torch.float64)[:, None]
        # the part of the distribution above the dry share
        inside = ((levels - (1 - probability[:, None])) / probability[:, None]).clamp(0.0, 1 - 1e-12).numpy()
        gamma = scipy.special.gammaincinv(shape[:, None].numpy(), inside) * (mean / shape)[:, None].numpy()
        ordered = torch.from_numpy(np.maximum.accumulate(gamma, axis=1)).to(values)
        return (probability * mean).to(values), ordered

    def _distribution(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logit of the wet probability, logarithms of the mean wet amount [mm/day] and of the gamma shape."""
        least, largest = math.log(self.wet_mm), math.log(self.largest_mm)
        log_mean = least + F.softplus(values[:, 1] - least, beta=4.0)
        log_mean = largest - F.softplus(largest - log_mean, beta=4.0)
        return values[:, 0], log_mean, SHAPES * torch.tanh(values[:, 2] / SHAPES)


def pinball(forecast: Tensor, y: Tensor, levels: Tensor) -> Tensor:
    """Pinball loss of quantiles [mm/day]: max(q (y - f), (q - 1) (y - f)).

    Args:
        forecast: (N, Q, cells).
        y: (N, cells).
        levels: (Q, 1).
    """
    error = y[:, None] - forecast
    return torch.maximum(levels * error, (levels - 1) * error)
