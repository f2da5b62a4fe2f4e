"""Failures that show in the log of a training: unfinished, unstable, a worse checkpoint than it had, latents."""

from __future__ import annotations

import math

import numpy as np

from rainsmith.diagnose.evidence import Evidence
from rainsmith.diagnose.finding import FROM_RUNS_OF_THE_DEMO, Figure, at_least, at_most, ratio
from rainsmith.diagnose.registry import DIAGNOSES, POSTERIOR, Diagnosis, Measurement

ACTIVE_NATS = 0.01
"""A latent is active where its KL, a value, is at least this (Burda et al. 2016, arXiv:1509.00519, use variance)."""
_LARGEST_NATS = at_most(1.5, 4.0, FROM_RUNS_OF_THE_DEMO)


def _unfinished(evidence: Evidence) -> Measurement:
    share = len(evidence.training_log) / evidence.epochs_planned
    scores = [row["validation"]["prior"]["tail_score"] for row in evidence.validated_epochs]
    best = np.minimum.accumulate(scores or [math.nan])
    earlier = best[max(0, math.ceil(0.8 * len(best)) - 1)]
    fall = ratio(float(earlier - best[-1]), float(earlier)) if len(best) > 4 else math.nan
    return Measurement(
        [
            Figure("share of train.epochs done", share, at_least(0.99, 0.5, FROM_RUNS_OF_THE_DEMO)),
            Figure(
                "fall of the best prior score over the last fifth", fall, at_most(0.02, 0.05, FROM_RUNS_OF_THE_DEMO)
            ),
        ]
    )


DIAGNOSES.add(
    Diagnosis(
        name="unfinished-training",
        order=150,
        question="Was the training complete, and had its score come to rest?",
        measured="share of the epochs done; fall of the best prior score over the last fifth",
        threshold_from="runs of the demo",
        advice="Train on (rainsmith train --resume), with more train.epochs where the score still falls; a training "
        "that early stopping or train.max_minutes ended is incomplete, too, if its learning rate had not come down.",
        measure=_unfinished,
    )
)


def _unstable(evidence: Evidence) -> Measurement:
    error = np.array([row["train"]["rec"] for row in evidence.training_log if "rec" in row["train"]])
    broken = float(np.mean(~np.isfinite(error))) if len(error) else math.nan
    rise = math.nan
    if len(error) > 2 and broken == 0:
        best_before = np.minimum.accumulate(error)[:-1]
        rise = float((error[1:] / best_before).max())
    return Measurement(
        [
            Figure(
                "largest reconstruction error of an epoch / the best before it",
                rise,
                at_most(1.25, 2.0, FROM_RUNS_OF_THE_DEMO),
            ),
            Figure("share of epochs without a finite error", broken, at_most(0.0, 0.0, "any such epoch is a failure")),
        ]
    )


DIAGNOSES.add(
    Diagnosis(
        name="unstable-training",
        order=160,
        question="Did the reconstruction error of the training days jump?",
        measured="largest reconstruction error of an epoch over the best before it",
        threshold_from="runs of the demo",
        advice="Lower train.lr or train.grad_clip, set train.precision: fp32, lengthen train.lr_warmup_epochs.",
        measure=_unstable,
    )
)


def _worse_checkpoint(evidence: Evidence) -> Measurement:
    in_use, validated = evidence.epoch_in_use, evidence.validated_epochs
    scores = {row["epoch"]: row["validation"]["prior"]["tail_score"] for row in validated}
    kept = [row["epoch"] for row in validated if "prior" in row["validation"]["best"]]
    best_epoch = kept[-1] if kept else -1
    best = scores.get(best_epoch, math.nan)
    excess = scores[in_use] / best - 1 if in_use in scores and best > 0 else math.nan
    name = "prior tail score of the checkpoint in use / of the one that prior samples choose - 1"
    return Measurement(
        [Figure(name, excess, at_most(0.01, 0.03, FROM_RUNS_OF_THE_DEMO))],
        note=f"in use: epoch {in_use + 1}",
        words={"best_epoch": str(best_epoch + 1)},
    )


DIAGNOSES.add(
    Diagnosis(
        name="worse-checkpoint",
        order=170,
        question="Did the training have a better checkpoint, by prior samples, than the one in use?",
        measured="prior tail score of the checkpoint in use over that of the epoch that prior samples choose",
        threshold_from="runs of the demo",
        advice="Use the checkpoint that prior samples choose (sampling.checkpoint: best_prior; best epoch "
        "{best_epoch}), train with train.monitor: prior, and compare all saved epochs with rainsmith sweep.",
        measure=_worse_checkpoint,
    )
)


def _nats_a_value(evidence: Evidence) -> np.ndarray:
    """KL of each latent a value [nats] at the last validation up to the checkpoint in use; empty where unknown."""
    until = [row for row in evidence.validated_epochs if row["epoch"] <= evidence.epoch_in_use]
    kl = np.array(until[-1]["validation"].get("kl_per_dimension", []) if until else [], dtype=np.float64)
    sizes = np.asarray(evidence.latent_sizes, dtype=np.float64)
    return kl / sizes if len(kl) == len(sizes) else np.array([])


def _posterior_collapse(evidence: Evidence) -> Measurement:
    nats = _nats_a_value(evidence)
    active = float(np.mean(nats >= ACTIVE_NATS)) if len(nats) else math.nan
    name = f"share of latents with at least {ACTIVE_NATS:g} nats a value"
    return Measurement([Figure(name, active, at_least(0.25, 0.15, FROM_RUNS_OF_THE_DEMO))])


DIAGNOSES.add(
    Diagnosis(
        name="posterior-collapse",
        order=180,
        question="Do the latents carry anything about the observed day?",
        measured="share of latents with at least 0.01 nats a value",
        threshold_from="runs of the demo",
        advice="The posterior equals the prior: weigh the KL divergence less, or raise its weight more slowly.",
        measure=_posterior_collapse,
        needs=(POSTERIOR,),
    )
)


def _kl_explosion(evidence: Evidence) -> Measurement:
    nats = _nats_a_value(evidence)
    largest = float(nats.max()) if len(nats) else math.nan
    return Measurement([Figure("largest KL of a latent [nats a value]", largest, _LARGEST_NATS)])


DIAGNOSES.add(
    Diagnosis(
        name="kl-explosion",
        order=190,
        question="Does the posterior run away from the prior?",
        measured="largest KL of a latent, nats a value",
        threshold_from="runs of the demo",
        advice="Latents carry more than a prior can give back: weigh the KL divergence more, or lower train.lr.",
        measure=_kl_explosion,
        needs=(POSTERIOR,),
    )
)
