"""What heads share that forecast the probability of a wet cell and a distribution of wet amounts."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rainsmith.models.downscaling.heads.head import Head

SHAPES = 3.0
"""Bound of the logarithm of a shape: shapes lie between 1/20 and 20, and those of daily rain well inside."""


class WetLaw(Protocol):
    """Distribution function G of the wet amounts of every cell, in float64."""

    @property
    def mean(self) -> np.ndarray:
        """(N, cells) [mm/day]."""

    def quantile(self, above: np.ndarray) -> np.ndarray:
        """The amount that is exceeded with probability ``above``, 0 to 1: (N, Q, cells) [mm/day]."""

    def excess(self, y: np.ndarray) -> np.ndarray:
        """What wet amounts have above ``y`` on average: the integral of 1 - G from y >= 0 on (N, cells) [mm/day]."""

    def spread(self) -> np.ndarray:
        """Half the mean difference of two wet amounts: the integral of G (1 - G), (N, cells) [mm/day]."""


class Bernoulli(Head):
    """Logit of the probability of a wet cell in the first channel, wet amounts in the others.

    The loss is the negative log-likelihood, a proper score (Cannon 2008, doi:10.1175/2008JHM960.1; Bano-Medina et al.
    2020, doi:10.5194/gmd-13-2109-2020). The forecast is the mean of the distribution: it is unbiased, so that totals
    come out right, where the median of a cell that is mostly dry is 0. The quantiles are those of the distribution, and
    any level can be asked for.
    """

    @abstractmethod
    def log_density(self, values: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the density of wet amounts ``y`` >= ``wet_mm``, (N, cells) [log(day/mm)]."""

    @abstractmethod
    def law(self, values: Tensor) -> WetLaw:
        """The distribution of wet amounts that the values (N, channels, cells), in float64, stand for."""

    @abstractmethod
    def start_of_wet(self, wet: Tensor) -> list[Tensor]:
        """Biases of the other channels for the climate of wet amounts, at least two of them [mm/day]."""

    def start(self, amounts: Tensor) -> Tensor:
        wet = amounts[amounts >= self.wet_mm]
        share = amounts.new_tensor((wet.numel() + 1) / (amounts.numel() + 2))
        if wet.numel() < 2:
            wet = amounts.new_tensor([self.wet_mm, 2 * self.wet_mm])
        return torch.stack([share.logit(), *self.start_of_wet(wet)])

    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        wet, logit = y >= self.wet_mm, values[:, 0]
        occurrence = F.binary_cross_entropy_with_logits(logit, wet.to(logit.dtype), reduction="none")
        return occurrence - torch.where(wet, self.log_density(values, y.clamp_min(self.wet_mm)), 0.0)

    def amounts(self, values: Tensor, levels: Sequence[float] | None = None) -> tuple[Tensor, Tensor]:
        probability, law = self._exactly(values)
        above = 1 - np.asarray(self.settings.quantiles if levels is None else levels)[:, None]
        # the share of the wet amounts that lies above; at the dry levels it would be more than all of them
        share = (above / np.maximum(probability[:, None], 1e-300)).clip(1e-12, 1.0)
        wet = np.where(share < 1, law.quantile(share), 0.0)
        ordered = np.maximum.accumulate(wet, axis=1)
        amounts = np.minimum(probability * law.mean, self.largest_mm)
        return torch.from_numpy(amounts).to(values), torch.from_numpy(ordered).to(values)

    def crps(self, values: Tensor, y: Tensor) -> Tensor:
        """Its exact CRPS, E|X - y| - E|X - X'| / 2, by the integrals of the wet law (``WetLaw``)."""
        probability, law = self._exactly(values)
        observed = y.detach().double().cpu().numpy()
        distance = observed - probability * law.mean + 2 * probability * law.excess(observed)
        spread = probability * ((1 - probability) * law.mean + probability * law.spread())
        return torch.from_numpy(distance - spread).to(values)

    def log_within(self, values: Tensor) -> Tensor:
        """Amounts in mm/day by their logarithm, which approaches those of ``wet_mm`` and of the bound."""
        least, largest = math.log(self.wet_mm), math.log(self.largest_mm)
        values = least + F.softplus(values - least, beta=4.0)
        return largest - F.softplus(largest - values, beta=4.0)

    def log_shape(self, values: Tensor) -> Tensor:
        """Logarithm of a shape, bounded by ``SHAPES``."""
        return SHAPES * torch.tanh(values / SHAPES)

    def _exactly(self, values: Tensor) -> tuple[np.ndarray, WetLaw]:
        """The probability of a wet cell (N, cells), and the law of its amounts."""
        exact = values.detach().double().cpu()
        return exact[:, 0].sigmoid().numpy(), self.law(exact)
