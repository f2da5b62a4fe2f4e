"""One rule applied to one model: the figures and limits that the record keeps, and how they are put into words."""

from __future__ import annotations

import math

import pytest

from rainsmith.evaluate.criteria import documented, verdict
from rainsmith.evaluate.grading import GRADES, Grade, Kind, Rule, judge
from rainsmith.evaluate.table import MetricTable
from tests.evaluate.made import table


@pytest.mark.parametrize(
    ("kind", "limits", "value", "observed", "grade"),
    [
        ("at least", (1, 2, 3), 2.0, math.nan, "good"),
        ("at most", (3, 2, 1), 2.0, math.nan, "good"),
        ("within", (3, 2, 1), -2.0, math.nan, "good"),
        ("around 1", (0.3, 0.2, 0.1), 0.8, math.nan, "good"),
        ("ratio at least", (0.5, 0.8, 0.9), 8.0, 10.0, "good"),
        ("ratio within", (0.5, 0.2, 0.1), 12.0, 10.0, "good"),
        ("difference within", (3, 2, 1), 12.0, 10.0, "good"),
        ("between", (1, 3, None), 3.0, math.nan, "minimum"),
        ("ratio at least", (0.5, 0.8, 0.9), 8.0, math.nan, "n/a"),
        ("at least", (None, 2, None), 1.0, math.nan, "minimum"),
    ],
)
def test_every_kind_of_limit(
    kind: Kind, limits: tuple[float, float, float], value: float, observed: float, grade: Grade
) -> None:
    figures = MetricTable(table({"metric": "x", "value": value, "observed": observed}), "test")
    criterion = judge(figures, Rule("x", "x", kind, limits), "m", "heavy_x", "prior")
    assert (criterion.grade, criterion.value, criterion.limits, criterion.against) == (grade, value, limits, ())


def test_a_better_value_never_has_a_lower_grade() -> None:
    rule = Rule("x", "x", "at least", (1.0, 2.0, 3.0))
    values = [0.0, 0.99, 1.0, 1.5, 2.0, 2.5, 3.0, 9.0]
    tables = [MetricTable(table({"metric": "x", "value": value}), "test") for value in values]
    places = [GRADES.index(judge(figures, rule, "m", "heavy_x", "prior").grade) for figures in tables]
    assert places == sorted(places) and set(places) == {0, 1, 2, 3}


def test_the_record_keeps_rivals_and_their_scores_as_data() -> None:
    rows = [{"metric": "crps", "model": name, "value": v} for name, v in (("m", 1.0), ("ratio", 2.4), ("analogs", 2))]
    crps = next(c for c in verdict(table(*rows), "m", "test") if c.name == "crps")
    assert crps.against == ("analogs",) and crps.limits == pytest.approx((2.0, 1.9, 1.8))
    assert crps.bounds == "below the best baseline, analogs (2) / 5 % below it / 10 % below it"
    alone = next(c for c in verdict(table(rows[0]), "m", "test") if c.name == "crps")
    assert alone.against == () and all(map(math.isnan, alone.limits))
    assert alone.bounds.startswith("below the best baseline (not scored)")


def test_the_bounds_are_said_in_words() -> None:
    said = {criterion.name: criterion.bounds for criterion in documented(table(), "m", "test")}
    assert said["prior max"] == "at least 75 / 86 / 94 % of observed"
    assert said["prior mean"] == "at least – / 73 / 88 % of observed"
    assert said["posterior diversity"] == "0.1 to 0.3"
    assert said["wet fraction"] == "within 10 points of observed"
    assert said["spatial correlation"] == "at least 0.5 / 0.6"
    decisive = {criterion.name: criterion.bounds for criterion in verdict(table(), "m", "test")}
    assert decisive["spread_skill"] == "1 within 0.3 / 0.15 / 0.05"
    assert decisive["max"] == "observed within the range of chance"
    assert decisive["p999 of record"] == "within samples of the record"
    assert decisive["largest of record"] == "at most what the record makes possible"
    row = {"metric": "max_by_chance", "lower": 100.0, "upper": 2506.0, "value": 140.0, "observed": 120.0}
    said = {criterion.name: criterion.bounds for criterion in verdict(table(row), "m", "test")}
    assert said["max"] == "observed within 100 to 2506, by chance"
