"""The two lists of criteria as rows of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rainsmith.evaluate.criteria import Criterion
from rainsmith.report.words import describe, number

CRITERION_WORDS = {
    "max_daily": "Wettest cell of a day",
    "mean": "Mean rain",
    "p99": "99th percentile of rain",
    "wet fraction": "Share of wet cells",
    "mass": "Total rain",
    "spread_skill": "Spread of the members over their error",
    "diversity_ratio": "Distance between members over distance to observed",
    "ks": "Distribution of amounts (KS distance)",
    "ralsd": "Texture: power at every scale (RALSD)",
    "crps": "Error of the ensemble (CRPS)",
    "max": "Largest value of all",
    "p999": "99.9th percentile",
    "prior max": "Largest value, prior",
    "prior mean": "Mean rain, prior",
    "posterior max": "Largest value, posterior",
    "prior diversity": "Diversity, prior",
    "posterior diversity": "Diversity, posterior",
    "spatial correlation": "Correlation with the observed map",
    "P99 captured": "99th percentile of rain",
}


@dataclass(frozen=True)
class Check:
    """One line of a checklist.

    Attributes:
        title: what is judged.
        value: of the model, with unit.
        observed: beside it, with unit.
        bounds: what is asked for.
        grade: of the model.
        baselines: grades of the baselines, in the order of the columns.
        easy: bilinear interpolation passes, so it tells little.
    """

    title: str
    value: str
    observed: str
    bounds: str
    grade: str
    baselines: list[str]
    easy: bool


def metric_of(criterion: Criterion) -> str:
    """The metric that a criterion judges."""
    return criterion.rule.metric


def checklist(criteria_of_model: Sequence[Criterion], of_baselines: Sequence[Sequence[Criterion]]) -> list[Check]:
    """Lines of one list for the model, with the grades that the baselines get on the same lines."""
    lines = []
    for place, criterion in enumerate(criteria_of_model):
        words = describe(metric_of(criterion))
        unit = _unit(metric_of(criterion))
        value, observed = (
            _with_unit(number(v, percent=words.percent, signed=words.signed), unit)
            for v in (criterion.value, criterion.observed if words.aim == "observed" else math.nan)
        )
        lines.append(
            Check(
                title=CRITERION_WORDS.get(criterion.name, criterion.name),
                value=value,
                observed=observed,
                bounds=criterion.bounds,
                grade=criterion.grade,
                baselines=[other[place].grade for other in of_baselines],
                easy=criterion.passed_by_bilinear,
            )
        )
    return lines


def _unit(metric: str) -> str:
    if describe(metric).percent:
        return "%"
    plain = ("ks", "spread_skill", "diversity", "diversity_ratio", "ralsd", "spatial_correlation", "rank_deviation")
    return "" if metric in plain else "mm/day"


def _with_unit(text: str, unit: str) -> str:
    return text if text == "–" or not unit else f"{text}\N{NO-BREAK SPACE}{unit}"
