"""The head of ``unet-egp``: a Bernoulli distribution with an extended generalised Pareto law of wet amounts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.special
import torch
from torch import Tensor

from rainsmith.models.downscaling.heads.bernoulli import Bernoulli

LARGEST_XI = 0.5
"""Bound of the tail index, below which the variance is finite; that of daily rain is about 0.05 to 0.25 (Serinaldi and
Kilsby 2014, doi:10.1002/2013WR013806)."""
LEAST_XI = 1e-4
"""Tail index below which forecasts are those of this one; it changes the 0.999 quantile by less than 0.1 %."""
LOG_KAPPA = (-2.0, 8.0)
"""Bounds of log kappa. The law is the narrower, the larger kappa: its coefficient of variation falls to about 0.15."""
MATCHED = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
"""Levels at which the law that training starts from is matched to the climate of wet amounts."""


class BernoulliPareto(Bernoulli):
    """Wet amounts have the law H(y / sigma)^kappa above ``wet_mm``, H the generalised Pareto law of tail index xi.

    It is the first extension of Naveau et al. (2016), doi:10.1002/2015WR018552: the upper tail is that of H, as extreme
    value theory has it, small amounts follow a power law of exponent kappa, and quantiles are a closed form. The
    channels are the logit of the wet probability, the logarithm of the median of H^kappa [mm/day], which depends less
    on the shapes than sigma does, kappa, the tail index through a logistic function, and the logit of amounts below
    ``wet_mm``.
    """

    channels = 5
    traces = True

    def start_of_wet(self, wet: Tensor) -> list[Tensor]:
        climate = torch.from_numpy(np.quantile(wet.double().numpy(), MATCHED))
        kappa = torch.logspace(-0.8, 1, 73, dtype=torch.float64)[:, None, None]
        xi = torch.linspace(0.02, 0.45, 44, dtype=torch.float64)[:, None]
        log_law = scaled_quantile(torch.tensor(MATCHED, dtype=torch.float64), kappa, xi).log()
        middle = MATCHED.index(0.5)
        log_law, log_climate = log_law - log_law[..., [middle]], climate.log() - climate[middle].log()
        best = int((log_law - log_climate).abs().mean(dim=2).argmin())
        centre, half = _centre_and_half(LOG_KAPPA)
        of_kappa = ((kappa[best // len(xi), 0, 0].log() - centre) / half).atanh() * half
        of_xi = (xi[best % len(xi), 0] / LARGEST_XI).logit()
        return [bias.to(wet) for bias in (climate[middle].log(), of_kappa, of_xi)]

    def log_density(self, values: Tensor, y: Tensor) -> Tensor:
        log_sigma, log_kappa, xi = self._shapes(values)
        kappa, hazard = log_kappa.exp(), cumulative_hazard((y.log() - log_sigma).exp(), xi)
        density = log_kappa - log_sigma + (kappa - 1) * log_1m_exp(-hazard) - (1 + xi) * hazard
        dry = log_1m_exp(-cumulative_hazard((math.log(self.wet_mm) - log_sigma).exp(), xi))
        return density - log_1m_exp(kappa * dry)

    def law(self, values: Tensor) -> ParetoLaw:
        log_sigma, log_kappa, xi = (part.numpy() for part in self._shapes(values))
        return ParetoLaw(np.exp(log_sigma), np.exp(log_kappa), np.maximum(xi, LEAST_XI), self.wet_mm)

    def _shapes(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log sigma [log(mm/day)], log kappa and xi, each (N, cells)."""
        centre, half = _centre_and_half(LOG_KAPPA)
        log_kappa = centre + half * torch.tanh(values[:, 2] / half)
        xi = LARGEST_XI * values[:, 3].sigmoid()
        median = scaled_quantile(values.new_tensor(0.5), log_kappa.exp(), xi)
        return self.log_within(values[:, 1]) - median.log(), log_kappa, xi


@dataclass(frozen=True)
class ParetoLaw:
    """H(y / sigma)^kappa with H = 1 - (1 + xi y / sigma)^(-1/xi), for amounts of at least ``least`` alone.

    Attributes:
        sigma: (N, cells) [mm/day].
        kappa: (N, cells).
        xi: (N, cells), above 0.
        least: amount of a wet cell [mm/day].
    """

    sigma: np.ndarray
    kappa: np.ndarray
    xi: np.ndarray
    least: float

    @property
    def mean(self) -> np.ndarray:
        return self.least + self._tail(self.least) / self._wet()

    def quantile(self, above: np.ndarray) -> np.ndarray:
        sigma, kappa, xi, wet = (part[:, None] for part in (self.sigma, self.kappa, self.xi, self._wet()))
        below = np.log1p(-np.minimum(above * wet, 1 - 1e-16)) / kappa
        found: np.ndarray = sigma / xi * np.expm1(-xi * np.log(-np.expm1(below)))
        return np.maximum(found, self.least)

    def excess(self, y: np.ndarray) -> np.ndarray:
        inside: np.ndarray = self._tail(np.maximum(y, self.least)) / self._wet()
        return np.where(y < self.least, self.mean - y, inside)

    def spread(self) -> np.ndarray:
        wet = self._wet()
        found: np.ndarray = (self._tail(self.least, twice=True) - (2 - wet) * self._tail(self.least)) / wet**2
        return found

    def _wet(self) -> np.ndarray:
        """Share of H^kappa above ``least``."""
        found: np.ndarray = -np.expm1(self.kappa * np.log1p(-self._above(self.least)))
        return found

    def _above(self, y: np.ndarray | float) -> np.ndarray:
        """1 - H."""
        found: np.ndarray = np.exp(-np.log1p(self.xi * y / self.sigma) / self.xi)
        return found

    def _tail(self, y: np.ndarray | float, *, twice: bool = False) -> np.ndarray:
        """Integral of 1 - H^kappa, or of 1 - H^(2 kappa), from y > 0 on: an incomplete beta function of 1 - H."""
        kappa, above = self.kappa * (2 if twice else 1), self._above(y)
        share = -np.expm1(kappa * np.log1p(-above))
        upper = scipy.special.betainc(1 - self.xi, kappa, above) * scipy.special.beta(kappa, 1 - self.xi)
        found: np.ndarray = self.sigma / self.xi * (kappa * upper - share) - y * share
        return found


def cumulative_hazard(z: Tensor, xi: Tensor) -> Tensor:
    """-log(1 - H(z)) = log(1 + xi z) / xi of the generalised Pareto law H, exact as xi goes to 0, where it is z."""
    product = xi * z
    small = product < 1e-2
    series = 1 - product * (1 / 2 - product * (1 / 3 - product * (1 / 4 - product / 5)))
    safe = torch.where(small, 1.0, product)
    return z * torch.where(small, series, torch.log1p(safe) / safe)


def scaled_quantile(level: Tensor, kappa: Tensor, xi: Tensor) -> Tensor:
    """Quantile of H^kappa for sigma = 1, exact as xi goes to 0."""
    hazard = -log_1m_exp(level.log() / kappa)
    product = xi * hazard
    small = product < 1e-2
    series = 1 + product * (1 / 2 + product * (1 / 6 + product * (1 / 24 + product / 120)))
    safe = torch.where(small, 1.0, product)
    return hazard * torch.where(small, series, torch.expm1(safe) / safe)


def log_1m_exp(values: Tensor) -> Tensor:
    """log(1 - exp(values)) of values below 0, exact near 0 and far from it (Maechler 2012, R package Rmpfr)."""
    near = values > -math.log(2)
    of_near, of_far = torch.where(near, values, -1.0), torch.where(near, -1.0, values)
    return torch.where(near, torch.log(-torch.expm1(of_near)), torch.log1p(-torch.exp(of_far)))


def _centre_and_half(bounds: tuple[float, float]) -> tuple[float, float]:
    return (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2
