"""Places of values in messages."""

from __future__ import annotations

import pytest

from rainsmith.data.checks.place import place_of
from tests.data.made import rain


@pytest.mark.parametrize("calendar", ["standard", "360_day"])
def test_a_place_is_a_day_and_coordinates(calendar: str) -> None:
    assert place_of(rain(days=40, calendar=calendar), (3, 4, 5)) == ("2001-01-04", 4_620_000.0, 425_000.0)


def test_without_coordinates_it_is_the_row_and_column() -> None:
    assert place_of(rain(days=4).drop_vars(["y", "x"]), (3, 4, 5)) == ("2001-01-04", 4.0, 5.0)
