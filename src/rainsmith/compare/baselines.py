"""Baselines in the table of the comparison: each stands there once for each data set, if the runs agree on it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from rainsmith.baselines.registry import BASELINES
from rainsmith.compare.evaluated import EvaluatedRun
from rainsmith.compare.figures import FIGURES, figures_of

MODE = "-"
"""Stands in the column ``mode`` of a baseline."""
TOLERANCE = 1e-4
"""Relative difference up to which two figures of the same baseline on the same data are the same."""


def baseline_rows(runs: Sequence[EvaluatedRun], split: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of all baselines, and notes on what a reader must know of them.

    Args:
        runs: the compared runs.
        split: that was evaluated.
    """
    by_data: dict[str, list[EvaluatedRun]] = {}
    for run in runs:
        by_data.setdefault(run.data, []).append(run)
    rows, notes = [], []
    if len(by_data) > 1:
        notes.append(
            f"The runs rest on {len(by_data)} different data sets or preparations: compare figures within one only, "
            "and each with its own baselines."
        )
    for group in by_data.values():
        for name in BASELINES.names():
            evaluated = [run for run in group if (run.metrics["model"] == name).any()]
            figures = [figures_of(run.metrics, name, MODE, split) for run in evaluated]
            agree = _all_agree(name, evaluated, figures)
            notes += _notes(name, evaluated, agree)
            for run, of_run in list(zip(evaluated, figures, strict=True))[: 1 if agree else None]:
                label = name if agree and len(by_data) == 1 else f"{name} ({run.label})"
                rows.append({"label": label, "kind": "baseline", "model": name, "mode": MODE} | of_run)
    return rows, notes


def _notes(name: str, runs: Sequence[EvaluatedRun], agree: bool) -> list[str]:
    if not agree:
        return [
            f"Baseline {name} differs between {', '.join(run.label for run in runs)}, although their data settings are "
            "the same: evaluate them again with the same members, seed and data."
        ]
    if BASELINES[name].drawn and len({run.seed for run in runs}) > 1:
        title = BASELINES[name].title
        return [f"{title[0].upper()}{title[1:]} is drawn anew with each seed; the one of {runs[0].label} is shown."]
    return []


def _all_agree(name: str, runs: Sequence[EvaluatedRun], figures: Sequence[dict[str, Any]]) -> bool:
    """Whether all runs have the same figures of a baseline."""
    pairs = itertools.combinations(zip(runs, figures, strict=True), 2)
    return all(_agree(name, one, other, same_seed=a.seed == b.seed) for (a, one), (b, other) in pairs)


def _agree(name: str, a: dict[str, Any], b: dict[str, Any], *, same_seed: bool) -> bool:
    """Whether two rows of a baseline are the same; another seed draws other members, and other ranks of ties."""
    if BASELINES[name].drawn and not same_seed:
        return True
    columns = [f"{metric} {days}" for metric, days in FIGURES if same_seed or metric != "rank_deviation"]
    left, right = ([row[column] for column in columns] for row in (a, b))
    return bool(np.allclose(left, right, rtol=TOLERANCE, atol=1e-9, equal_nan=True))
