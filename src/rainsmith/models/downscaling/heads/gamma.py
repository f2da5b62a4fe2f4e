"""The head of ``unet``: a Bernoulli-gamma distribution of each cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special
import torch
from torch import Tensor

from rainsmith.models.downscaling.heads.bernoulli import SHAPES, Bernoulli


class BernoulliGamma(Bernoulli):
    """Wet amounts have a gamma distribution, by its mean and its shape."""

    channels = 3

    def start_of_wet(self, wet: Tensor) -> list[Tensor]:
        log_shape = (wet.mean().square() / wet.var()).log().clamp(-0.9 * SHAPES, 0.9 * SHAPES)
        return [wet.mean().log(), SHAPES * (log_shape / SHAPES).atanh()]

    def log_density(self, values: Tensor, y: Tensor) -> Tensor:
        _, log_mean, log_shape = self.distribution(values)
        shape, log_y = log_shape.exp(), y.log()
        density = shape * (log_shape - log_mean) + (shape - 1) * log_y - shape * (log_y - log_mean).exp()
        return density - torch.lgamma(shape)

    def law(self, values: Tensor) -> GammaLaw:
        _, log_mean, log_shape = self.distribution(values)
        return GammaLaw(log_mean.exp().numpy(), log_shape.exp().numpy())

    def distribution(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logit of the wet probability, logarithms of the mean wet amount [mm/day] and of the gamma shape."""
        return values[:, 0], self.log_within(values[:, 1]), self.log_shape(values[:, 2])


@dataclass(frozen=True)
class GammaLaw:
    """Gamma distribution.

    Attributes:
        mean: (N, cells) [mm/day].
        shape: (N, cells).
    """

    mean: np.ndarray
    shape: np.ndarray

    def quantile(self, above: np.ndarray) -> np.ndarray:
        found: np.ndarray = scipy.special.gammainccinv(self.shape[:, None], above)
        return found * (self.mean / self.shape)[:, None]

    def excess(self, y: np.ndarray) -> np.ndarray:
        scaled = y * self.shape / self.mean
        beyond = scipy.special.gammaincc(self.shape + 1, scaled), scipy.special.gammaincc(self.shape, scaled)
        found: np.ndarray = self.mean * beyond[0] - y * beyond[1]
        return found

    def spread(self) -> np.ndarray:
        """After Scheuerer and Moeller (2015), doi:10.1214/15-AOAS843, their equation of the CRPS of a gamma law."""
        found: np.ndarray = self.mean / (self.shape * scipy.special.beta(0.5, self.shape))
        return found
