"""Quantiles by counting are those of numpy to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rainsmith.data.pooled_quantiles import pooled_quantiles

LEVELS = [0.9, 0.95, 0.99, 0.123, 0.0, 1.0]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=60), st.floats(0, 1))
def test_they_are_those_of_numpy(values: list[float], level: float) -> None:
    array = np.array(values, dtype=np.float32) / np.float32(4)  # differences stay finite
    found = pooled_quantiles(lambda: np.array_split(array, 3), [*LEVELS, level])
    assert found.dtype == np.float64 and np.array_equal(found, np.quantile(array, [*LEVELS, level]))


def test_of_rain_of_which_half_is_dry() -> None:
    rng = np.random.default_rng(0)
    rain = (np.round(rng.gamma(0.4, 9.0, 100_000), 1) * (rng.random(100_000) < 0.5)).astype(np.float32)
    assert np.array_equal(pooled_quantiles(lambda: np.array_split(rain, 7), LEVELS), np.quantile(rain, LEVELS))


def test_no_value_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no value"):
        pooled_quantiles(lambda: [np.empty(0, dtype=np.float32)], LEVELS)
