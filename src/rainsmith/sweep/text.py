"""The ranking in sentences."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from rainsmith.metrics.registry import METRICS

TAIL_SCORE = "tail_score"
PICTURED = (TAIL_SCORE, "crps", "rank_deviation", "max_daily", "p99", "diversity")
"""Scores that the picture shows."""
_KEPT_BY_TRAINING = {
    "best_tail": "by reconstruction, as the reference chooses",
    "best_prior": "by prior samples",
}
"""Checkpoints that training keeps as the best, and how it chooses them."""


def titles_of(scores: Iterable[str]) -> dict[str, str]:
    """The titles of scores of ``sweep.csv``, named without their mode."""
    return {name: "Tail score [mm/day]" if name == TAIL_SCORE else METRICS[name].heading for name in scores}


def sentences_of(table: pd.DataFrame) -> list[str]:
    """Which checkpoint is the best, and what those that training would have taken cost beside it.

    Args:
        table: of ``sweep.csv``, the best checkpoint first.
    """
    best = table.iloc[0]
    sentences = [f"Best of {len(table)} saved epochs: {best['epoch']} ({best['checkpoint']})."]
    for name, meaning in _KEPT_BY_TRAINING.items():
        rows = table[table["checkpoint"].str.split().map(lambda names, name=name: name in names)]
        if not len(rows):
            continue
        row = rows.iloc[0]
        tail, whole = (_excess(row[score], best[score]) for score in ("prior_tail_score", "prior_crps"))
        sentences.append(
            f"{name} ({meaning}) is epoch {row['epoch']}, rank {row['rank']}: "
            f"tail score {tail}, CRPS {whole} against the best."
        )
    return sentences


def _excess(value: float, reference: float) -> str:
    return f"{100 * (value / reference - 1):+.1f} %" if reference > 0 else "-"
