"""The section ``augment``: two ways to say one thing are refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rainsmith.augment.registry import CHECKS
from rainsmith.config import Augment


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"top": 0.1, "days": "heavy"}, "top is 0.1 and days 'heavy'; expected one of the two; leave out the other"),
        ({"top": 0.1, "days": ["2001-01-01"]}, "top is 0.1 and days"),
        ({"intensity": 0.5, "target_return_period": 10}, "expected one of the two"),
        ({"target_return_period": 2000}, "target_return_period is 2000 years and max_return_period_years 1000; raise"),
        ({"top": 0}, "greater than 0"),
        ({"months": [0]}, "greater than or equal to 1"),
        ({"checks": ["hail"]}, "there is no check of synthetic days 'hail'"),
    ],
)
def test_contradictions_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Augment(**values)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "values", [{"top": 0.1, "days": "all"}, {"top": 1}, {"intensity": 1}, {"target_return_period": 1000}]
)
def test_one_way_alone_is_taken(values: dict[str, Any]) -> None:
    chosen = Augment(**values)
    assert all(getattr(chosen, key) == value for key, value in values.items())


def test_every_check_is_asked_for_in_order() -> None:
    assert Augment().checks == list(CHECKS.names())
