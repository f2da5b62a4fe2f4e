"""Words and digits of the report: sensible figures, and a plain sentence for each missed criterion."""

from __future__ import annotations

import math

import pytest

from rainsmith.evaluate.criteria import VERDICT, Criterion
from rainsmith.report.diagnosis import diagnosis_rows
from rainsmith.report.pictures import date_text
from rainsmith.report.summary import sentence
from rainsmith.report.words import interval, number, title


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        (187.26, {}, "187"),
        (20.649, {}, "20.6"),
        (1.3049, {}, "1.30"),
        (0.0841, {}, "0.084"),
        (0.0, {}, "0"),
        (-0.0001, {}, "0.000"),
        (-1.5, {}, "\N{MINUS SIGN}1.50"),
        (0.612, {"percent": True}, "61.2"),
        (0.054, {"percent": True, "signed": True}, "+5.4"),
        (math.nan, {}, "–"),
    ],
)
def test_numbers_have_the_digits_that_mean_something(value: float, shape: dict[str, bool], expected: str) -> None:
    assert number(value, **shape) == expected


def test_intervals_titles_and_dates() -> None:
    assert interval(1.0, 12.34) == "1.00 to 12.3"
    assert interval(math.nan, 1.0) == ""
    assert title("csi", 20.0) == "Critical success index, 20 mm/day"
    assert title("twcrps_p99", 28.4) == "CRPS above the training P99"
    assert date_text(20010230) == "30 February 2001"  # a day of the 360-day calendar


def _criterion(name: str, value: float, observed: float = math.nan) -> Criterion:
    ratio = value / observed if math.isfinite(observed) else math.nan
    rule = next(rule for rule in VERDICT if rule.name == name)
    against = ("ratio", "analogs") if name == "crps" else ()
    return Criterion(rule, "heavy_x", value, observed, ratio, "fail", False, against, rule.limits)


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (_criterion("mean", 8.0, 10.0), "The mean rain is 20 % too low: 8.00 mm/day, observed 10.0 mm/day."),
        (_criterion("max_daily", 60.0, 50.0), "The wettest cell of a day is 20 % too high"),
        (_criterion("wet fraction", 0.93, 0.23), "It rains on 93 % of the cells, observed on 23 %."),
        (_criterion("mass", -0.4), "The total rain is 40 % too low."),
        (_criterion("spread_skill", 0.1), "The members differ less than their errors ask for"),
        (_criterion("spread_skill", 1.6), "The members differ more than their errors ask for"),
        (_criterion("diversity_ratio", 0.2), "The members look more alike than they look like the observed day"),
        (_criterion("diversity_ratio", 1.4), "The members differ from each other more than from the observed day"),
        (_criterion("ralsd", 0.3), "wrong by a factor of 2.0"),
        (_criterion("crps", 3.6), "less accurate than the climatological ratio: its error (CRPS) is 3.60 mm/day"),
        (_criterion("max", 90.0, 180.0), "180 mm/day, lies outside the range of the members"),
    ],
)
def test_a_missed_criterion_is_said_in_words(criterion: Criterion, expected: str) -> None:
    assert expected in sentence(criterion).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "verdict", "expected"),
    [
        (1.104, "warn", ("mean rain, days heavy by the input: 1.104", "0.909 to 1.101; from some years")),
        (1.2, "fail", ("mean rain, days heavy by the input: 1.20", "0.91 to 1.10; from some years")),
        (1.099, "pass", ("mean rain, days heavy by the input: 1.10", "0.91 to 1.10; from some years")),
    ],
)
def test_a_figure_outside_of_its_bounds_is_not_printed_as_one_of_them(
    value: float, verdict: str, expected: tuple[str, str]
) -> None:
    figure = {
        **{"name": "mean rain, heavy_x days", "value": value, "verdict": verdict},
        **{"warn": [0.909, 1.101], "fail": [0.8, 1.15], "origin": "some years"},
    }
    finding = {"question": "?", "verdict": verdict, "advice": "", "figures": [figure]}
    (row,) = diagnosis_rows({"findings": [finding]})
    assert (row.figure, row.healthy) == expected
