"""The figures and grades of one model in the table of the comparison."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from rainsmith.evaluate.criteria import Criterion, count, documented, verdict
from rainsmith.evaluate.table import MetricTable

FIGURES = (
    *(("crps", days) for days in ("all", "heavy", "heavy_x")),
    *(("twcrps_p99", days) for days in ("all", "heavy_x")),
    *(("mean", days) for days in ("all", "heavy", "heavy_x")),
    *(("max_daily", days) for days in ("all", "heavy", "heavy_x")),
    ("max", "heavy"),
    *((quantile, "heavy_x") for quantile in ("p95", "p99", "p999")),
    *(("wet_fraction", days) for days in ("all", "heavy_x")),
    *(("spread_skill", days) for days in ("all", "heavy_x")),
    *(("rank_deviation", days) for days in ("all", "heavy_x")),
    ("diversity", "heavy"),
    ("diversity", "heavy_x"),
    ("diversity_ratio", "heavy_x"),
    ("spatial_correlation", "heavy"),
    ("spatial_correlation", "heavy_x"),
    ("mae_tail", "all"),
    ("ralsd", "all"),
)
"""(metric, days) of the table. Where a metric is measured on the observation too, that value stands beside it."""


def figures_of(metrics: pd.DataFrame, model: str, mode: str, split: str) -> dict[str, Any]:
    """Figures, grades and counts of grades of one model and mode, by column of the table.

    Args:
        metrics: rows of metrics.csv.
        model: a value of the column ``model``.
        mode: prior or posterior; a baseline has no mode.
        split: train, validation or test.
    """
    row: dict[str, Any] = {}
    table = MetricTable(metrics, split)
    for metric, days in FIGURES:
        column = f"{metric} {days}"
        row[column] = table.value(model, days, metric, mode)
        observed = table.observed(model, days, metric, mode)
        if math.isfinite(observed):
            row[f"{column} observed"] = observed
    if mode == "posterior":  # both lists stand in the row of the prior: a reconstruction proves nothing about a model
        return row
    lists = {"verdict": verdict(metrics, model, split), "documented": documented(metrics, model, split)}
    for title, criteria in lists.items():
        row |= {f"{title} {grade}": number for grade, number in count(criteria).items()}
        row |= {f"{title} {criterion.name}": _mark(criterion) for criterion in criteria}
    return row


def _mark(criterion: Criterion) -> str:
    """The grade, with an asterisk where bilinear interpolation passes, too."""
    return criterion.grade + ("*" if criterion.passed_by_bilinear else "")
