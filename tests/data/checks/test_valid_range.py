"""Values outside the valid range of a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rainsmith.config import Data
from rainsmith.data.checks.valid_range import mask_outside, mask_outside_valid_range
from tests.data.made import planted


@pytest.mark.parametrize("limits", [{"valid_max": 500.0}, {"valid_min": 0.0, "valid_max": 500.0}])
def test_a_value_outside_is_masked_and_counted(limits: dict[str, Any]) -> None:
    made = planted(999.0).assign_attrs(limits)
    outcome = mask_outside_valid_range(made, Data())
    assert np.isnan(outcome.field.values[3, 4, 5]) and made.values[3, 4, 5] == 999
    assert outcome.attributes == {"outside_valid_range": 1} and "1 values of 'pr' outside" in outcome.notice
    assert not set(limits) & set(outcome.field.attrs)  # limits in the unit of the file would be wrong in mm


def test_values_at_the_limits_are_valid() -> None:
    made = planted(30.0).assign_attrs(valid_min=0.0, valid_max=30.0)
    outcome = mask_outside_valid_range(made, Data())
    np.testing.assert_array_equal(outcome.field.values, made.values)
    assert (outcome.attributes, outcome.notice) == ({}, "")


def test_a_field_without_limits_is_left_as_it_is() -> None:
    made = planted(999.0)
    assert mask_outside_valid_range(made, Data()).field is made


def test_what_was_masked_file_by_file_is_counted() -> None:
    masked = mask_outside(planted(999.0).assign_attrs(valid_max=500.0))
    assert mask_outside_valid_range(masked, Data()).attributes == {"outside_valid_range": 1}
