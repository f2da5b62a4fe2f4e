"""Sums of values that come in pieces are those of numpy, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.data import pairwise_sums
from rainsmith.data.pairwise_sums import pairwise_sum


@pytest.mark.parametrize("count", [0, 1, 7, 129, 1000, 1001, 4097, 100_003, 1_234_567])
@pytest.mark.parametrize("at_once", [200, 1024, 2**17])
def test_the_sum_is_that_of_numpy(count: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairwise_sums, "_AT_ONCE", at_once)
    values = np.random.default_rng(count).gamma(0.5, 9.0, size=count) - 1.0
    pieces = np.array_split(values, [10, 10, 500, 90_000])
    assert pairwise_sum(pieces, count) == values.sum()
    if count > 1000:
        assert pairwise_sum(pieces, count) != np.cumsum(values)[-1]  # one after another they give another sum
