"""Differences between the arms with synthetic days and the better control, with intervals over weeks and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from rainsmith.experiment.arms import CONTROLS
from rainsmith.experiment.compared_scores import compared_score
from rainsmith.metrics.bootstrap import LEVEL, interval

COLUMNS = [
    *["network", "arm", "control", "days", "score", "value", "control_value", "difference", "lower", "upper", "p"],
    *["gain", "seeds", "significant", "controls"],
]
"""Columns of ``comparisons.csv``. ``gain`` is the share of the control's loss, or of its distance to 1, that is saved.
``controls`` names all controls that have the score, and ``control`` the better of them."""
NUMBERS = ("value", "control_value", "difference", "lower", "upper", "gain")
"""Those of them that hold numbers and are shown."""

SeedScores = Mapping[int, Mapping[str, np.ndarray]]
"""Scores of one arm: (resample,) by seed and score."""


@dataclass(frozen=True)
class ScoredTrial:
    """The scores of one trial.

    Attributes:
        network: what was trained.
        arm: name of the arm it was trained on.
        seed: of the training.
        scores: (resample,) by score; the first value is that of the days themselves.
    """

    network: str
    arm: str
    seed: int
    scores: Mapping[str, np.ndarray]


def compare_arms(scored: Sequence[ScoredTrial], day_set: str, weeks: int) -> pd.DataFrame:
    """Compare every arm that has synthetic days with the better of the controls, score by score.

    The difference is the mean over the seeds that both arms have. Its standard error joins the one over weeks, from
    the resamples, and the one over seeds. The 90 % interval and p are those of a t distribution whose degrees of
    freedom follow from the two. A difference is *significant* where, against each control, this interval excludes 0,
    the interval over weeks of every single seed excludes 0 on the same side, and no seed lacks a value. One seed has
    no interval and is never significant.

    Args:
        scored: all trials.
        day_set: the days that they were scored on.
        weeks: the number of weeks that hold those days.

    Returns:
        A row for each network, arm and score, with the columns ``COLUMNS``.

    References:
        Welch (1947), doi:10.1093/biomet/34.1-2.28, for the degrees of freedom.
    """
    by_arm: dict[tuple[str, str], dict[int, Mapping[str, np.ndarray]]] = {}
    for trial in scored:
        by_arm.setdefault((trial.network, trial.arm), {})[trial.seed] = trial.scores
    rows = []
    for (network, arm), ours in by_arm.items():
        if arm in CONTROLS:
            continue
        controls = {name: by_arm[network, name] for name in CONTROLS if (network, name) in by_arm}
        for column in next(iter(ours.values())):
            row = _against_controls(ours, controls, column, weeks)
            if row is not None:
                rows.append({"network": network, "arm": arm, "days": day_set, "score": column, **row})
    return pd.DataFrame(rows, columns=COLUMNS)


def _against_controls(
    ours: SeedScores, controls: Mapping[str, SeedScores], column: str, weeks: int
) -> dict[str, Any] | None:
    """The row of one score against the better control; None where it is not compared, or undefined."""
    score = compared_score(column)
    if score is None:
        return None
    sign = 1.0 if score.higher_is_better else -1.0
    against = {name: _against(ours, control, column, sign, weeks) for name, control in controls.items()}
    known = {name: row for name, row in against.items() if row is not None}
    if not known:
        return None
    merits = {name: sign * row["control_value"] for name, row in known.items()}
    better = max(merits, key=merits.__getitem__)
    sides = {_side(row) for row in known.values()}
    significant = len(sides) == 1 and sides != {0}
    return {**known[better], "control": better, "significant": significant, "controls": " ".join(known)}


def _against(ours: SeedScores, theirs: SeedScores, column: str, sign: float, weeks: int) -> dict[str, Any] | None:
    """Difference from one control; None where no seed has the score (SEDI without a hit, say) in both arms."""
    both = sorted(set(ours) & set(theirs))
    seeds = [seed for seed in both if np.isfinite([ours[seed][column][0], theirs[seed][column][0]]).all()]
    if not seeds:
        return None
    values, control_values = (np.array([arm[seed][column] for seed in seeds]) for arm in (ours, theirs))
    difference = values - control_values  # (seed, resample)
    mean = float(difference[:, 0].mean())
    error, freedom = _standard_error(difference, weeks)
    lower, upper = (mean + bound * error for bound in scipy.stats.t.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], freedom))
    loss = 1 - control_values[:, 0].mean() if sign > 0 else control_values[:, 0].mean()
    return {
        "value": values[:, 0].mean(),
        "control_value": control_values[:, 0].mean(),
        "difference": mean,
        "lower": float(lower),
        "upper": float(upper),
        "p": float(mean == 0) if error == 0 else float(2 * scipy.stats.t.sf(abs(mean) / error, freedom)),
        "gain": sign * mean / loss if loss > 0 else np.nan,
        "seeds": len(seeds),
        "interval_of_each_seed": [interval(one) for one in difference] if len(seeds) == len(both) else [],
    }


def _standard_error(difference: np.ndarray, weeks: int) -> tuple[float, float]:
    """Standard error of the mean over seeds, and its degrees of freedom; NaN for one seed or one week.

    Args:
        difference: (seed, 1 + resample).
        weeks: that the resamples were drawn from.
    """
    seeds = len(difference)
    over_weeks = difference[:, 1:].mean(axis=0)
    if seeds < 2 or weeks < 2 or not np.isfinite(over_weeks).mean() > 0.95:
        return np.nan, np.nan
    within = float(np.nanvar(over_weeks, ddof=1)) * weeks / (weeks - 1)
    between = float(np.var(difference[:, 0], ddof=1)) / seeds
    parts = within**2 / (weeks - 1) + between**2 / (seeds - 1)
    return float(np.sqrt(within + between)), (within + between) ** 2 / parts if parts > 0 else np.inf


def _side(row: Mapping[str, Any]) -> int:
    """1 where the difference is above 0 beyond chance, -1 where it is below, 0 where that cannot be told."""
    of_seeds = row["interval_of_each_seed"]
    bounds = [(row["lower"], row["upper"]), *of_seeds]
    if of_seeds and all(lower > 0 for lower, _ in bounds):
        return 1
    return -1 if of_seeds and all(upper < 0 for _, upper in bounds) else 0
