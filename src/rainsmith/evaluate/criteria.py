"""The two lists by which a model is judged: every rule with its limits for minimum, good and excellent.

``documented`` is the reference's own list: on days chosen by their observed rain, one-sided, shown and never decisive.
``verdict`` decides: on days chosen by their predictors, two-sided, on prior members. Baselines are judged by both
lists, and a criterion that plain bilinear interpolation passes says so, because it then tells little.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from rainsmith.evaluate.grading import GRADES, Criterion, Grade, Rule, judge
from rainsmith.evaluate.table import MetricTable

__all__ = ["DOCUMENTED", "GRADES", "VERDICT", "Criterion", "Grade", "Rule", "count", "documented", "verdict"]

DOCUMENTED: tuple[Rule, ...] = (
    Rule("prior max", "max", "ratio at least", (0.75, 0.86, 0.94)),
    Rule("prior mean", "mean", "ratio at least", (None, 0.73, 0.88)),
    Rule("posterior max", "max", "ratio at least", (0.86, 0.91, 0.98), mode="posterior"),
    Rule("prior diversity", "diversity", "at least", (0.1, 0.2, 0.3)),
    Rule("posterior diversity", "diversity", "between", (0.10, 0.30, None), mode="posterior"),
    Rule("spatial correlation", "spatial_correlation", "at least", (0.5, 0.6, None)),
    Rule("wet fraction", "wet_fraction", "difference within", (0.10, None, None)),
    Rule("mass", "mass_bias", "within", (0.30, 0.20, None)),
    Rule("ks", "ks", "at most", (0.15, None, None)),
    Rule("P99 captured", "p99", "ratio at least", (0.90, None, None)),  # the documents give no figure; 0.90 is ours
)
"""Applied on ``heavy``."""
VERDICT: tuple[Rule, ...] = (
    Rule("max_daily", "max_daily", "ratio within", (0.15, 0.10, 0.05)),
    Rule("mean", "mean", "ratio within", (0.10, 0.06, 0.03)),
    Rule("p99", "p99", "ratio within", (0.15, 0.10, 0.05)),
    Rule("wet fraction", "wet_fraction", "difference within", (0.10, 0.05, 0.02)),
    Rule("mass", "mass_bias", "within", (0.30, 0.20, 0.05)),
    Rule("spread_skill", "spread_skill", "around 1", (0.30, 0.15, 0.05)),
    Rule("diversity_ratio", "diversity_ratio", "around 1", (0.20, 0.10, 0.05)),
    Rule("ks", "ks", "at most", (0.15, 0.10, 0.05)),
    Rule("ralsd", "ralsd", "at most", (0.10, 0.05, 0.02)),
    Rule(
        "crps",
        "crps",
        "below baselines",
        (1.0, 1.0, 0.9),
        rivals=(("ratio", "climatology"), ("scaled-analogs", "analogs")),
    ),
    Rule("max", "max", "observed in range"),
    Rule("p999", "p999", "observed in range"),
)
"""Applied on ``heavy_x``."""


def documented(metrics: pd.DataFrame, model: str, split: str) -> list[Criterion]:
    """The reference's list for one model, on ``heavy``: shown, never decisive.

    Args:
        metrics: rows of metrics.csv; missing rows give n/a.
        model: a value of the column ``model``, baselines included.
        split: train, validation or test.
    """
    table = MetricTable(metrics, split)
    return [judge(table, rule, model, "heavy", rule.mode) for rule in DOCUMENTED]


def verdict(metrics: pd.DataFrame, model: str, split: str, mode: str = "prior") -> list[Criterion]:
    """The list that decides, for one model, on ``heavy_x``.

    Args:
        metrics: rows of metrics.csv; missing rows give n/a. A row ``max_range`` or ``p999_range``, with the 5 and 95 %
            quantiles over members in ``lower`` and ``upper``, judges that single extreme.
        model: a value of the column ``model``, baselines included.
        split: train, validation or test.
        mode: prior; posterior members show how the list judges a reconstruction.
    """
    table = MetricTable(metrics, split)
    return [judge(table, rule, model, "heavy_x", mode) for rule in VERDICT]


def count(criteria: Iterable[Criterion]) -> dict[str, int]:
    """How many criteria have each grade, n/a included."""
    counts: dict[str, int] = dict.fromkeys((*GRADES, "n/a"), 0)
    for criterion in criteria:
        counts[criterion.grade] += 1
    return counts
