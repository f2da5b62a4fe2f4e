"""Failures inside the model: a decoder that ignores z, a prior that does not match the posteriors."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import xarray as xr
from scipy.stats import chi2, norm
from torch import Tensor

from rainsmith.data.dataset import Days
from rainsmith.diagnose.finding import Figure, Finding, Range, at_least
from rainsmith.diagnose.training import DEMO
from rainsmith.models.generative import Drawing
from rainsmith.models.noise import member_noise
from rainsmith.models.precision import autocast
from rainsmith.sample.sampler import Sampler

LATENT_MEAN = Range((-0.3, 0.3), (-0.7, 0.7), DEMO)
LATENT_SPREAD = Range((0.75, 1.33), (0.5, 2.0), DEMO)
CHANCE = 0.01
"""Probability that posteriors which fill the prior exactly look as if they did not, by the days that are drawn."""
_MEMBERS = 2


def findings(sampler: Sampler, days: xr.Dataset, gap: Figure) -> Iterator[Finding]:
    """What experiments with the latents of some days show; amounts are compared as log1p mm.

    Args:
        sampler: of the checkpoint.
        days: a few dozen days of the store, not of the training split.
        gap: P99 of prior over that of posterior members, from the scores.
    """
    probe = _Probe(sampler, days)
    yield _use_of_z(probe)
    yield _prior_and_posterior(probe, gap)


class _Probe:
    """Draws for the same days with chosen noise; amounts in log1p mm at valid cells.

    Args:
        sampler: of the checkpoint.
        days: of the store.
    """

    def __init__(self, sampler: Sampler, days: xr.Dataset) -> None:
        self.sampler, self.model = sampler, sampler.model
        batch = Days(days, in_memory=True).batch(np.arange(days.sizes["time"]))
        self.x, self.y, self.valid = (part.to(sampler.device) for part in (batch.x, batch.y, batch.valid))
        shapes = self.model.latent_shapes
        self.noise = [part.to(sampler.device) for part in member_noise(0, batch.days, range(_MEMBERS), shapes)]
        self.other = [part.to(sampler.device) for part in member_noise(1, batch.days, range(_MEMBERS), shapes)]

    @property
    def observed(self) -> Tensor:
        return torch.log1p(self.y)[:, None]

    def draw(self, noise: list[Tensor], y: Tensor | None = None, valid: Tensor | None = None) -> Tensor:
        """(N, K, H, W) log1p mm."""
        step = self.sampler.settings.batch_size
        parts = []
        with autocast(self.sampler.device, self.sampler.precision):
            for start in range(0, len(self.x), step):
                of = slice(start, start + step)
                given = (None, None) if y is None or valid is None else (y[of], valid[of])
                drawn = self.model.draw(self.x[of], [part[of] for part in noise], given[0], given[1], Drawing())
                parts.append(drawn)
        return torch.log1p(torch.cat(parts).float())

    def latents(self) -> list[np.ndarray]:
        """Draws from the posteriors, (N, K, ...) a level, standardised by the prior."""
        with autocast(self.sampler.device, self.sampler.precision):
            drawn = self.model.posterior_latents(self.x, self.noise, self.y, self.valid)
        return [part.float().cpu().numpy() for part in drawn]

    def correlation(self, a: Tensor, b: Tensor) -> float:
        """Pearson correlation over all valid cell-days."""
        there = self.valid[:, None].expand(-1, a.shape[1], -1, -1)
        pairs = torch.stack([part.expand_as(there)[there] for part in (a, b)]).double()
        return float(torch.corrcoef(pairs)[0, 1].nan_to_num())

    def rms(self, a: Tensor, b: Tensor) -> float:
        """Root mean square difference over valid cells."""
        squared = (a - b).square() * self.valid[:, None]
        return float((squared.sum() / (self.valid.sum() * squared.shape[1])).sqrt())


def _use_of_z(probe: _Probe) -> Finding:
    """z-zero, z-shuffle, and one level of noise after the other."""
    rebuilt = probe.draw(probe.noise, probe.y, probe.valid)
    still = probe.draw([torch.zeros_like(part) for part in probe.noise])
    explained, without = (probe.correlation(drawn, probe.observed) ** 2 for drawn in (rebuilt, still))
    gain = (explained - without) / (1 - without)  # of correlations: a bias of both is another failure
    # the latents of another day under this day's predictors: how much of the way does the output follow them?
    shuffled = probe.draw(probe.noise, probe.y.roll(1, 0), probe.valid.roll(1, 0))
    followed = probe.rms(rebuilt, shuffled) / probe.rms(probe.observed, probe.observed.roll(1, 0))
    prior = probe.draw(probe.noise)
    error = probe.rms(prior, probe.observed)
    figures = [
        Figure("z-zero: share of what is unexplained without latents that the posterior's explain", gain, _GAIN),
        Figure("z-shuffle: change by another day's latents / difference of the two days", followed, _FOLLOWED),
    ]
    changes = []
    for level in range(len(probe.noise)):
        mixed = [new if i == level else old for i, (old, new) in enumerate(zip(probe.noise, probe.other, strict=True))]
        changes.append(probe.rms(prior, probe.draw(mixed)) / error)
    name = "change by new prior noise / error of prior members, the most sensitive level"
    figures.append(Figure(name, max(changes), _SENSITIVE))
    return Finding(
        "ignores-z",
        "Does the decoder use its latents?",
        figures,
        "The decoder reads the predictors alone: lower objective.w_kl, raise objective.w_prior.",
        note="by level, coarse to fine: " + ", ".join(f"{change:.2f}" for change in changes),
    )


_GAIN = at_least(0.25, 0.10, DEMO)
_FOLLOWED = at_least(0.15, 0.05, DEMO)
_SENSITIVE = at_least(0.25, 0.10, DEMO)


def _prior_and_posterior(probe: _Probe, gap: Figure) -> Finding:
    """Aggregate posterior against prior, a latent dimension or channel at a time, and what their samples reach."""
    means, spreads = [], []
    for part in probe.latents():
        by_latent = np.moveaxis(part, 2, 0).reshape(part.shape[2], -1)
        means.append(by_latent.mean(axis=1))
        spreads.append(by_latent.std(axis=1))
    mean, spread = np.concatenate(means), np.concatenate(spreads)
    far, narrow, wide = chance(len(mean), len(probe.x))
    return Finding(
        "prior-posterior-gap",
        "Are prior members drawn from where the posteriors of observed days lie?",
        [
            gap,
            Figure(
                "mean of the posteriors, the latent farthest from 0",
                float(mean[np.abs(mean).argmax()]),
                _no_narrower(LATENT_MEAN, -far, far),
            ),
            Figure(
                "standard deviation of the posteriors, the latent farthest from 1",
                float(spread[np.abs(np.log(np.maximum(spread, 1e-6))).argmax()]),
                _no_narrower(LATENT_SPREAD, narrow, wide),
            ),
        ],
        "Reconstructions prove nothing about prior members: raise the weight of prior members (w_prior) or of the KL, "
        "choose the checkpoint by prior samples, and judge the model in prior mode only.",
    )


def chance(latents: int, days: int) -> tuple[float, float, float]:
    """Where the worst of standard normal latents lies by chance: |mean|, least and largest standard deviation.

    One value a day counts: members of a day, and cells of a channel, may say the same.
    """
    rare = CHANCE / (2 * latents)
    least, largest = chi2.ppf([rare, 1 - rare], days - 1) / days
    return float(norm.isf(rare)) / math.sqrt(days), math.sqrt(least), math.sqrt(largest)


def _no_narrower(healthy: Range, lower: float, upper: float) -> Range:
    """The range, widened to hold what chance does."""
    warn, fail = ((min(low, lower), max(high, upper)) for low, high in (healthy.warn, healthy.fail))
    return Range(warn, fail, healthy.origin)
