"""What the two tables of the experiment say, as records: a table for each network, and a verdict on each arm."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rainsmith.experiment.compared_scores import VALIDATION_LOSS, compared_score, in_table_order
from rainsmith.models.registry import NETWORKS

Outcome = Literal["", "better", "worse"]
RESULT_COLUMNS = ("network", "arm", "seed", "split", "days", VALIDATION_LOSS)
"""Columns without which ``results.csv`` is of no use, beside those of the scores."""


@dataclass(frozen=True)
class ArmScore:
    """One figure of an arm.

    Attributes:
        value: the mean over the seeds. It is NaN where one seed has none (SEDI without a hit, say), because a mean of
            the others would be one of other trials.
        outcome: whether it is significantly better or worse than every control; "" where it is neither.
    """

    value: float
    outcome: Outcome = ""


@dataclass(frozen=True)
class ArmTable:
    """The arms of one network on one set of days.

    Attributes:
        network: its name.
        seeds: the least number of trials that an arm has.
        arms: the columns.
        rows: a score, and its figure in every arm.
    """

    network: str
    seeds: int
    arms: Sequence[str]
    rows: Sequence[tuple[str, Sequence[ArmScore]]]


@dataclass(frozen=True)
class ArmVerdict:
    """What the comparisons say of one arm, in the scores that raining more cannot improve.

    Attributes:
        network: that was trained.
        arm: its name.
        controls: that it was compared with.
        better: scores in which it is significantly better, each with its gain.
        worse: scores in which it is significantly worse, each with its gain.
        compared: the number of scores.
    """

    network: str
    arm: str
    controls: Sequence[str]
    better: Sequence[tuple[str, float]]
    worse: Sequence[tuple[str, float]]
    compared: int


def arm_tables(results: pd.DataFrame, comparisons: pd.DataFrame, days: str = "all") -> list[ArmTable]:
    """One table for each network.

    Args:
        results: rows of ``experiment/results.csv``.
        comparisons: rows of ``experiment/comparisons.csv``.
        days: all or heavy_x.
    """
    significant = comparisons[(comparisons["days"] == days) & comparisons["significant"].astype(bool)]
    outcomes = {(row["network"], row["arm"], row["score"]): _outcome(row) for _, row in significant.iterrows()}
    uncompared = [VALIDATION_LOSS] if days == "all" else []  # it is the loss of all validation days
    tables = []
    for network, trials in results[results["days"] == days].groupby("network", sort=False):
        arms = list(trials["arm"].unique())
        rows = []
        for column in [*uncompared, *in_table_order(map(str, trials.columns))]:
            means = trials.groupby("arm")[column].agg(_mean_of_all)
            if means.notna().any():
                scores = [ArmScore(float(means[arm]), outcomes.get((network, arm, column), "")) for arm in arms]
                rows.append((column, scores))
        seeds = int(trials.groupby("arm")["seed"].nunique().min())
        tables.append(ArmTable(str(network), seeds, arms, rows))
    return tables


def _mean_of_all(values: pd.Series) -> float:
    """The mean; NaN if one value is missing."""
    return float(values.mean(skipna=False))


def arm_verdicts(comparisons: pd.DataFrame) -> list[ArmVerdict]:
    """One verdict for each network and arm, on all days.

    Args:
        comparisons: rows of ``experiment/comparisons.csv``.
    """
    all_days = comparisons[comparisons["days"] == "all"]
    verdicts = []
    for network, arm in itertools.product(comparisons["network"].unique(), comparisons["arm"].unique()):
        rows = all_days[(all_days["network"] == network) & (all_days["arm"] == arm)]
        rows = rows[[_counts(column, network) for column in rows["score"]]]
        if rows.empty:
            continue
        gains: dict[Outcome, list[tuple[str, float]]] = {"better": [], "worse": []}
        for _, row in rows[rows["significant"].astype(bool)].iterrows():
            gains[_outcome(row)].append((row["score"], float(row["gain"])))
        controls = sorted(set(" ".join(rows["controls"]).split()), reverse=True)
        verdicts.append(ArmVerdict(network, arm, controls, gains["better"], gains["worse"], len(rows)))
    return verdicts


def _counts(column: str, network: str) -> bool:
    """Whether a score of a network counts for its verdict."""
    score = compared_score(column)
    if score is None or score.in_sentences == "none":
        return False
    return score.in_sentences == "all" or (network in NETWORKS and NETWORKS[network].forecasts_mean)


def _outcome(row: pd.Series) -> Outcome:
    """Which side a significant row of ``comparisons.csv`` lies on."""
    score = compared_score(row["score"])
    higher_is_better = score is not None and score.higher_is_better
    return "better" if (row["difference"] > 0) == higher_is_better else "worse"
