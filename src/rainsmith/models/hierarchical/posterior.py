"""The posterior of one latent level, relative to its prior."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from rainsmith.models.patch import Window, cut

POSTERIOR_SHIFT = 4.0
"""Largest shift of the posterior's mean, in standard deviations of the prior."""
POSTERIOR_LOG_RATIO = (-4.0, 0.5)
"""Bounds of log(standard deviation of the posterior / of the prior); otherwise the KL divergence grows without end."""


class LevelPosterior(NamedTuple):
    """q(z_l | z_<l, x, y) relative to the prior: mean shift and ratio of standard deviations, (N, P, c, h, w)."""

    shift: Tensor
    ratio: Tensor

    def towards_prior(self, variation: Tensor) -> LevelPosterior:
        """The posterior (variation 0), the prior (1), or a mixture of their draws in between.

        cos(t) u + sin(t) e with u from the posterior and e from the prior, t = variation pi / 2, keeps unit variance
        where the posteriors of all days together fill the prior.
        """
        angle = variation * (math.pi / 2)
        cos, sin = torch.cos(angle), torch.sin(angle)
        return LevelPosterior(cos * self.shift, torch.sqrt((cos * self.ratio) ** 2 + sin**2))

    def where_seen(self, seen: Window, window: Window) -> LevelPosterior:
        """The posterior inside a window of what was observed, and the prior outside of it.

        Args:
            seen: blocks of the level that were observed.
            window: the blocks that the tensors cover.
        """
        if all(begin <= first and last <= end for (begin, end), (first, last) in zip(seen, window, strict=True)):
            return self
        there = torch.zeros(self.shift.shape[-2:], device=self.shift.device)
        (above, below), (before, behind) = seen
        (top, bottom), (left, right) = window
        cut(there, ((max(above, top), min(below, bottom)), (max(before, left), min(behind, right))), window).fill_(1.0)
        return LevelPosterior(self.shift * there, torch.where(there > 0, self.ratio, 1.0))

    def kl(self) -> Tensor:
        """KL(q || p) of each latent value [nats]."""
        return 0.5 * (self.ratio.square() + self.shift.square() - 1.0) - self.ratio.log()


def bounded_posterior(raw: Tensor) -> LevelPosterior:
    """The posterior that the network's output (N, P, 2c, h, w) stands for: shifts first, then logarithms of ratios."""
    shift, log_ratio = raw.chunk(2, dim=2)
    return LevelPosterior(
        POSTERIOR_SHIFT * torch.tanh(shift / POSTERIOR_SHIFT),
        torch.exp(smooth_clamp(log_ratio, *POSTERIOR_LOG_RATIO)),
    )


def smooth_clamp(value: Tensor, lower: float, upper: float) -> Tensor:
    """A smooth clamp with slope 1 at 0 and value 0 there: its gradient never vanishes for good."""
    return torch.where(value < 0, lower * torch.tanh(value / lower), upper * torch.tanh(value / upper))
