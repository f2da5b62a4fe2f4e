"""Arms against the better control: differences with intervals over weeks and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from rainsmith.experiment.text import CONTROLS, IN_WORDS, among, higher_is_better
from rainsmith.metrics.bootstrap import LEVEL, interval

COMPARED = (*IN_WORDS, "rmse", "mae_tail", "kl_divergence", "csi_", "sedi_")
"""Scores that are compared."""
COLUMNS = [
    *["network", "arm", "control", "days", "score", "value", "control_value", "difference", "lower", "upper", "p"],
    *["gain", "seeds", "significant", "controls"],
]
"""Columns of ``comparisons.csv``; ``gain``: share of the control's loss, or of its distance to 1, that is saved;
``controls``: all that have the score, ``control`` being the better of them."""


@dataclass(frozen=True)
class Scored:
    """One trial.

    Attributes:
        network: what was trained.
        arm: on which days.
        seed: of the training.
        scores: (resample,) by name, the value itself first.
    """

    network: str
    arm: str
    seed: int
    scores: Mapping[str, np.ndarray]


def compare(found: Sequence[Scored], day_set: str, weeks: int) -> pd.DataFrame:
    """Every arm with synthetic days against the better of ``real`` and ``oversampled``, score by score.

    The difference is the mean over the seeds that both have. Its standard error joins that over weeks, from their
    resamples, and that over seeds; interval (90 %) and p are those of a t distribution whose degrees of freedom follow
    from the two. *Significant*: against each control, the interval excludes 0, the interval over weeks of every seed by
    itself does so on the same side, and no seed is missing. One seed is never significant, and has no interval.

    Args:
        found: scored trials.
        day_set: the days they were scored on.
        weeks: how many weeks those days lie in.

    References:
        Welch (1947), doi:10.1093/biomet/34.1-2.28, for the degrees of freedom.
    """
    rows = []
    by_arm: dict[tuple[str, str], dict[int, Mapping[str, np.ndarray]]] = {}
    for trial in found:
        by_arm.setdefault((trial.network, trial.arm), {})[trial.seed] = trial.scores
    for (network, arm), trials in by_arm.items():
        if arm in CONTROLS:
            continue
        controls = {name: by_arm[network, name] for name in CONTROLS if (network, name) in by_arm}
        for score in next(iter(trials.values())):
            if not among(score, COMPARED):
                continue
            sign = 1.0 if higher_is_better(score) else -1.0
            each = {name: _against(trials, control, score, sign, weeks) for name, control in controls.items()}
            known = {name: row for name, row in each.items() if row is not None}
            if known:
                control = max(known, key=lambda name: sign * known[name]["control_value"])
                sides = {_side(row) for row in known.values()}
                significant = len(sides) == 1 and sides != {0}
                row = {**known[control], "control": control, "significant": significant, "controls": " ".join(known)}
                rows.append({"network": network, "arm": arm, "days": day_set, "score": score, **row})
    return pd.DataFrame(rows, columns=COLUMNS)


def _against(
    trials: Mapping[int, Mapping[str, np.ndarray]],
    control: Mapping[int, Mapping[str, np.ndarray]],
    score: str,
    sign: float,
    weeks: int,
) -> dict[str, Any] | None:
    """One row without its names; None where the score is undefined (without a hit, say) in every seed of either."""
    both = sorted(set(trials) & set(control))
    seeds = [s for s in both if np.isfinite(trials[s][score][0]) and np.isfinite(control[s][score][0])]
    if not seeds:
        return None
    ours, theirs = (np.array([of[s][score] for s in seeds]) for of in (trials, control))
    difference = ours - theirs  # (seed, resample)
    mean = float(difference[:, 0].mean())
    error, freedom = _standard_error(difference, weeks)
    lower, upper = (mean + bound * error for bound in t.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], freedom))
    loss = 1 - theirs[:, 0].mean() if sign > 0 else theirs[:, 0].mean()
    return {
        "value": ours[:, 0].mean(),
        "control_value": theirs[:, 0].mean(),
        "difference": mean,
        "lower": float(lower),
        "upper": float(upper),
        "p": float(mean == 0) if error == 0 else float(2 * t.sf(abs(mean) / error, freedom)),
        "gain": sign * mean / loss if loss > 0 else np.nan,
        "seeds": len(seeds),
        "each": [interval(one) for one in difference] if len(seeds) == len(both) else [],
    }


def _standard_error(difference: np.ndarray, weeks: int) -> tuple[float, float]:
    """Of the mean over seeds of (seed, 1 + resample) differences, and its degrees of freedom; NaN for one seed."""
    seeds = len(difference)
    over_weeks = difference[:, 1:].mean(axis=0)
    if seeds < 2 or weeks < 2 or not np.isfinite(over_weeks).mean() > 0.95:
        return np.nan, np.nan
    within = float(np.nanvar(over_weeks, ddof=1)) * weeks / (weeks - 1)
    between = float(np.var(difference[:, 0], ddof=1)) / seeds
    parts = within**2 / (weeks - 1) + between**2 / (seeds - 1)
    return float(np.sqrt(within + between)), (within + between) ** 2 / parts if parts > 0 else np.inf


def _side(row: Mapping[str, Any]) -> int:
    """1 where the difference is above 0 beyond chance, -1 below, 0 where that cannot be told."""
    bounds = [(row["lower"], row["upper"]), *row["each"]]
    if row["each"] and all(lower > 0 for lower, _ in bounds):
        return 1
    return -1 if row["each"] and all(upper < 0 for _, upper in bounds) else 0
