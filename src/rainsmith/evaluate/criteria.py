"""The two lists by which a model is judged, as data (DESIGN 5).

``documented`` is the reference's own list: on days chosen by their observation, one-sided, shown and never decisive.
``verdict`` decides: on days chosen by their predictors, two-sided, on prior members. Baselines stand in both lists, and
a criterion that plain bilinear interpolation passes says so, because it then tells little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rainsmith.baselines.registry import BASELINES
from rainsmith.evaluate.table import MetricTable, number

Grade = Literal["fail", "minimum", "good", "excellent", "n/a"]
GRADES: tuple[Grade, ...] = ("fail", "minimum", "good", "excellent")
"""Grades in rising order; ``n/a`` stands outside of it."""
Bounds = tuple[float | None, float | None, float | None]
Kind = Literal[
    "at least", "at most", "within", "ratio at least", "ratio within", "difference within", "around 1", "between"
]


@dataclass(frozen=True)
class Rule:
    """One line of a list: what is measured and what it must reach for minimum, good and excellent.

    Attributes:
        name: as shown.
        metric: a name in the column ``metric`` of metrics.csv.
        kind: how ``bounds`` are meant; ``ratio`` is value over observed, ``around 1`` a distance from 1.
        bounds: minimum, good, excellent. None at the front asks for nothing, None at the end leaves that grade out.
        mode: prior or posterior; ignored for baselines.
    """

    name: str
    metric: str
    kind: Kind
    bounds: Bounds
    mode: str = "prior"


@dataclass(frozen=True)
class Criterion:
    """One rule applied to one model on one set of days.

    Attributes:
        name: of the rule.
        days: all, heavy or heavy_x.
        value: of the model, in the metric's units; nan where it was not measured.
        observed: the same figure of the observation, or nan.
        ratio: value over observed (for crps: over the reference of ``good``), or nan.
        grade: fail, minimum, good, excellent; n/a where something it needs is missing.
        bounds: the limits of the grades, in words.
        passed_by_bilinear: bilinear interpolation reaches at least the lowest grade that is asked for.
    """

    name: str
    days: str
    value: float
    observed: float
    ratio: float
    grade: Grade
    bounds: str
    passed_by_bilinear: bool


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
)
SINGLE_EXTREMES = ("max", "p999")
"""Single extremes: judged by whether the observed value lies in the 5-95 % range of the members."""
MEMBERS_FOR_RANGE = 100
"""Members that such a range asks for; with fewer it is not judged."""


def documented(metrics: pd.DataFrame, model: str, split: str) -> list[Criterion]:
    """The reference's list for one model, on ``heavy``: shown, never decisive.

    Args:
        metrics: rows of metrics.csv; missing rows give n/a.
        model: a value of the column ``model``, baselines included.
        split: train, validation or test.
    """
    table = MetricTable(metrics, split)
    return [_judge(table, rule, model, "heavy", rule.mode) for rule in DOCUMENTED]


def verdict(metrics: pd.DataFrame, model: str, split: str, mode: str = "prior") -> list[Criterion]:
    """The list that decides, for one model, on ``heavy_x``.

    Args:
        metrics: rows of metrics.csv; missing rows give n/a. A row ``max_range`` or ``p999_range``, with the 5 and 95 %
            quantiles over members in ``lower`` and ``upper``, judges that single extreme.
        model: a value of the column ``model``, baselines included.
        split: train, validation or test.
        mode: prior; posterior members show what the list makes of a reconstruction.
    """
    table = MetricTable(metrics, split)
    judged = [_judge(table, rule, model, "heavy_x", mode) for rule in VERDICT]
    judged.append(_judge_crps(table, model, mode))
    return judged + [_judge_extreme(table, name, model, mode) for name in SINGLE_EXTREMES]


def every_model(
    metrics: pd.DataFrame, split: str, judge: Callable[[pd.DataFrame, str, str], list[Criterion]] = verdict
) -> dict[str, list[Criterion]]:
    """One list for every model of a table, trained models first, then the baselines in their usual order."""
    names = list(dict.fromkeys(metrics.loc[metrics["split"] == split, "model"]))
    ordered = [name for name in names if name not in BASELINES] + [name for name in BASELINES.names() if name in names]
    return {name: judge(metrics, name, split) for name in ordered}


def count(criteria: Iterable[Criterion]) -> dict[str, int]:
    """How many criteria have each grade, n/a included."""
    found: dict[str, int] = dict.fromkeys((*GRADES, "n/a"), 0)
    for criterion in criteria:
        found[criterion.grade] += 1
    return found


def _judge(table: MetricTable, rule: Rule, model: str, days: str, mode: str) -> Criterion:
    def grade_of(name: str) -> tuple[float, float, Grade]:
        if name in BASELINES and rule.mode == "posterior":
            return math.nan, math.nan, "n/a"
        value, observed = (read(name, days, rule.metric, mode) for read in (table.value, table.observed))
        return value, observed, _grade(rule, value, observed)

    value, observed, grade = grade_of(model)
    bilinear = _passes(grade_of("bilinear")[2], rule)
    return Criterion(rule.name, days, value, observed, _over(value, observed), grade, _text(rule), bilinear)


def _judge_crps(table: MetricTable, model: str, mode: str) -> Criterion:
    def score(name: str) -> float:
        return table.value(name, "heavy_x", "crps", mode)

    def first(*names: str) -> tuple[str, float]:
        return next(((name, score(name)) for name in names if math.isfinite(score(name))), (names[0], math.nan))

    weak_name, weak = first("ratio", "climatology")
    strong_name, strong = first("scaled-analogs", "analogs")

    def grade_of(value: float) -> Grade:
        if not (math.isfinite(value) and math.isfinite(weak)):
            return "n/a"
        limits = (weak, strong, 0.9 * strong)  # an unknown strong reference (nan) is never beaten
        return _highest([value < limit for limit in limits])

    value = score(model)
    bounds = f"below {weak_name} ({weak:.3g}) / below {strong_name} ({strong:.3g}) / 10 % below it"
    bilinear = _passes(grade_of(score("bilinear")))
    return Criterion("crps", "heavy_x", value, math.nan, _over(value, strong), grade_of(value), bounds, bilinear)


def _judge_extreme(table: MetricTable, metric: str, model: str, mode: str) -> Criterion:
    def grade_of(name: str) -> Grade:
        row = table.find(name, "heavy_x", f"{metric}_range", mode)
        lower, observed, upper, members = (number(row, key) for key in ("lower", "observed", "upper", "members"))
        if not (all(map(math.isfinite, (lower, observed, upper))) and members >= MEMBERS_FOR_RANGE):
            return "n/a"
        return "minimum" if lower <= observed <= upper else "fail"

    value, observed = (read(model, "heavy_x", metric, mode) for read in (table.value, table.observed))
    bounds = f"observed in the 5-95 % range of {MEMBERS_FOR_RANGE} members"
    passed = _passes(grade_of("bilinear"))
    return Criterion(metric, "heavy_x", value, observed, _over(value, observed), grade_of(model), bounds, passed)


def _grade(rule: Rule, value: float, observed: float) -> Grade:
    needs_observed = rule.kind in ("ratio at least", "ratio within", "difference within")
    if not math.isfinite(value) or (needs_observed and not math.isfinite(observed)):
        return "n/a"
    ratio = _over(value, observed)
    if needs_observed and rule.kind != "difference within" and not math.isfinite(ratio):
        return "n/a"
    if rule.kind == "between":
        low, high = rule.bounds[0], rule.bounds[1]
        return "minimum" if low is not None and high is not None and low <= value <= high else "fail"
    figure, sign = {
        "at least": (value, -1),
        "at most": (value, 1),
        "within": (abs(value), 1),
        "ratio at least": (ratio, -1),
        "ratio within": (abs(ratio - 1), 1),
        "difference within": (abs(value - observed), 1),
        "around 1": (abs(value - 1), 1),
    }[rule.kind]
    tolerance = 1e-9  # 1.05 - 1 is a hair above 0.05
    return _highest(
        [bound is None or sign * figure <= sign * bound + tolerance for bound in rule.bounds[: _last(rule) + 1]]
    )


def _highest(reached: list[bool]) -> Grade:
    """The highest grade below which nothing was missed."""
    for index, met in enumerate(reached):
        if not met:
            return GRADES[index]
    return GRADES[len(reached)]


def _passes(grade: Grade, rule: Rule | None = None) -> bool:
    """True where a grade reaches the lowest one that a rule asks something for."""
    lowest = 1 if rule is None else 1 + next(index for index, bound in enumerate(rule.bounds) if bound is not None)
    return grade in GRADES[lowest:]


def _over(value: float, observed: float) -> float:
    return value / observed if math.isfinite(observed) and observed != 0 else math.nan


def _text(rule: Rule) -> str:
    """The bounds of a rule in words, minimum / good / excellent."""
    if rule.kind == "between":
        return f"{rule.bounds[0]:g} to {rule.bounds[1]:g}"

    def listed(factor: float) -> str:
        return " / ".join("-" if bound is None else f"{factor * bound:g}" for bound in rule.bounds[: _last(rule) + 1])

    return {
        "at least": f"at least {listed(1)}",
        "at most": f"at most {listed(1)}",
        "within": f"within {listed(100)} %",
        "ratio at least": f"at least {listed(100)} % of observed",
        "ratio within": f"within {listed(100)} % of observed",
        "difference within": f"within {listed(100)} points of observed",
        "around 1": f"1 within {listed(1)}",
    }[rule.kind]


def _last(rule: Rule) -> int:
    """Index of the last bound that a rule gives."""
    return max(index for index, bound in enumerate(rule.bounds) if bound is not None)
