"""How a rule of a list becomes a grade: the records of a rule and of a judged criterion; no limits stand here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rainsmith.baselines.registry import BASELINES
from rainsmith.evaluate.table import MetricTable, Row, number
from rainsmith.evaluate.tail import BY_CHANCE, OF_RECORD

Grade = Literal["fail", "minimum", "good", "excellent", "n/a"]
GRADES: tuple[Grade, ...] = ("fail", "minimum", "good", "excellent")
"""Grades in rising order; ``n/a`` (not judged) is none of them."""
Limits = tuple[float | None, float | None, float | None]
Kind = Literal[
    "at least",
    "at most",
    "within",
    "ratio at least",
    "ratio within",
    "difference within",
    "around 1",
    "between",
    "below baselines",
    "observed in range",
    "like the record",
    "possible by the record",
]
MEMBERS_FOR_RANGE = 100
"""Fewest members whose 5-95 % range judges a single extreme where there is no row of composed series."""
RANGE_TOLERANCE = 0.05
"""A figure this near to its range, as a share of the bound, is inside: long records show errors that do not matter."""
_TOLERANCE = 1e-9  # 1.05 - 1 is a hair above 0.05


@dataclass(frozen=True)
class Rule:
    """One line of a list of criteria: what is measured, and what it must reach for minimum, good and excellent.

    Attributes:
        name: the name of the line.
        metric: a name in the column ``metric`` of metrics.csv.
        kind: what ``limits`` are limits of. ``at least`` and ``at most``: the value. ``within``: its distance from 0.
            ``around 1``: its distance from 1. ``ratio at least``: value over observed. ``ratio within``: the distance
            of that ratio from 1. ``difference within``: the distance from the observed. ``between``: the value lies
            between the first limit and the second. ``below baselines``: the value over that of the best baseline
            that has one. ``observed in range``: no limits; the observed figure lies in the range of series composed
            of members and observation (``tail.py``), or without such a row in the 5-95 % range of many members.
            ``like the record``: no limits; the value lies in the range of samples of the whole record, widened to
            the observation of the same days. ``possible by the record``: no limits; the value is at most the bound
            that the record sets.
        limits: for minimum, good and excellent. None at the front: that grade asks for nothing; None at the end: there
            is no such grade.
        mode: prior or posterior; ignored for baselines.
        days: the set of days it is applied to; "" leaves it to the list.
        of_tail: it judges the extremes; where it cannot, the report says so in its first sentence.
        title: what the report calls the figure, or "" for the title of the metric.
    """

    name: str
    metric: str
    kind: Kind
    limits: Limits = (None, None, None)
    mode: str = "prior"
    days: str = ""
    of_tail: bool = False
    title: str = ""


@dataclass(frozen=True)
class Criterion:
    """One rule applied to one model on one set of days.

    Attributes:
        rule: the rule; its ``metric`` names the record in ``METRICS`` that has the title and the units.
        days: all, heavy or heavy_x.
        value: the figure of the model, in the units of the metric; nan where it was not measured.
        observed: the same figure of the observation, or nan.
        ratio: value over observed (of the kind ``below baselines``: over the score of the best baseline), or nan.
        grade: fail, minimum, good, excellent; n/a where something that it needs is missing.
        passed_by_bilinear: bilinear interpolation reaches at least the lowest grade that the rule asks something for.
        against: the name in ``BASELINES`` of the best baseline, that the model was compared with; empty where the rule
            compares with none, or no baseline was scored.
        limits: what the three grades asked for, as numbers: those of the rule; of the kind ``below baselines`` the
            scores to stay below [units of the metric], nan without a baseline; of a range its two bounds, and None.
        units: of value and observed, or "" for those of the metric.
    """

    rule: Rule
    days: str
    value: float
    observed: float
    ratio: float
    grade: Grade
    passed_by_bilinear: bool
    against: tuple[str, ...]
    limits: Limits
    units: str = ""

    @property
    def name(self) -> str:
        """The name of the rule."""
        return self.rule.name

    @property
    def bounds(self) -> str:
        """What the grades ask for in words, minimum / good / excellent."""
        return limits_in_words(self)


def judge(table: MetricTable, rule: Rule, model: str, days: str, mode: str) -> Criterion:
    """Apply one rule to one model.

    Args:
        table: the figures.
        rule: what is asked for.
        model: a value of the column ``model`` of metrics.csv, baselines included.
        days: all, heavy or heavy_x.
        mode: prior or posterior; ignored for baselines.
    """
    value, observed = _figures(table, rule, model, days, mode)
    limits, units, best, beside = rule.limits, "", "", observed
    if rule.kind == "below baselines":
        best, beside = _best_baseline(table, model, rule.metric, days, mode)
        limits = _scores_to_beat(rule, beside)
    elif rule.kind in _RANGES:
        row = _range_row(table, rule, model, days, mode)
        limits = (*_bounds(rule, row), None) if row is not None else rule.limits
        units = str((row or {}).get("units", ""))
    return Criterion(
        rule,
        days,
        value,
        observed,
        ratio=_over(value, beside),
        grade=_grade_of(table, rule, model, days, mode),
        passed_by_bilinear=_passes(_grade_of(table, rule, "bilinear", days, mode), rule),
        against=(best,) if best else (),
        limits=limits,
        units=units,
    )


def limits_in_words(criterion: Criterion) -> str:
    """What a criterion asks for, minimum / good / excellent: the one place where limits become a sentence."""
    rule, limits = criterion.rule, criterion.limits
    if rule.kind == "between":
        return f"{limits[0]:g} to {limits[1]:g}"
    if rule.kind in _RANGES:
        return _range_in_words(criterion)
    if rule.kind == "below baselines":
        shares = [f"{100 * (1 - (factor or 0)):.0f} % below it" for factor in rule.limits[1:]]
        if not criterion.against:
            return " / ".join(["below the best baseline (not scored)", *shares])
        return " / ".join(
            [f"below the best baseline, {BASELINES[criterion.against[0]].title} ({limits[0]:.3g})", *shares]
        )

    def listed(factor: float) -> str:
        asked = limits[: _last(limits) + 1]
        return " / ".join("–" if limit is None else f"{factor * limit:g}" for limit in asked)

    return {
        "at least": f"at least {listed(1)}",
        "at most": f"at most {listed(1)}",
        "within": f"within {listed(100)} %",
        "ratio at least": f"at least {listed(100)} % of observed",
        "ratio within": f"within {listed(100)} % of observed",
        "difference within": f"within {listed(100)} points of observed",
        "around 1": f"1 within {listed(1)}",
    }[rule.kind]


_OF_RECORD = ("like the record", "possible by the record")
_RANGES = ("observed in range", *_OF_RECORD)


def _range_in_words(criterion: Criterion) -> str:
    low, high = ("" if x is None else f"{x:.3g}" if x < 1000 else f"{x:.0f}" for x in criterion.limits[:2])
    if criterion.rule.kind == "possible by the record":
        return f"at most {high}" if high else "at most what the record makes possible"
    if criterion.rule.kind == "like the record":
        return f"within {low} to {high}, by the record" if high else "within samples of the record"
    return f"observed within {low} to {high}, by chance" if high else "observed within the range of chance"


def _best_baseline(table: MetricTable, model: str, metric: str, days: str, mode: str) -> tuple[str, float]:
    """The baseline with the lowest score, the judged one left out, and the score; "" and nan where there is none."""
    scores = {name: table.value(name, days, metric, mode) for name in BASELINES.names() if name != model}
    known = {name: score for name, score in scores.items() if math.isfinite(score)}
    return min(known.items(), key=lambda pair: pair[1]) if known else ("", math.nan)


def _scores_to_beat(rule: Rule, best: float) -> Limits:
    minimum, good, excellent = (math.nan if factor is None else factor * best for factor in rule.limits)
    return minimum, good, excellent


def _figures(table: MetricTable, rule: Rule, model: str, days: str, mode: str) -> tuple[float, float]:
    """Value and observed; both nan for a baseline where posterior members are judged, which it has not."""
    if model in BASELINES and rule.mode == "posterior":
        return math.nan, math.nan
    value, observed = (find(model, days, rule.metric, mode) for find in (table.value, table.observed))
    if rule.kind in _RANGES and math.isnan(value):
        row = _range_row(table, rule, model, days, mode)
        value, observed = number(row, "value"), number(row, "observed")
    return value, math.nan if rule.kind == "below baselines" else observed


def _grade_of(table: MetricTable, rule: Rule, model: str, days: str, mode: str) -> Grade:
    if rule.kind in _RANGES:
        return _grade_by_range(rule, _range_row(table, rule, model, days, mode))
    value, observed = _figures(table, rule, model, days, mode)
    if rule.kind == "below baselines":
        best = _best_baseline(table, model, rule.metric, days, mode)[1]
        return _grade_by_baselines(value, _scores_to_beat(rule, best))
    return _grade_by_limits(rule, value, observed)


def _range_row(table: MetricTable, rule: Rule, model: str, days: str, mode: str) -> Row | None:
    """The row with the range; where no series were composed, that of many members."""
    ending = OF_RECORD if rule.kind in _OF_RECORD else BY_CHANCE
    row = table.find(model, days, rule.metric + ending, mode)
    if row is None and rule.kind == "observed in range":
        row = table.find(model, days, f"{rule.metric}_range", mode)
        return row if number(row, "members") >= MEMBERS_FOR_RANGE else None
    return row


def _bounds(rule: Rule, row: Row | None) -> tuple[float, float]:
    """The range that the figure must lie in; samples of the record are widened to the observation."""
    lower, observed, upper = (number(row, key) for key in ("lower", "observed", "upper"))
    return (min(lower, observed), max(upper, observed)) if rule.kind == "like the record" else (lower, upper)


def _grade_by_range(rule: Rule, row: Row | None) -> Grade:
    lower, upper = _bounds(rule, row)
    figure = number(row, "value" if rule.kind in _OF_RECORD else "observed")
    if not all(map(math.isfinite, (lower, figure, upper))):
        return "n/a"
    near = 1 if row is not None and str(row["metric"]).endswith("_range") else 1 + RANGE_TOLERANCE
    inside = lower / near <= figure <= upper * near
    return "minimum" if inside else "fail"


def _grade_by_baselines(value: float, limits: Limits) -> Grade:
    if limits[0] is None or not (math.isfinite(value) and math.isfinite(limits[0])):
        return "n/a"
    return _highest([limit is not None and value < limit for limit in limits])  # nothing is below a limit of nan


def _grade_by_limits(rule: Rule, value: float, observed: float) -> Grade:
    needs_observed = rule.kind in ("ratio at least", "ratio within", "difference within")
    if not math.isfinite(value) or (needs_observed and not math.isfinite(observed)):
        return "n/a"
    ratio = _over(value, observed)
    if needs_observed and rule.kind != "difference within" and not math.isfinite(ratio):
        return "n/a"
    if rule.kind == "between":
        low, high = rule.limits[:2]
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
    asked = rule.limits[: _last(rule.limits) + 1]
    return _highest([limit is None or sign * figure <= sign * limit + _TOLERANCE for limit in asked])


def _highest(reached: Sequence[bool]) -> Grade:
    """The highest grade below which every limit was met."""
    for index, met in enumerate(reached):
        if not met:
            return GRADES[index]
    return GRADES[len(reached)]


def _passes(grade: Grade, rule: Rule) -> bool:
    """True where a grade reaches the lowest one that a rule asks something for."""
    lowest = 1 + next((index for index, limit in enumerate(rule.limits) if limit is not None), 0)
    return grade in GRADES[lowest:]


def _over(value: float, observed: float) -> float:
    return value / observed if math.isfinite(observed) and observed != 0 else math.nan


def _last(limits: Limits) -> int:
    """Index of the last limit that is given."""
    return max(index for index, limit in enumerate(limits) if limit is not None)
