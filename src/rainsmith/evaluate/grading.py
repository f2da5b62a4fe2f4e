"""How a rule of a list becomes a grade: the records of a rule and of a judged criterion; no limits stand here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rainsmith.baselines.registry import BASELINES
from rainsmith.evaluate.table import MetricTable, number

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
]
MEMBERS_FOR_RANGE = 100
"""Fewest members whose 5-95 % range judges a single extreme."""
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
            between the first limit and the second. ``below baselines``: the value over that of the first rival for
            the minimum, of the second for good and excellent. ``observed in range``: no limits; the observed figure
            lies in the 5-95 % range of the members.
        limits: for minimum, good and excellent. None at the front: that grade asks for nothing; None at the end: there
            is no such grade.
        mode: prior or posterior; ignored for baselines.
        rivals: of the kind ``below baselines``: for each of the two, the baselines that may stand there, the first that
            has a score is taken.
    """

    name: str
    metric: str
    kind: Kind
    limits: Limits = (None, None, None)
    mode: str = "prior"
    rivals: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Criterion:
    """One rule applied to one model on one set of days.

    Attributes:
        rule: the rule; its ``metric`` names the record in ``METRICS`` that has the title and the units.
        days: all, heavy or heavy_x.
        value: the figure of the model, in the units of the metric; nan where it was not measured.
        observed: the same figure of the observation, or nan.
        ratio: value over observed (of the kind ``below baselines``: over the score of the second rival), or nan.
        grade: fail, minimum, good, excellent; n/a where something that it needs is missing.
        passed_by_bilinear: bilinear interpolation reaches at least the lowest grade that the rule asks something for.
        against: names in ``BASELINES`` of the two rivals that the model was compared with, the weaker first; empty
            where the rule compares with none.
        limits: what the three grades asked for, as numbers: those of the rule, or of the kind ``below baselines`` the
            scores to stay below [units of the metric], nan where the rival has none.
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
    rivals = [_first_scored(table, names, rule.metric, days, mode) for names in rule.rivals]
    limits = _scores_to_beat(rule, [score for _, score in rivals]) if rivals else rule.limits
    value, observed = _figures(table, rule, model, days, mode)
    return Criterion(
        rule,
        days,
        value,
        observed,
        ratio=_over(value, rivals[-1][1] if rivals else observed),
        grade=_grade_of(table, rule, limits, model, days, mode),
        passed_by_bilinear=_passes(_grade_of(table, rule, limits, "bilinear", days, mode), rule),
        against=tuple(name for name, _ in rivals),
        limits=limits,
    )


def limits_in_words(criterion: Criterion) -> str:
    """What a criterion asks for, minimum / good / excellent: the one place where limits become a sentence."""
    rule, limits = criterion.rule, criterion.limits
    if rule.kind == "between":
        return f"{limits[0]:g} to {limits[1]:g}"
    if rule.kind == "observed in range":
        return f"observed in the 5-95 % range of {MEMBERS_FOR_RANGE} members"
    if rule.kind == "below baselines":
        weak, strong = (
            f"below {BASELINES[name].title} ({_score(limit)})"
            for name, limit in zip(criterion.against, limits[:2], strict=True)
        )
        return f"{weak} / {strong} / {100 * (1 - (rule.limits[2] or 0)):.0f} % below it"

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


def _score(limit: float | None) -> str:
    return "not scored" if limit is None or math.isnan(limit) else f"{limit:.3g}"


def _first_scored(table: MetricTable, names: Sequence[str], metric: str, days: str, mode: str) -> tuple[str, float]:
    """The first of some baselines that has a score, and the score; the first name and nan where none has."""
    scores = {name: table.value(name, days, metric, mode) for name in names}
    return next(((name, score) for name, score in scores.items() if math.isfinite(score)), (names[0], math.nan))


def _scores_to_beat(rule: Rule, scores: Sequence[float]) -> Limits:
    weak, strong = scores
    minimum, good, excellent = (math.nan if factor is None else factor for factor in rule.limits)
    return minimum * weak, good * strong, excellent * strong


def _figures(table: MetricTable, rule: Rule, model: str, days: str, mode: str) -> tuple[float, float]:
    """Value and observed; both nan for a baseline where posterior members are judged, which it has not."""
    if model in BASELINES and rule.mode == "posterior":
        return math.nan, math.nan
    value = table.value(model, days, rule.metric, mode)
    return value, math.nan if rule.rivals else table.observed(model, days, rule.metric, mode)


def _grade_of(table: MetricTable, rule: Rule, limits: Limits, model: str, days: str, mode: str) -> Grade:
    if rule.kind == "observed in range":
        return _grade_by_range(table, rule, model, days, mode)
    value, observed = _figures(table, rule, model, days, mode)
    if rule.kind == "below baselines":
        return _grade_by_baselines(value, limits)
    return _grade_by_limits(rule, value, observed)


def _grade_by_range(table: MetricTable, rule: Rule, model: str, days: str, mode: str) -> Grade:
    row = table.find(model, days, f"{rule.metric}_range", mode)
    lower, observed, upper, members = (number(row, key) for key in ("lower", "observed", "upper", "members"))
    if not (all(map(math.isfinite, (lower, observed, upper))) and members >= MEMBERS_FOR_RANGE):
        return "n/a"
    return "minimum" if lower <= observed <= upper else "fail"


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
