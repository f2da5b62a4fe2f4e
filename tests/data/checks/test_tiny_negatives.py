"""The check of values a little below zero."""

from __future__ import annotations

import numpy as np

from rainsmith.config import Data
from rainsmith.data.checks.tiny_negatives import set_negatives_to_zero
from tests.data.made import planted


def test_tiny_negatives_become_zero_and_are_counted() -> None:
    made = planted(-0.05)
    made.values[0, 0, 1] = -1e-6
    outcome = set_negatives_to_zero(made, Data())
    assert outcome.attributes == {"negatives_set_to_zero": 2}
    assert outcome.notice == "2 tiny negatives set to 0"
    assert outcome.field.values[3, 4, 5] == 0
    assert np.nanmin(outcome.field) == 0
    assert made.values[3, 4, 5] < 0  # the input is not touched


def test_rain_without_negatives_is_not_copied() -> None:
    made = planted(5.0)
    assert set_negatives_to_zero(made, Data()).field is made
