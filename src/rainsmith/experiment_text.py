"""The experiment in words and tables: which arm is better in what, as sentences and as one table a network."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

CONTROLS = ("real", "oversampled")
"""What an arm with synthetic days has to beat: the better of the two."""
IN_WORDS = ("pinball_", "quantile_crps", "mae", "twcrps_p99", "mapped_csi_", "mapped_sedi_")
"""Scores that a forecast cannot improve by raining more; only they are put in words. With _ at the end: all of them."""
MEANS = ("unet",)
"""Networks that forecast the mean: of them the RMSE, too. That of a median falls when it rains more."""
EVENTS = ("p95", "p99", "20", "50")
"""Thresholds of events that the tables show, training quantiles or [mm/day]."""
SHOWN = (
    *["pinball_p*", "quantile_crps", "twcrps_p99", "mae", "mae_tail", "rmse", "kl_divergence"],
    *[f"{kind}_{event}" for kind in ("mapped_csi", "mapped_sedi", "csi", "sedi") for event in EVENTS],
)
"""Scores of a table in their order; * stands for any number."""

Outcome = Literal["", "better", "worse"]


@dataclass(frozen=True)
class Cell:
    """One figure: the mean over the seeds, and whether it is significantly better or worse than both controls."""

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
        (row.network, row.arm, row.score): "better" if row.gain > 0 else "worse" for row in judged.itertuples()
    }
    for network, of in chosen.groupby("network", sort=False):
        arms = list(of["arm"].unique())
        rows = []
        for score in ["validation_loss", *_shown(of.columns)]:
            means = of.groupby("arm")[score].mean()
            if means.notna().any():
                cells = [Cell(float(means[arm]), outcomes.get((str(network), arm, score), "")) for arm in arms]
                rows.append((score, cells))
        found.append(ArmTable(str(network), int(of.groupby("arm")["seed"].nunique().min()), arms, rows))
    return found


def _shown(columns: Sequence[str] | pd.Index) -> list[str]:
    """Columns in the order of ``SHOWN``."""
    patterns = [re.compile(name.replace("*", r"\d+")) for name in SHOWN]
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
        real = rows[rows["significant"].astype(bool)]
        better, worse = (real[real["gain"] > 0], real[real["gain"] < 0])
        parts = [
            f"{what} in {', '.join(_one(row) for _, row in some.iterrows())}"
            for what, some in (("significantly better", better), ("significantly worse", worse))
            if len(some)
        ]
        text = "; ".join(parts) if parts else "no significant difference in any score"
        about = f"{network} trained on {arm}, against the better of {' and '.join(CONTROLS)}"
        said.append(f"{about}: {text} ({len(rows)} scores).")
    return said


def as_markdown(results: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """A page of Markdown: the sentences, then for each set of days one table a network.

    Args:
        results: of ``experiment/results.csv``.
        comparisons: of ``experiment/comparisons.csv``.
    """
    parts = ["# Do synthetic days make a downscaler better?", "\n".join(f"- {text}" for text in sentences(comparisons))]
    parts.append(
        "Means over the seeds, in mm/day where a score has a unit. **Bold**: significantly better than *real* and than "
        "*oversampled*, where there are both; _italic_: significantly worse than both. `mapped`: after one monotone "
        "function, fitted on validation days, that makes the frequency bias 1."
    )
    for days in results["days"].unique():
        for table in arm_tables(results, comparisons, days):
            head = ["score", *table.arms]
            lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
            for score, cells in table.rows:
                lines.append("| " + " | ".join([score, *map(_marked, cells)]) + " |")
            seeds = f"{table.seeds} seed" + ("s" if table.seeds > 1 else "")
            parts.append(f"## {table.network}, {days} days of the {results['split'].iloc[0]} split, {seeds}")
            parts.append("\n".join(lines))
    return "\n\n".join(part for part in parts if part) + "\n"


def among(score: str, names: Sequence[str]) -> bool:
    """Whether a score is one of ``names``; a name that ends with _ stands for all that begin with it."""
    return any(score.startswith(name) if name.endswith("_") else score == name for name in names)


def _marked(cell: Cell) -> str:
    text = figure(cell.value)
    return {"": text, "better": f"**{text}**", "worse": f"_{text}_"}[cell.outcome]


def figure(value: float) -> str:
    """Four digits, since arms differ by little; a dash where a score is undefined."""
    return f"{value:#.4g}".rstrip(".") if math.isfinite(value) else "-"


def _one(row: pd.Series) -> str:
    return f"{row['score']} ({100 * row['gain']:+.1f} %)"
