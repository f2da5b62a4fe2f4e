"""Digits, dates and units in words."""

from __future__ import annotations

import pytest

from rainsmith.inspection.words import amount, conversion, correlation, date, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (191.8, "192"),
        (72.4028, "72.4"),
        (3.2189, "3.22"),
        (0.57016, "0.570"),
        (0.0, "0"),
        (99.96, "100"),
        (12345, "12345"),
        (float("nan"), "–"),
    ],
)
def test_amounts_have_three_digits(value: float, text: str) -> None:
    assert amount(value) == text


def test_shares_correlations_and_dates() -> None:
    assert [percent(v) for v in (0.883, 0.0, -0.095, 0.0012, float("nan"))] == ["88 %", "0 %", "-9.5 %", "0.1 %", "–"]
    assert correlation(-0.456) == "-0.46" and correlation(float("nan")) == "–"
    assert date(20010203) == "2001-02-03" and date(0) == "–"


def test_units_and_what_was_done_with_them() -> None:
    assert conversion("kg m-2 s-1", "mm/day", 86400.0) == "kg m-2 s-1 times 86400 = mm/day"
    assert conversion("mm", "mm/day", 1.0) == "mm as mm/day"
    assert conversion("Pa", "Pa", 1.0) == "Pa" and conversion("", "", 1.0) == "no unit"
