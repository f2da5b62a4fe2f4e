"""The experiment in words and tables: which arm is better in what, as sentences and as one table a network."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rainsmith.base.markdown import markdown_table

CONTROLS = ("real", "oversampled")
"""What an arm with synthetic days has to beat: the better of the two."""
HIGHER = ("csi", "sedi")
"""Scores of which more is better; of all other compared ones less is."""
IN_WORDS = ("pinball_", "quantile_crps", "mae", "twcrps_p99", "mapped_csi_", "mapped_sedi_")
"""Scores that a forecast cannot improve by raining more; only they are put in words. With _ at the end: all of them."""
MEANS = ("unet",)
"""Networks that forecast the mean: of them the RMSE, too. That of a median falls when it rains more."""
SHOWN = (
    *["pinball_*", "quantile_crps", "twcrps_p99", "mae", "mae_tail", "rmse", "kl_divergence"],
    *["mapped_csi_*", "mapped_sedi_*", "csi_*", "sedi_*"],
)
"""Scores of a table in their order; * stands for any quantile or threshold."""

Outcome = Literal["", "better", "worse"]


@dataclass(frozen=True)
class Cell:
    """One figure: the mean over the seeds, and whether it is significantly better or worse than every control.

    NaN where the score is undefined in a seed (SEDI without a hit, say): a mean of the others would be of other trials.
    """

    value: float
    outcome: Outcome = ""


@dataclass(frozen=True)
class ArmTable:
    """The arms of one network.

    Attributes:
        network: its name.
        seeds: trainings an arm, at least.
        arms: the columns.
        rows: a score and its cell of every arm.
    """

    network: str
    seeds: int
    arms: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


def arm_tables(results: pd.DataFrame, comparisons: pd.DataFrame, days: str = "all") -> list[ArmTable]:
    """One table a network.

    Args:
        results: of ``experiment/results.csv``.
        comparisons: of ``experiment/comparisons.csv``.
        days: all or heavy_x.
    """
    found = []
    chosen = results[results["days"] == days]
    judged = comparisons[(comparisons["days"] == days) & comparisons["significant"].astype(bool)]
    outcomes: dict[tuple[str, str, str], Outcome] = {
        (row["network"], row["arm"], row["score"]): outcome(row) for _, row in judged.iterrows()
    }
    first = ["validation_loss"] if days == "all" else []  # it is that of all validation days
    for network, of in chosen.groupby("network", sort=False):
        arms = list(of["arm"].unique())
        rows = []
        for score in [*first, *_shown(of.columns)]:
            means = of.groupby("arm")[score].agg(lambda values: values.mean(skipna=False))
            if means.notna().any():
                cells = [Cell(float(means[arm]), outcomes.get((str(network), arm, score), "")) for arm in arms]
                rows.append((score, cells))
        found.append(ArmTable(str(network), int(of.groupby("arm")["seed"].nunique().min()), arms, rows))
    return found


def _shown(columns: Sequence[str] | pd.Index) -> list[str]:
    """Columns in the order of ``SHOWN``."""
    patterns = [re.compile(name.replace("*", r"p?[\d.]+")) for name in SHOWN]
    return [str(column) for pattern in patterns for column in columns if pattern.fullmatch(str(column))]


def sentences(table: pd.DataFrame) -> list[str]:
    """What the comparisons on all days say of the scores that raining more cannot improve, in one sentence an arm.

    Args:
        table: of ``experiment/comparisons.csv``.
    """
    said = []
    for network, arm in itertools.product(table["network"].unique(), table["arm"].unique()):
        rows = table[(table["network"] == network) & (table["arm"] == arm) & (table["days"] == "all")]
        words = (*IN_WORDS, "rmse") if network in MEANS else IN_WORDS
        rows = rows[[among(score, words) for score in rows["score"]]]
        if rows.empty:
            continue
        real = [row for _, row in rows.iterrows() if row["significant"]]
        parts = [
            f"significantly {what} in {', '.join(_one(row) for row in real if outcome(row) == what)}"
            for what in ("better", "worse")
            if any(outcome(row) == what for row in real)
        ]
        text = "; ".join(parts) if parts else "no significant difference in any score"
        count = f"{len(rows)} score" + ("s" if len(rows) > 1 else "")
        said.append(f"{network} trained on {arm}, against {_controls(rows)}: {text} ({count}).")
    return said


def outcome(row: pd.Series) -> Outcome:
    """The side of a significant row of ``comparisons.csv``."""
    return "better" if (row["difference"] > 0) == higher_is_better(row["score"]) else "worse"


def higher_is_better(score: str) -> bool:
    """Whether more of a score is better."""
    return score.removeprefix("mapped_").startswith(HIGHER)


def _controls(rows: pd.DataFrame) -> str:
    """The controls that an arm was held against, in words."""
    names = sorted(set(" ".join(rows["controls"]).split()), reverse=True)
    return names[0] if len(names) == 1 else f"the better of {' and '.join(names)}"


def as_markdown(results: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """A page of Markdown: the sentences, then for each set of days one table a network.

    Args:
        results: of ``experiment/results.csv``.
        comparisons: of ``experiment/comparisons.csv``.
    """
    parts = ["# Do synthetic days make a downscaler better?", "\n".join(f"- {text}" for text in sentences(comparisons))]
    parts.append(
        "Brackets above: share of the control's loss that is saved; for CSI and SEDI, of its distance to 1. Below: "
        "means over the seeds, in mm/day where a score has a unit, and a dash where a seed has no value (SEDI without "
        "a hit). **Bold**: significantly better than every control; _italic_: significantly worse than every control. "
        "`mapped`: after one monotone function, fitted on validation days, that makes the frequency bias 1."
    )
    for days in results["days"].unique():
        for table in arm_tables(results, comparisons, days):
            rows = ([score, *map(_marked, cells)] for score, cells in table.rows)
            seeds = f"{table.seeds} seed" + ("s" if table.seeds > 1 else "")
            parts.append(f"## {table.network}, {days} days of the {results['split'].iloc[0]} split, {seeds}")
            parts.append(markdown_table(["score", *table.arms], rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def among(score: str, names: Sequence[str]) -> bool:
    """Whether a score is one of ``names``; a name that ends with _ stands for all that begin with it."""
    return any(score.startswith(name) if name.endswith("_") else score == name for name in names)


def _marked(cell: Cell) -> str:
    text = digits(cell.value)
    return {"": text, "better": f"**{text}**", "worse": f"_{text}_"}[cell.outcome]


def digits(value: float) -> str:
    """Four digits, since arms differ by little; a dash where a score is undefined."""
    return f"{value:#.4g}".rstrip(".") if math.isfinite(value) else "-"


def _one(row: pd.Series) -> str:
    return f"{row['score']} ({100 * row['gain']:+.1f} %)"
