"""The results of the experiment as text: a sentence for each arm, and a page with a table for each network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from rainsmith.base.markdown import markdown_table
from rainsmith.experiment.arms import MEMBERS
from rainsmith.experiment.summary import ArmScore, ArmVerdict, arm_tables, arm_verdicts


def as_markdown(results: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """A page of Markdown: the sentences, then for each set of days a table for each network.

    Args:
        results: rows of ``experiment/results.csv``.
        comparisons: rows of ``experiment/comparisons.csv``.
    """
    parts = ["# Do synthetic days make a downscaler better?", "\n".join(f"- {text}" for text in sentences(comparisons))]
    parts.append(
        "Brackets hold the share of the control's loss that is saved (CSI and SEDI: of its distance to 1). The tables "
        "hold means over the seeds, in mm/day where a score has a unit; a dash stands where a seed has no value (SEDI "
        "without a hit). **Bold** is significantly better than every control, _italic_ significantly worse. `mapped` "
        "scores are taken after one monotone function, fitted on validation days, that makes the frequency bias 1."
    )
    split = results["split"].iloc[0]
    for days in results["days"].unique():
        for table in arm_tables(results, comparisons, days):
            rows = ([column, *map(_marked, scores)] for column, scores in table.rows)
            parts.append(f"## {table.network}, {days} days of the {split} split, {counted(table.seeds, 'seed')}")
            parts.append(markdown_table(["score", *table.arms], rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def sentences(comparisons: pd.DataFrame) -> list[str]:
    """One sentence for each network and arm, on the scores of all days that raining more cannot improve.

    Args:
        comparisons: rows of ``experiment/comparisons.csv``.
    """
    return [_sentence(verdict) for verdict in arm_verdicts(comparisons)]


def digits(value: float) -> str:
    """Four digits, since arms differ by little; a dash where a score is undefined."""
    return f"{value:#.4g}".rstrip(".") if math.isfinite(value) else "-"


def counted(number: int, noun: str) -> str:
    """``1 seed``, ``3 seeds``."""
    return f"{number} {noun}" + ("s" if number > 1 else "")


def _sentence(verdict: ArmVerdict) -> str:
    parts = [
        f"significantly {outcome} in {_listed(gains)}"
        for outcome, gains in (("better", verdict.better), ("worse", verdict.worse))
        if gains
    ]
    text = "; ".join(parts) or "no significant difference in any score"
    names = verdict.controls
    control = names[0] if len(names) == 1 else f"the better of {' and '.join(names)}"
    count = counted(verdict.compared, "score")
    if not verdict.arm.startswith(MEMBERS):
        return f"{verdict.network} trained on {verdict.arm}, against {control}: {text} ({count})."
    return f"Quantiles of {verdict.arm}, against {verdict.network} trained on {control}: {text} ({count})."


def _listed(gains: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{column} ({100 * gain:+.1f} %)" for column, gain in gains)


def _marked(score: ArmScore) -> str:
    text = digits(score.value)
    return {"": text, "better": f"**{text}**", "worse": f"_{text}_"}[score.outcome]
