"""Failures that show in the log of a training: unfinished, unstable, a worse checkpoint than it had, latents."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from rainsmith.config.change import Change
from rainsmith.diagnose.evidence import Evidence, Training
from rainsmith.diagnose.finding import FROM_RUNS_OF_THE_DEMO, Figure, at_least, at_most, ratio
from rainsmith.diagnose.registry import DIAGNOSES, POSTERIOR, Diagnosis, Measurement

ACTIVE_NATS = 0.01
"""A latent is active where its KL, a value, is at least this (Burda et al. 2016, arXiv:1509.00519, use variance)."""
ALL_EPOCHS = 0.99
"""Share of the epochs from which a training is complete."""
_LARGEST_NATS = at_most(1.5, 4.0, FROM_RUNS_OF_THE_DEMO)


def _unfinished(evidence: Evidence) -> Measurement:
    share = min((len(one.rows) for one in evidence.trainings), default=0) / evidence.epochs_planned
    fall = _worst(_late_fall(one) for one in evidence.trainings)
    is_short, minutes = share < ALL_EPOCHS, evidence.settled_config.train.max_minutes
    return Measurement(
        [
            Figure("share of train.epochs done", share, at_least(ALL_EPOCHS, 0.5, FROM_RUNS_OF_THE_DEMO)),
            Figure(
                "fall of the best prior score over the last fifth", fall, at_most(0.02, 0.05, FROM_RUNS_OF_THE_DEMO)
            ),
        ],
        note=_of_pool(evidence),
        changes=(Change("train.max_minutes", times=1.1 / max(share, 0.01)),) if is_short and minutes else (),
    )


def _late_fall(training: Training) -> float:
    """How far the best tail score of prior members fell over the last fifth of a training, as a share of it."""
    scores = [row["validation"]["prior"]["tail_score"] for row in training.validated_epochs]
    best = np.minimum.accumulate(scores or [math.nan])
    earlier = best[max(0, math.ceil(0.8 * len(best)) - 1)]
    return ratio(float(earlier - best[-1]), float(earlier)) if len(best) > 4 else math.nan


def _worst(values: Iterable[float]) -> float:
    """The largest value over the networks of a pool that is known; nan where none is."""
    return max((value for value in values if not math.isnan(value)), default=math.nan)


def _of_pool(evidence: Evidence) -> str:
    """That a figure is that of the worst network; "" where there is one network."""
    count = len(evidence.trainings)
    return f"the worst of {count} networks" if count > 1 else ""


DIAGNOSES.add(
    Diagnosis(
        name="unfinished-training",
        order=150,
        question="Was the training complete, and had its score come to rest?",
        measured="share of the epochs done; fall of the best prior score over the last fifth",
        threshold_from="runs of the demo",
        advice="Train on (rainsmith train --resume), with more train.epochs where the score still falls; a training "
        "that early stopping or train.max_minutes ended is incomplete, too, if its learning rate had not come down.",
        part="training",
        changes=(Change("train.epochs", times=2.0),),
        measure=_unfinished,
    )
)


def _unstable(evidence: Evidence) -> Measurement:
    broken, rise = (_worst(figures) for figures in zip(*map(_jumps, evidence.trainings), strict=True))
    return Measurement(
        [
            Figure(
                "largest reconstruction error of an epoch / the best before it",
                rise,
                at_most(1.25, 2.0, FROM_RUNS_OF_THE_DEMO),
            ),
            Figure("share of epochs without a finite error", broken, at_most(0.0, 0.0, "any such epoch is a failure")),
        ],
        note=_of_pool(evidence),
    )


def _jumps(training: Training) -> tuple[float, float]:
    """The share of epochs without a finite error, and the largest error over the best before it."""
    error = np.array([row["train"]["rec"] for row in training.rows if "rec" in row["train"]])
    broken = float(np.mean(~np.isfinite(error))) if len(error) else math.nan
    if len(error) < 3 or broken:
        return broken, math.nan
    return broken, float((error[1:] / np.minimum.accumulate(error)[:-1]).max())


DIAGNOSES.add(
    Diagnosis(
        name="unstable-training",
        order=160,
        question="Did the reconstruction error of the training days jump?",
        measured="largest reconstruction error of an epoch over the best before it",
        threshold_from="runs of the demo",
        advice="Lower train.lr or train.grad_clip, set train.precision: fp32, lengthen train.lr_warmup_epochs.",
        part="training",
        changes=(Change("train.lr", times=0.5),),
        measure=_unstable,
    )
)


def _worse_checkpoint(evidence: Evidence) -> Measurement:
    excesses, best_epochs = zip(*map(_excess, evidence.trainings), strict=True)
    excess = _worst(excesses)
    in_use, best = (_listed(epochs) for epochs in ([one.epoch_in_use for one in evidence.trainings], best_epochs))
    name = "prior tail score of the checkpoint in use / of the one that prior samples choose - 1"
    notes = [f"in use: epoch {in_use}", _of_pool(evidence)]
    return Measurement(
        [Figure(name, excess, at_most(0.01, 0.03, FROM_RUNS_OF_THE_DEMO))],
        note="; ".join(filter(None, notes)),
        words={"best_epoch": best},
    )


def _listed(epochs: Iterable[int]) -> str:
    """Epochs counted from 1, each once."""
    return ", ".join(str(epoch + 1) for epoch in dict.fromkeys(epochs))


def _excess(training: Training) -> tuple[float, int]:
    """How much worse the epoch in use is than the one that prior samples chose, and which that is (-1: none)."""
    validated, in_use = training.validated_epochs, training.epoch_in_use
    scores = {row["epoch"]: row["validation"]["prior"]["tail_score"] for row in validated}
    kept = [row["epoch"] for row in validated if "prior" in row["validation"]["best"]]
    best_epoch = kept[-1] if kept else -1
    best = scores.get(best_epoch, math.nan)
    return (scores[in_use] / best - 1 if in_use in scores and best > 0 else math.nan), best_epoch


DIAGNOSES.add(
    Diagnosis(
        name="worse-checkpoint",
        order=170,
        question="Did the training have a better checkpoint, by prior samples, than the one in use?",
        measured="prior tail score of the checkpoint in use over that of the epoch that prior samples choose",
        threshold_from="runs of the demo",
        advice="Use the checkpoint that prior samples choose (sampling.checkpoint: best_prior; best epoch "
        "{best_epoch}), train with train.monitor: prior, and compare all saved epochs with rainsmith sweep.",
        part="training",
        changes=(Change("sampling.checkpoint", to="best_prior"), Change("train.monitor", to="prior")),
        measure=_worse_checkpoint,
    )
)


def _nats_a_value(evidence: Evidence) -> list[np.ndarray]:
    """KL of each latent a value [nats] at the last validation up to the checkpoint in use, of each network."""
    sizes = np.asarray(evidence.latent_sizes, dtype=np.float64)
    known = []
    for training in evidence.trainings:
        until = [row for row in training.validated_epochs if row["epoch"] <= training.epoch_in_use]
        kl = np.array(until[-1]["validation"].get("kl_per_dimension", []) if until else [], dtype=np.float64)
        if len(kl) and len(kl) == len(sizes):
            known.append(kl / sizes)
    return known


def _posterior_collapse(evidence: Evidence) -> Measurement:
    active = -_worst(-float(np.mean(nats >= ACTIVE_NATS)) for nats in _nats_a_value(evidence))
    name = f"share of latents with at least {ACTIVE_NATS:g} nats a value"
    figure = Figure(name, active, at_least(0.25, 0.15, FROM_RUNS_OF_THE_DEMO))
    return Measurement([figure], note=_of_pool(evidence))


DIAGNOSES.add(
    Diagnosis(
        name="posterior-collapse",
        order=180,
        question="Do the latents carry anything about the observed day?",
        measured="share of latents with at least 0.01 nats a value",
        threshold_from="runs of the demo",
        advice="The posterior equals the prior: weigh the KL divergence less, or raise its weight more slowly.",
        part="latents",
        measure=_posterior_collapse,
        needs=(POSTERIOR,),
    )
)


def _kl_explosion(evidence: Evidence) -> Measurement:
    largest = _worst(float(nats.max()) for nats in _nats_a_value(evidence))
    figure = Figure("largest KL of a latent [nats a value]", largest, _LARGEST_NATS)
    return Measurement([figure], note=_of_pool(evidence))


DIAGNOSES.add(
    Diagnosis(
        name="kl-explosion",
        order=190,
        question="Does the posterior run away from the prior?",
        measured="largest KL of a latent, nats a value",
        threshold_from="runs of the demo",
        advice="Latents carry more than a prior can give back: weigh the KL divergence more, or lower train.lr.",
        part="latents",
        changes=(Change("train.lr", times=0.5),),
        measure=_kl_explosion,
        needs=(POSTERIOR,),
    )
)
