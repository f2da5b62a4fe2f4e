"""Failures that show in the log of a training: unfinished, unstable, a worse checkpoint than it had, latents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rainsmith.config import Config
from rainsmith.diagnose.finding import Figure, Finding, at_least, at_most

DEMO = "healthy and spoilt runs of an artificial climate (docs/failure-modes.md)"
"""Origin of the bounds on the inside of a training."""
ACTIVE_NATS = 0.01
"""A latent is active where its KL, a value, is at least this (Burda et al. 2016, arXiv:1509.00519, use variance)."""


def findings(config: Config, log: Sequence[dict[str, Any]], taken: int, sizes: Sequence[int]) -> Iterator[Finding]:
    """What metrics.jsonl says.

    Args:
        config: of the training.
        log: rows of metrics.jsonl.
        taken: epoch (from 0) of the checkpoint that members are drawn from.
        sizes: values of each latent dimension or channel of one member (1 for a vector, cells for a map).
    """
    validated = [row for row in log if "validation" in row]
    yield _unfinished(config, log, validated)
    yield _unstable(log)
    yield _chosen(validated, taken)
    at_checkpoint = [row for row in validated if row["epoch"] <= taken]
    yield from _latents(at_checkpoint[-1] if at_checkpoint else None, sizes)


def _unfinished(config: Config, log: Sequence[dict[str, Any]], validated: Sequence[dict[str, Any]]) -> Finding:
    share = len(log) / config.train.epochs
    best = np.minimum.accumulate([row["validation"]["prior"]["tail_score"] for row in validated] or [math.nan])
    earlier = best[max(0, math.ceil(0.8 * len(best)) - 1)]
    falling = (earlier - best[-1]) / earlier if len(best) > 4 else math.nan
    return Finding(
        "unfinished-training",
        "Was the training complete, and had its score come to rest?",
        [
            Figure("share of train.epochs done", share, at_least(0.99, 0.5, DEMO)),
            Figure("fall of the best prior score over the last fifth", falling, at_most(0.02, 0.05, DEMO)),
        ],
        "Train on (rainsmith train --resume), with more train.epochs where the score still falls; a training that "
        "early stopping or max_minutes ended is incomplete, too, if its learning rate had not come down.",
    )


def _unstable(log: Sequence[dict[str, Any]]) -> Finding:
    loss = np.array([row["train"]["rec"] for row in log if "rec" in row["train"]])
    broken = float(np.mean(~np.isfinite(loss))) if len(loss) else math.nan
    rise = math.nan
    if len(loss) > 2 and broken == 0:
        before = np.minimum.accumulate(loss)[:-1]
        rise = float((loss[1:] / before).max())
    return Finding(
        "unstable-training",
        "Did the reconstruction error of the training days jump?",
        [
            Figure("largest reconstruction error of an epoch / the best before it", rise, at_most(1.25, 2.0, DEMO)),
            Figure("share of epochs without a finite error", broken, at_most(0.0, 0.0, "any such epoch is a failure")),
        ],
        "Lower train.lr or train.grad_clip, set train.precision: fp32, lengthen lr_warmup_epochs.",
    )


def _chosen(validated: Sequence[dict[str, Any]], taken: int) -> Finding:
    scores = {row["epoch"]: row["validation"]["prior"]["tail_score"] for row in validated}
    kept = [row["epoch"] for row in validated if "prior" in row["validation"]["best"]]
    epoch = kept[-1] if kept else -1
    best = scores.get(epoch, math.nan)
    more = scores[taken] / best - 1 if taken in scores and best > 0 else math.nan
    return Finding(
        "worse-checkpoint",
        "Did the training have a better checkpoint, by prior samples, than the one in use?",
        [
            Figure(
                "prior tail score of the checkpoint in use / of the one that prior samples choose - 1",
                more,
                at_most(0.01, 0.03, DEMO),
            )
        ],
        f"Use the checkpoint that prior samples choose (sampling.checkpoint: best_prior; best epoch {epoch + 1}), "
        "train with monitor: prior, and compare all saved epochs with rainsmith sweep.",
        note=f"in use: epoch {taken + 1}",
    )


def _latents(row: dict[str, Any] | None, sizes: Sequence[int]) -> Iterator[Finding]:
    kl = np.array(row["validation"]["kl_per_dimension"] if row is not None else [], dtype=np.float64)
    each = kl / np.asarray(sizes, dtype=np.float64) if len(kl) == len(sizes) else np.array([])
    active = float(np.mean(each >= ACTIVE_NATS)) if len(each) else math.nan
    largest = float(each.max()) if len(each) else math.nan
    yield Finding(
        "posterior-collapse",
        "Do the latents carry anything about the observed day?",
        [Figure(f"share of latents with at least {ACTIVE_NATS:g} nats a value", active, at_least(0.25, 0.15, DEMO))],
        "The posterior equals the prior: lower objective.w_kl, lengthen objective.warmup_epochs, set "
        "objective.free_bits.",
    )
    yield Finding(
        "kl-explosion",
        "Does the posterior run away from the prior?",
        [Figure("largest KL of a latent [nats a value]", largest, at_most(1.5, 4.0, DEMO))],
        "Latents carry more than a prior can give back: raise objective.w_kl, shorten objective.warmup_epochs, lower "
        "train.lr.",
    )
