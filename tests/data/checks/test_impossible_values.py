"""The check of values that no gauge can have measured."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.impossible_values import HIGHEST_MM, LOWEST_MM, refuse_impossible_values
from tests.data.made import planted


@pytest.mark.parametrize(("value", "limit"), [(-0.2, "below -0.1"), (2500.0, "above 2000"), (np.inf, "above 2000")])
def test_impossible_values_are_refused(value: float, limit: str) -> None:
    with pytest.raises(UserError, match=f"1 values {limit} mm/day .*on 2001-01-04 at y=4.62e.06 x=425000.*points to"):
        refuse_impossible_values(planted(value), Data())


@pytest.mark.parametrize("value", [LOWEST_MM, 0.0, 1825.0, HIGHEST_MM, np.nan])
def test_values_up_to_the_limits_are_left_as_they_are(value: float) -> None:
    made = planted(0.0).astype(np.float64)  # in float32, -0.1 lies a little below -0.1
    made.values[3, 4, 5] = value
    assert refuse_impossible_values(made, Data()).field is made
