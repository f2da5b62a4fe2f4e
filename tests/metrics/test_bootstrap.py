"""Blocks of calendar days, resampling, intervals and paired tests."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics.bootstrap import LEVEL, calendar_blocks, interval, paired_difference, resampling_weights


def test_a_day_keeps_its_week_in_any_subset() -> None:
    time = xr.date_range("2019-01-01", periods=400)
    days = xr.DataArray(time, dims="time", coords={"time": time})
    blocks = calendar_blocks(days, 7)
    chosen = np.array([3, 4, 50, 51, 200, 399])
    np.testing.assert_array_equal(calendar_blocks(days.isel(time=chosen), 7), blocks[chosen])
    counts = np.bincount(blocks - blocks[0])
    assert set(counts[1:-1]) == {7} and (np.diff(blocks) >= 0).all()
    assert len(np.unique(calendar_blocks(days, 1))) == 400


@pytest.mark.parametrize("calendar", ["noleap", "360_day", "standard"])
def test_blocks_of_other_calendars(calendar: str) -> None:
    time = xr.date_range("2004-02-20", periods=60, calendar=calendar, use_cftime=True)
    blocks = calendar_blocks(xr.DataArray(time, dims="time", coords={"time": time}), 7)
    assert set(np.unique(blocks, return_counts=True)[1][1:-1]) == {7}


def test_weights_draw_every_block_once_on_average() -> None:
    weights = resampling_weights(40, 500, seed=0)
    assert weights.shape == (501, 40) and (weights[0] == 1).all()
    np.testing.assert_array_equal(weights.sum(axis=1), 40)
    np.testing.assert_allclose(weights[1:].mean(axis=0), 1, atol=0.25)
    np.testing.assert_array_equal(weights, resampling_weights(40, 500, seed=0))
    assert not np.array_equal(weights, resampling_weights(40, 500, seed=1))


def test_interval_of_a_mean_is_the_normal_one() -> None:
    """Mean of n independent values: 90 % within 1.645 standard errors."""
    values = np.random.default_rng(1).normal(size=400)
    means = resampling_weights(400, 4000, seed=0) @ values / 400
    lower, upper = interval(means)
    half = 1.645 * values.std() / np.sqrt(400)
    assert lower == pytest.approx(values.mean() - half, abs=0.01)
    assert upper == pytest.approx(values.mean() + half, abs=0.01)


def test_interval_covers_the_truth_nine_times_in_ten() -> None:
    random = np.random.default_rng(2)
    covered = 0
    for seed in range(300):
        values = random.gamma(2.0, 1.0, 80)
        lower, upper = interval(resampling_weights(80, 300, seed=seed) @ values / 80)
        covered += bool(lower <= 2.0 <= upper)
    assert 0.83 <= covered / 300 <= 0.95


def test_interval_holds_its_value_and_is_nan_where_half_the_resamples_are() -> None:
    lower, upper = interval(np.array([5.0, 1.0, 2.0, 3.0]))
    assert lower < 2 and upper == 5
    assert np.isnan(interval(np.array([5.0, np.nan, np.nan, 3.0]))).all()


@pytest.mark.parametrize("resamples", [1, 2, 100, 101, 500])
def test_interval_is_that_of_numpys_quantiles_to_the_last_bit(resamples: int) -> None:
    values = np.random.default_rng(4).normal(10, 2, (1 + resamples, 40))
    values[0], values[2:4, 1], values[1:, 2] = 10.0, np.nan, np.nan
    lower, upper = interval(values)
    known = np.delete(np.arange(40), 2)
    expected = np.nanquantile(values[1:, known], [(1 - LEVEL) / 2, 1 - (1 - LEVEL) / 2], axis=0)
    if resamples == 2:  # half of them are missing
        expected[:, 1] = np.nan
    np.testing.assert_array_equal(lower[known], np.minimum(expected[0], 10.0))
    np.testing.assert_array_equal(upper[known], np.maximum(expected[1], 10.0))
    assert np.isnan([lower[2], upper[2]]).all() and np.isnan(interval(values[:1])).all()


def test_blocks_widen_the_interval_of_dependent_days() -> None:
    """Weeks of one value each: seven times fewer independent numbers, so sqrt(7) times the width."""
    week = np.repeat(np.random.default_rng(3).normal(size=200), 7)
    days, ones = np.arange(1400), np.ones(1400)

    def width(block: np.ndarray) -> float:
        test = paired_difference(week, 0 * week, ones, block, resamples=1000, seed=0)
        return test.upper - test.lower

    assert width(days // 7) / width(days) == pytest.approx(np.sqrt(7), rel=0.15)


def test_paired_difference_sees_what_unpaired_noise_would_hide() -> None:
    random = np.random.default_rng(4)
    hard = random.gamma(1.0, 5.0, 364)
    a, b, cells, block = hard + 0.1, hard + random.normal(0, 0.2, 364), np.ones(364), np.arange(364) // 7
    there = paired_difference(a, b, cells, block, resamples=500, seed=0)
    assert 0 < there.lower < there.difference < there.upper and there.p < 1e-3 and there.blocks == 52
    back = paired_difference(b, a, cells, block, resamples=500, seed=0)
    assert back.difference == -there.difference and back.p == there.p and back.lower == pytest.approx(-there.upper)


def test_p_of_no_difference_is_even() -> None:
    """Under the null about one test in ten is below 0.1."""
    random = np.random.default_rng(5)
    block = np.arange(350) // 7
    p = [
        paired_difference(
            random.normal(size=350), random.normal(size=350), np.ones(350), block, resamples=200, seed=i
        ).p
        for i in range(200)
    ]
    assert 0.05 <= np.mean(np.array(p) < 0.1) <= 0.17
    assert 0.40 <= np.mean(p) <= 0.60


@pytest.mark.parametrize("blocks", [2, 3, 6, 10, 50])
def test_few_blocks_do_not_make_a_difference_significant(blocks: int) -> None:
    """Differences that are none are called significant in about one test of ten, however few the weeks are."""
    random, null = np.random.default_rng(blocks), np.zeros(blocks)
    tests = [
        paired_difference(random.normal(size=blocks), null, null + 1, np.arange(blocks), resamples=200, seed=i)
        for i in range(400)
    ]
    p = np.array([one.p for one in tests])
    assert 0.06 <= (p < 0.1).mean() <= 0.14 and (p < 0.01).mean() <= 0.03
    assert [one.lower > 0 or one.upper < 0 for one in tests] == (p < 0.1).tolist()


def test_paired_difference_weighs_days_by_their_cells() -> None:
    a, b, cells = np.array([10.0, 2.0]), np.array([0.0, 0.0]), np.array([90.0, 10.0])
    assert paired_difference(a, b, cells, np.array([0, 1]), resamples=50, seed=0).difference == pytest.approx(0.12)


def test_without_a_second_block_there_is_no_interval() -> None:
    one = paired_difference(np.ones(3), np.zeros(3), np.ones(3), np.zeros(3), resamples=50, seed=0)
    assert one.difference == 1 and np.isnan([one.lower, one.upper, one.p]).all()
    empty = np.zeros(0)
    assert np.isnan(paired_difference(empty, empty, empty, empty, resamples=50, seed=0)[:4]).all()
