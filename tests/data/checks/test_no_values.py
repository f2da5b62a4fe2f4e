"""The check that a target holds values at all."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.no_values import refuse_empty_target
from tests.data.made import rain


def test_no_valid_value_is_refused() -> None:
    with pytest.raises(UserError, match="no valid value"):
        refuse_empty_target(rain(days=3) * np.nan, Data())


def test_one_valid_value_is_enough() -> None:
    made = rain(days=3) * np.nan
    made.values[1, 2, 3] = 4.0
    assert refuse_empty_target(made, Data()).field is made
