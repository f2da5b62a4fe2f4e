"""Units in words: what they say, and what is not clear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rainsmith.base.unit_text import UnclearUnit, read_unit, registry

SPELLINGS = ("mm {n}h-1", "mm/{n}h", "mm / {n} hr", "mm ({n} h)-1", "mm/({n}hours)", "mm per {n} hours", "mm {n} h**-1")


@given(hours=st.integers(1, 240), spelling=st.sampled_from(SPELLINGS))
def test_a_number_before_a_unit_of_time_belongs_to_it(hours: int, spelling: str) -> None:
    said = read_unit(spelling.format(n=hours)).to("mm/hour").magnitude
    assert said == pytest.approx(1 / hours, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("kg.m-2.s-1", "kg/m**2/s"),
        ("kg/(m2 s)", "kg/m**2/s"),
        ("kg m\u207b\u00b2 s\u207b\u00b9", "kg/m**2/s"),
        ("mm\u00b7d\u207b\u00b9", "mm/day"),
        ("mm/3-hourly", "mm/(3*hour)"),
        ("MM/DAY", "mm/day"),
        ("m of water equivalent", "m"),
        ("hPa", "hectopascal"),
        ("m2 s-2", "m**2/s**2"),
    ],
)
def test_spellings(text: str, same: str) -> None:
    assert read_unit(text).to_base_units().units == registry().parse_expression(same).to_base_units().units
    assert read_unit(text).to_base_units().magnitude == pytest.approx(
        (1.0 * registry().parse_expression(same)).to_base_units().magnitude, rel=1e-12
    )


def test_a_number_at_the_beginning_scales() -> None:
    assert read_unit("1e-3 m").to("mm").magnitude == pytest.approx(1)
    assert read_unit("10^-3 m").to("mm").magnitude == pytest.approx(1)
    assert read_unit("0.1mm/3h").to("mm/hour").magnitude == pytest.approx(0.1 / 3)


@pytest.mark.parametrize(
    "text",
    ["", "banana", "mm/month", "mm yr-1", "1/10 mm", "mm/h/3", "mm (3 h", "mm/", "10-3 m", "days since 2000-1-1"],
)
def test_what_is_not_clear_is_refused(text: str) -> None:
    with pytest.raises(UnclearUnit):
        read_unit(text)
