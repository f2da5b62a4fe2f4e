"""Failures that show in the nearest training days: members that copy them, and scored days that training has seen."""

from __future__ import annotations

import math

import numpy as np

from rainsmith.base.dims import SPLITS, TIME, in_split
from rainsmith.config.change import Change
from rainsmith.diagnose.evidence import Evidence
from rainsmith.diagnose.finding import Figure, at_most
from rainsmith.diagnose.nearest_days import distances_to_nearest, rain_patterns
from rainsmith.diagnose.registry import DIAGNOSES, Diagnosis, Measurement
from rainsmith.metrics.bootstrap import calendar_blocks

SAME_DAY = 1e-4
"""1 - correlation of log1p mm below which two days are one day: packing and rounding leave less."""
_NEXT = 10
"""A copy is much closer to one training day than to the tenth nearest; a smooth field is about as close to many."""
_SHARE = 0.05
_AS_UNSEEN_DAYS = at_most(
    3 * _SHARE,
    6 * _SHARE,
    "unseen observed days, of which 5 % are as close to one training day: 3 and 6 times that share",
)
_MOST_DAYS = 200
"""Number of members, drawn at random, that are compared with all training days."""


def _memorisation(evidence: Evidence) -> Measurement:
    members, cells, training = evidence.first_member, evidence.valid_cells, evidence.training_patterns
    scored = evidence.store.isel({TIME: np.flatnonzero(np.isin(evidence.store[TIME].values, members[TIME].values))})
    generator = np.random.default_rng([evidence.config.seed, 5])
    chosen = np.sort(generator.permutation(scored.sizes[TIME])[:_MOST_DAYS])
    unseen, drawn = (
        distances_to_nearest(rain_patterns(rain.isel({TIME: chosen}), cells), training, _NEXT)
        for rain in (scored["precip"], members)
    )
    isolation, isolation_of_unseen = (_finite(near[:, 0] / np.maximum(near[:, -1], 1e-9)) for near in (drawn, unseen))
    share, note = math.nan, ""
    if isolation.size and isolation_of_unseen.size:
        share = float(np.mean(isolation < np.quantile(isolation_of_unseen, _SHARE)))
        medians = f"members {np.nanmedian(drawn[:, 0]):.3g}, unseen days {np.nanmedian(unseen[:, 0]):.3g} (medians)"
        note = f"1 - correlation of log1p mm with the nearest training day: {medians}"
    name = f"share of members as close to one training day, next to the {_NEXT}th, as few unseen days are"
    nearest = _finite(drawn[:, 0])
    copies = float(np.mean(nearest < SAME_DAY)) if nearest.size else math.nan
    return Measurement(
        [
            Figure(name, share, _AS_UNSEEN_DAYS),
            Figure("share of members that are a training day", copies, at_most(0.0, 0.01, "a copy is a copy")),
        ],
        note=note,
    )


DIAGNOSES.add(
    Diagnosis(
        name="memorisation",
        order=110,
        question="Are synthetic days copies of training days?",
        measured="share of members as close to one training day, relative to the tenth nearest, as 5 % of unseen "
        "observed days are",
        threshold_from="unseen days",
        advice="The model repeats what it saw: more weight decay (train.weight_decay) and dropout, fewer epochs, a "
        "smaller network.",
        part="training",
        changes=(Change("train.weight_decay", times=2.0),),
        measure=_memorisation,
    )
)


def _leakage(evidence: Evidence) -> Measurement:
    store, split = evidence.store, evidence.split
    days = in_split(store, split)
    patterns = rain_patterns(days["precip"], evidence.valid_cells)
    nearest = _finite(distances_to_nearest(patterns, evidence.training_patterns, 1)[:, 0])
    number, split_of_day = calendar_blocks(store[TIME], 1), store["split"].values
    trained = number[split_of_day == SPLITS.index("train")]
    scored = number[split_of_day == SPLITS.index(split)]
    beside = np.isin(scored[:, None] + np.array([-1, 0, 1]), trained).any(axis=1)
    edges = "a boundary of whole years leaves at most one day a split; 1 and 10 % of the days"
    return Measurement(
        [
            Figure(
                f"share of {split} days that are a training day",
                float(np.sum(nearest < SAME_DAY) / days.sizes[TIME]) if nearest.size else math.nan,
                at_most(0.0, 0.01, "no two days of rain are the same"),
            ),
            Figure(f"share of {split} days beside a training day", float(beside.mean()), at_most(0.01, 0.10, edges)),
        ]
    )


DIAGNOSES.add(
    Diagnosis(
        name="leakage",
        order=120,
        question="Are {split} days known from training?",
        measured="share of scored days that are a training day, or lie beside one",
        threshold_from="whole years",
        advice="Split by whole years (data.splits), look for repeated files, and score again: these scores are too "
        "good.",
        part="data",
        measure=_leakage,
    )
)


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]
