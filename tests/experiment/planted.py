"""Planted trials and tables for the tests of the experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rainsmith.config import Config
from rainsmith.experiment.comparison import ScoredTrial
from tests.small import small_config

SMALL_NET = {"filters": 8, "blocks": 1, "fine_filters": 4, "steps": 4, "batch_size": 16, "validations": 2}
WEEKS = 52
SHIFTS = {"real": 0.05, "oversampled": 0.0, "prior-25": -0.1, "posterior-25": 0.0005, "prior-100": 0.2}


def config_of(**more: object) -> Config:
    """A configuration of a small experiment, with further values by dotted key (``__`` stands for the dot)."""
    values = {"augment__ratio": 0.5, "augment__checks": ["physical_range"], "downscale": SMALL_NET}
    arms = {"q-srdrn": ["real", "oversampled", "prior-10", "posterior-10"], "srdrn": ["real", "better-10"]}
    return small_config(**{**values, "experiment": {"arms": arms, "seeds": [0, 1]}, **more})


def planted(arm: str, seed: int, shift: float) -> ScoredTrial:
    """A trial whose loss is larger by ``shift``; all trials share the noise of the weeks."""
    weeks = np.random.default_rng(7).normal(0, 0.02, 201)
    own = np.random.default_rng([seed, len(arm)]).normal(0, 0.002, 201)
    loss = 1.0 + shift + weeks + own
    return ScoredTrial("q-srdrn", arm, seed, {"pinball_p99": loss, "mapped_sedi_20": 1.5 - loss, "mean": loss})


def planted_trials(shifts: dict[str, float], seeds: int = 3) -> list[ScoredTrial]:
    """Trials of several arms, each with the seeds 0, 1, ..."""
    return [planted(arm, seed, shift) for arm, shift in shifts.items() for seed in range(seeds)]


def results_of(trials: Sequence[ScoredTrial], split: str = "test", **columns: Any) -> pd.DataFrame:
    """``results.csv`` of planted trials: their scores, or the columns that are given in place of them."""
    rows = []
    for trial in trials:
        scores = columns or {name: values[0] for name, values in trial.scores.items()}
        row = {"network": trial.network, "arm": trial.arm, "seed": trial.seed, "split": split, "days": "all"}
        rows.append({**row, "validation_loss": 0.5, **scores})
    return pd.DataFrame(rows)
