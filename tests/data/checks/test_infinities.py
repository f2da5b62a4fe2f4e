"""Infinite values become missing."""

from __future__ import annotations

import numpy as np

from rainsmith.config import Data
from rainsmith.data.checks.infinities import mask_infinities
from tests.data.made import planted


def test_infinite_values_are_masked_and_counted() -> None:
    made = planted(np.inf)
    made.values[0, 0, 1] = -np.inf
    outcome = mask_infinities(made, Data())
    assert outcome.attributes == {"infinite_values": 2} and outcome.notice == "2 infinite values of 'pr' set to NaN"
    assert np.isnan(outcome.field.values[[3, 0], [4, 0], [5, 1]]).all()


def test_finite_and_missing_values_are_left_as_they_are() -> None:
    made = planted(np.nan)
    assert mask_infinities(made, Data()).field is made
