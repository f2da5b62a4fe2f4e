"""Failures that show in the latents: a decoder that ignores z, a prior that does not match the posteriors."""

from __future__ import annotations

import math

import numpy as np
import scipy
import torch

from rainsmith.config.change import Change
from rainsmith.diagnose.evidence import Evidence
from rainsmith.diagnose.finding import FROM_RUNS_OF_THE_DEMO, Figure, Range, at_least, ratio
from rainsmith.diagnose.registry import DIAGNOSES, POSTERIOR, Diagnosis, Measurement
from rainsmith.metrics import pooled

_GAIN = at_least(0.25, 0.10, FROM_RUNS_OF_THE_DEMO)
_FOLLOWED = at_least(0.15, 0.05, FROM_RUNS_OF_THE_DEMO)
_SENSITIVE = at_least(0.25, 0.10, FROM_RUNS_OF_THE_DEMO)
_LATENT_MEAN = Range((-0.3, 0.3), (-0.7, 0.7), FROM_RUNS_OF_THE_DEMO)
_LATENT_SPREAD = Range((0.75, 1.33), (0.5, 2.0), FROM_RUNS_OF_THE_DEMO)
CHANCE = 0.01
"""Probability that posteriors which fill the prior exactly look as if they did not, by the days that are drawn."""


def _ignores_z(evidence: Evidence) -> Measurement:
    """Draw without latents (z-zero), with those of another day (z-shuffle), and with new noise in one level."""
    experiments = evidence.latent_experiments
    y, valid, noise, observed = experiments.y, experiments.valid, experiments.noise, experiments.observation
    rebuilt = experiments.draw(noise, y, valid)
    without_noise = experiments.draw([torch.zeros_like(part) for part in noise])
    explained, without = (experiments.correlation(drawn, observed) ** 2 for drawn in (rebuilt, without_noise))
    gain = ratio(explained - without, 1 - without)  # of correlations: a bias of both is another failure
    # the latents of another day under this day's predictors: how much of the way does the output follow them?
    shuffled = experiments.draw(noise, y.roll(1, 0), valid.roll(1, 0))
    another_day = experiments.rms_difference(observed, observed.roll(1, 0))
    followed = ratio(experiments.rms_difference(rebuilt, shuffled), another_day)
    prior = experiments.draw(noise)
    error = experiments.rms_difference(prior, observed)
    changes = []
    for changed in range(len(noise)):
        both = zip(noise, experiments.other_noise, strict=True)
        mixed = [new if level == changed else old for level, (old, new) in enumerate(both)]
        changes.append(ratio(experiments.rms_difference(prior, experiments.draw(mixed)), error))
    new_noise = "change by new prior noise / error of prior members, the most sensitive level"
    return Measurement(
        [
            Figure("z-zero: share of what is unexplained without latents that the posterior's explain", gain, _GAIN),
            Figure("z-shuffle: change by another day's latents / difference of the two days", followed, _FOLLOWED),
            Figure(new_noise, max(changes), _SENSITIVE),
        ],
        note="by level, coarse to fine: " + ", ".join(f"{change:.2f}" for change in changes),
    )


DIAGNOSES.add(
    Diagnosis(
        name="ignores-z",
        order=130,
        question="Does the decoder use its latents?",
        measured="z-zero: the share of the variance of log1p rain that is unexplained without latents and that the "
        "posterior's latents explain; z-shuffle: change of the output by another day's latents over the difference "
        "of the two days; change by new noise in one level over the error of prior members",
        threshold_from="runs of the demo",
        advice="The decoder reads the predictors alone: weigh the KL divergence less, or the score of prior members "
        "more.",
        part="latents",
        measure=_ignores_z,
        needs=(POSTERIOR,),
    )
)


def _prior_posterior_gap(evidence: Evidence) -> Measurement:
    """Hold the posteriors of many days against the prior, a latent dimension or channel at a time."""
    experiments = evidence.latent_experiments
    means, spreads = [], []
    for level in experiments.posterior_latents():
        by_latent = np.moveaxis(level, 2, 0).reshape(level.shape[2], -1)
        means.append(by_latent.mean(axis=1))
        spreads.append(by_latent.std(axis=1))
    mean, spread = np.concatenate(means), np.concatenate(spreads)
    far, narrow, wide = worst_by_chance(len(mean), experiments.days)
    return Measurement(
        [
            _p99_of_prior_over_posterior(evidence),
            Figure(
                "mean of the posteriors, the latent farthest from 0",
                float(mean[np.abs(mean).argmax()]),
                _at_least_as_wide(_LATENT_MEAN, -far, far),
            ),
            Figure(
                "standard deviation of the posteriors, the latent farthest from 1",
                float(spread[np.abs(np.log(np.maximum(spread, 1e-6))).argmax()]),
                _at_least_as_wide(_LATENT_SPREAD, narrow, wide),
            ),
        ]
    )


def _p99_of_prior_over_posterior(evidence: Evidence) -> Figure:
    scores = evidence.scores
    prior, posterior = (scores.value("p99", "heavy_x", mode) for mode in ("prior", "posterior"))
    over = ratio(prior, posterior)
    healthy = scores.natural_variability.ratio("heavy_x", "p99")
    return Figure("P99 of prior / posterior members, heavy_x days", over, healthy)


def worst_by_chance(latents: int, days: int) -> tuple[float, float, float]:
    """Where the worst of standard normal latents lies by chance: |mean|, least and largest standard deviation.

    Each day counts as one value: members of a day, and cells of a channel, may say the same.
    """
    rare = CHANCE / (2 * latents)
    least, largest = scipy.stats.chi2.ppf([rare, 1 - rare], days - 1) / days
    return float(scipy.stats.norm.isf(rare)) / math.sqrt(days), math.sqrt(least), math.sqrt(largest)


def _at_least_as_wide(healthy: Range, lower: float, upper: float) -> Range:
    """The range, widened to hold what chance does."""
    warn, fail = ((min(low, lower), max(high, upper)) for low, high in (healthy.warn, healthy.fail))
    return Range(warn, fail, healthy.origin)


DIAGNOSES.add(
    Diagnosis(
        name="prior-posterior-gap",
        order=140,
        question="Are prior members drawn from where the posteriors of observed days lie?",
        measured="P99 of prior / posterior members; mean and standard deviation of the posteriors of many days in "
        "units of the prior, the worst latent",
        threshold_from="observed years; runs of the demo",
        advice="Prior members are unlike reconstructions: choose the checkpoint by prior samples "
        "(train.monitor: prior), and judge the model in prior mode only.",
        part="latents",
        changes=(Change("train.monitor", to="prior"),),
        measure=_prior_posterior_gap,
        needs=(POSTERIOR,),
        natural_variability_of=(pooled.p99,),
    )
)
