"""Categories of days and the heavy days chosen by x."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.dims import CATEGORIES
from rainsmith.data.heavy import categories, choose_heavy_x, coarse_rain_score


def test_categories_follow_their_definitions() -> None:
    precip = np.zeros((6, 4, 5), dtype=np.float32)
    precip[1] = 1.0
    precip[2, 0, 0] = 11.0  # one cell of twenty: 5 %
    precip[3, 0, :2] = 11.0  # 10 %
    precip[4, 0, 0] = 11.0
    precip[4, 1:] = np.nan  # one of five valid cells: 20 %
    precip[5, 0, 0] = 10.0  # at the threshold, not above
    found = categories(precip, 10.0, 0.10, 0.1)
    assert [CATEGORIES[c] for c in found] == ["dry", "light", "moderate", "heavy", "heavy", "light"]


def test_as_many_days_as_are_heavy_in_each_split_by_score() -> None:
    heavy, light = CATEGORIES.index("heavy"), CATEGORIES.index("light")
    category = np.array([heavy, light, heavy, light, light, heavy, heavy])
    split = np.array([0, 0, 0, 1, 2, 2, -1])
    score = np.array([1.0, 3.0, 2.0, 9.0, 5.0, 4.0, 99.0])
    np.testing.assert_array_equal(choose_heavy_x(score, category, split), [0, 1, 1, 0, 1, 0, 0])


def test_the_score_weighs_blocks_by_their_valid_cells_and_leaves_missing_ones_out() -> None:
    block = np.array([[0, 0, 1], [0, 0, 1]])
    mask = np.array([[True, True, True], [True, False, False]])
    coarse = np.array([[[4.0, 8.0]], [[np.nan, 8.0]]])
    np.testing.assert_allclose(coarse_rain_score(coarse, block, mask), [(3 * 4 + 8) / 4, 8.0])


def test_the_score_of_block_means_is_the_mean_of_the_fine_rain() -> None:
    rng = np.random.default_rng(0)
    rain = rng.gamma(0.5, 5, (3, 4, 6))
    block = np.arange(4)[:, None] // 2 * 3 + np.arange(6) // 2
    coarse = rain.reshape(3, 2, 2, 3, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(coarse_rain_score(coarse, block, np.ones((4, 6), dtype=bool)), rain.mean(axis=(1, 2)))


def test_scores_of_days_in_blocks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    coarse, block = rng.gamma(1.0, 3.0, size=(301, 7, 9)).astype(np.float32), rng.integers(0, 63, size=(40, 50))
    coarse[3, 2, :4], mask = np.nan, rng.random((40, 50)) < 0.6
    whole = coarse_rain_score(coarse, block, mask)
    monkeypatch.setattr("rainsmith.base.large_arrays.BLOCK_BYTES", 1)
    assert np.array_equal(coarse_rain_score(coarse, block, mask), whole) and len(np.unique(whole)) == 301
