"""What heads share that forecast the probability of a wet cell and a distribution of wet amounts."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional as F

from rainsmith.config import Downscale
from rainsmith.models.downscaling.heads.head import Head
from rainsmith.models.downscaling.heads.trace import Trace, exponent_of

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
    """Logit of the probability of a wet cell in the first channel, wet amounts in those that follow.

    The loss is the negative log-likelihood, a proper score (Cannon 2008, doi:10.1175/2008JHM960.1; Bano-Medina et al.
    2020, doi:10.5194/gmd-13-2109-2020). The forecast is the mean of the distribution: it is unbiased, so that totals
    come out right, where the median of a cell that is mostly dry is 0. The quantiles are those of the distribution, and
    any level can be asked for.

    A head whose law has no amounts below ``wet_mm`` may forecast these, too (``traces``): the last channel is then the
    logit of the probability that a cell that is not wet has more than 0, and the law of such amounts is the climate's.
    """

    traces = False
    exponent: Tensor
    """Of the law of amounts below ``wet_mm`` (``Trace``)."""

    def __init__(self, domain: xr.Dataset, settings: Downscale, wet_mm: float) -> None:
        super().__init__(domain, settings, wet_mm)
        if self.traces:
            self.register_buffer("exponent", torch.ones(()))

    @abstractmethod
    def log_density(self, values: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the density of wet amounts ``y`` >= ``wet_mm``, (N, cells) [log(day/mm)]."""

    @abstractmethod
    def law(self, values: Tensor) -> WetLaw:
        """The distribution of wet amounts that the values (N, channels, cells), in float64, stand for."""

    @abstractmethod
    def start_of_wet(self, wet: Tensor) -> list[Tensor]:
        """Biases of the channels of wet amounts for a climate of them, at least two [mm/day]."""

    def start(self, amounts: Tensor) -> Tensor:
        wet = amounts[amounts >= self.wet_mm]
        share = amounts.new_tensor((wet.numel() + 1) / (amounts.numel() + 2))
        trace = ((amounts > 0) & (amounts < self.wet_mm)).sum()
        if self.traces:
            self.exponent = amounts.new_tensor(exponent_of(amounts, self.wet_mm))
        of_trace = [((trace + 1) / (amounts.numel() - wet.numel() + 2)).logit()] if self.traces else []
        if wet.numel() < 2:
            wet = amounts.new_tensor([self.wet_mm, 2 * self.wet_mm])
        return torch.stack([share.logit(), *self.start_of_wet(wet), *of_trace])

    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        wet = y >= self.wet_mm
        losses = _of_event(values[:, 0], wet) - torch.where(
            wet, self.log_density(values, y.clamp_min(self.wet_mm)), 0.0
        )
        return losses + torch.where(wet, 0.0, _of_event(values[:, -1], y > 0)) if self.traces else losses

    def amounts(self, values: Tensor, levels: Sequence[float] | None = None) -> tuple[Tensor, Tensor]:
        wet, some, law, trace = self._exactly(values)
        above = 1 - np.asarray(self.settings.quantiles if levels is None else levels)[:, None]
        # shares of the wet amounts, and of those below, that lie above the quantile; 1 and more where all of them do
        of_wet = above / np.maximum(wet[:, None], 1e-300)
        of_some = (above - wet[:, None]) / np.maximum(some[:, None], 1e-300)
        quantiles = np.where(of_wet < 1, law.quantile(of_wet.clip(1e-12, 1.0)), trace.quantile(of_some.clip(0.0, 1.0)))
        ordered = np.maximum.accumulate(quantiles, axis=1)
        mean = np.minimum(wet * law.mean + some * trace.mean, self.largest_mm)
        return torch.from_numpy(mean).to(values), torch.from_numpy(ordered).to(values)

    def crps(self, values: Tensor, y: Tensor) -> Tensor:
        """Its exact CRPS, E|X - y| - E|X - X'| / 2, by the integrals of the laws (``WetLaw``, ``Trace``)."""
        wet, some, law, trace = self._exactly(values)
        observed, dry = y.detach().double().cpu().numpy(), 1 - wet - some
        mean = wet * law.mean + some * trace.mean
        distance = observed - mean + 2 * (wet * law.excess(observed) + some * trace.excess(observed))
        spread = dry * mean + wet**2 * law.spread() + some**2 * trace.spread + some * wet * (law.mean - trace.mean)
        return torch.from_numpy(distance - spread).to(values)

    def log_within(self, values: Tensor) -> Tensor:
        """Amounts in mm/day by their logarithm, which approaches those of ``wet_mm`` and of the bound."""
        least, largest = math.log(self.wet_mm), math.log(self.largest_mm)
        values = least + F.softplus(values - least, beta=4.0)
        return largest - F.softplus(largest - values, beta=4.0)

    def log_shape(self, values: Tensor) -> Tensor:
        """Logarithm of a shape, bounded by ``SHAPES``."""
        return SHAPES * torch.tanh(values / SHAPES)

    def _exactly(self, values: Tensor) -> tuple[np.ndarray, np.ndarray, WetLaw, Trace]:
        """Probabilities of a wet cell, and of less than that but more than 0, each (N, cells), and both laws."""
        exact = values.detach().double().cpu()
        wet = exact[:, 0].sigmoid()
        some = (1 - wet) * exact[:, -1].sigmoid() if self.traces else torch.zeros_like(wet)
        trace = Trace(self.wet_mm, float(self.exponent) if self.traces else 1.0)
        return wet.numpy(), some.numpy(), self.law(exact), trace


def _of_event(logit: Tensor, event: Tensor) -> Tensor:
    """Negative log-likelihood of an event or its absence."""
    return F.binary_cross_entropy_with_logits(logit, event.to(logit.dtype), reduction="none")
