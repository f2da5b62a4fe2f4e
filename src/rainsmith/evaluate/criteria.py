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
from rainsmith.evaluate.tail import BEYOND_RECORD, EXTREME_CELLS, HEAVY_CELLS, LARGEST, RARE_CELLS

__all__ = ["DOCUMENTED", "GRADES", "VERDICT", "Criterion", "Grade", "Rule", "count", "documented", "verdict"]

CELLS = {
    HEAVY_CELLS: "Cells above the training P99",
    EXTREME_CELLS: "Cells above the training P99.9",
    RARE_CELLS: "Cells above the largest threshold that the record supports",
}
"""Counts of the tail, and what the report calls them."""
MOST_BEYOND_RECORD = (4.6, 2.3, None)
"""[weeks] Of such expected weeks a record shows none with a probability of 1 % and 10 %, exp(-4.6) and exp(-2.3)."""
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
    Rule("crps", "crps", "below baselines", (1.0, 0.95, 0.9)),
    Rule("max", "max", "observed in range", of_tail=True),
    Rule("p999", "p999", "observed in range", of_tail=True),
    Rule("p999 all days", "p999", "observed in range", days="all", of_tail=True),
    Rule("p9999 all days", "p9999", "observed in range", days="all", of_tail=True),
    Rule("max all days", "max", "observed in range", days="all", of_tail=True),
    *(
        Rule(f"{name.replace('_', ' ')}", name, "observed in range", days="all", of_tail=True, title=title)
        for name, title in CELLS.items()
    ),
    Rule("p999 of record", "p999", "like the record", days="all", of_tail=True),
    Rule("p9999 of record", "p9999", "like the record", days="all", of_tail=True),
    Rule("max of record", "max", "like the record", days="all", of_tail=True),
    Rule("rare cells of record", RARE_CELLS, "like the record", days="all", of_tail=True, title=CELLS[RARE_CELLS]),
    Rule(
        "largest of record",
        LARGEST,
        "possible by the record",
        days="all",
        of_tail=True,
        title="Largest amount of all members and days",
    ),
    Rule(
        "beyond record",
        BEYOND_RECORD,
        "at most",
        MOST_BEYOND_RECORD,
        days="all",
        of_tail=True,
        title="Weeks beyond the largest amount of the record, in as long a record",
    ),
)
"""Applied on ``heavy_x``, or on the days that the rule names. The tail is always judged, with any number of members."""


def documented(metrics: pd.DataFrame | MetricTable, model: str, split: str) -> list[Criterion]:
    """The reference's list for one model, on ``heavy``: shown, never decisive.

    Args:
        metrics: rows of metrics.csv, or the table of those of the split; missing rows give n/a.
        model: a value of the column ``model``, baselines included.
        split: train, validation or test.
    """
    table = metrics if isinstance(metrics, MetricTable) else MetricTable(metrics, split)
    return [judge(table, rule, model, "heavy", rule.mode) for rule in DOCUMENTED]


def verdict(metrics: pd.DataFrame | MetricTable, model: str, split: str, mode: str = "prior") -> list[Criterion]:
    """The list that decides, for one model, on ``heavy_x``; the tail on all days, too.

    Args:
        metrics: rows of metrics.csv, or the table of the split; missing rows give n/a. The rows ``<figure>_by_chance``
            and ``<figure>_of_record`` judge the tail; in their place a row ``max_range`` or ``p999_range`` of 100
            members or more.
        model: a value of the column ``model``, baselines included.
        split: train, validation or test.
        mode: prior; posterior members show how the list judges a reconstruction.
    """
    table = metrics if isinstance(metrics, MetricTable) else MetricTable(metrics, split)
    return [judge(table, rule, model, rule.days or "heavy_x", mode) for rule in VERDICT]


def count(criteria: Iterable[Criterion]) -> dict[str, int]:
    """How many criteria have each grade, n/a included."""
    counts: dict[str, int] = dict.fromkeys((*GRADES, "n/a"), 0)
    for criterion in criteria:
        counts[criterion.grade] += 1
    return counts
