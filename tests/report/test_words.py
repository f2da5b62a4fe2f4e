"""Digits that mean something."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from rainsmith.metrics.registry import METRICS
from rainsmith.report.words import interval, listing, number, quantity, unit_of


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        (187.26, {}, "187"),
        (20.649, {}, "20.6"),
        (1.3049, {}, "1.30"),
        (0.0841, {}, "0.0841"),
        (0.0, {}, "0"),
        (-0.00031649, {}, "\N{MINUS SIGN}0.000316"),
        (3.0649e-5, {}, "3.06 × 10⁻⁵"),
        (9.996, {}, "10.0"),
        (1234.5, {}, "1230"),
        (3e-22, {}, "0"),
        (-1.5, {}, "\N{MINUS SIGN}1.50"),
        (0.612, {"percent": True}, "61.2"),
        (0.054, {"percent": True, "signed": True}, "+5.40"),
        (math.nan, {}, "–"),
        (None, {}, "–"),
    ],
)
def test_numbers_have_the_digits_that_mean_something(
    value: float | None, shape: dict[str, bool], expected: str
) -> None:
    assert number(value, **shape) == expected


def test_intervals_need_both_bounds() -> None:
    assert interval(1.0, 12.34) == "1.00 to 12.3"
    assert interval(math.nan, 1.0) == ""


def test_quantities_have_the_unit_of_their_metric() -> None:
    assert quantity(12.34, METRICS["mean"]) == "12.3\N{NO-BREAK SPACE}mm/day"
    assert quantity(0.074, METRICS["mass_bias"]) == "+7.40\N{NO-BREAK SPACE}%"
    assert quantity(0.9, METRICS["spread_skill"]) == "0.900"
    assert quantity(math.nan, METRICS["mean"]) == "–"
    cells = replace(METRICS["mean"], units="cell-days")
    assert quantity(3657.0, cells) == "3657\N{NO-BREAK SPACE}cell-days", "a count is whole"
    assert [unit_of(unit) for unit in ("1", "mm/day", "nan")] == ["", "mm/day", ""]


def test_lists_are_sentences() -> None:
    assert [listing(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
