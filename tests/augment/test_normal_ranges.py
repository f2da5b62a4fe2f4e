"""Normal ranges: hardly any other day of the same climate lies outside, and shifted days do."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.augment.normal_ranges import NormalRange


def days(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Wetness [mm/day], and a statistic that falls with it and scatters more on dry days."""
    rng = np.random.default_rng(seed)
    wetness = rng.gamma(0.7, 4.0, n) + 0.1
    return wetness, -np.log(wetness) + rng.standard_normal(n) / (1 + wetness)


@pytest.fixture(scope="module")
def normal() -> NormalRange:
    return NormalRange.fit(*days(800, seed=0))


def test_other_days_of_the_same_climate_are_normal(normal: NormalRange) -> None:
    assert (np.abs(normal.departure(*days(20_000, seed=1))) > 1).mean() < 0.01


def test_what_is_normal_depends_on_the_wetness(normal: NormalRange) -> None:
    dry, wet = np.array([0.3]), np.array([12.0])
    value = normal.median_at(dry)
    assert abs(normal.departure(dry, value)[0]) < 1e-9
    assert normal.departure(wet, value)[0] > 3
    assert normal.departure(dry, normal.median_at(wet))[0] < -1


def test_beyond_the_wettest_day_the_range_is_that_of_the_wettest(normal: NormalRange) -> None:
    np.testing.assert_array_equal(normal.median_at(np.array([1e3])), normal.median_at(np.array([1e4])))


def test_sides_have_bounds_of_their_own_and_a_tolerance_is_granted_on_both() -> None:
    rng = np.random.default_rng(4)
    wetness, values = rng.uniform(1, 2, 2000), rng.exponential(1.0, 2000)
    strict, lenient = NormalRange.fit(wetness, values), NormalRange.fit(wetness, values, tolerance=9.0)
    at = np.array([1.5])
    assert strict.upper > 3 * strict.lower
    low, high = np.array([-1.0]), np.array([8.5])
    assert strict.departure(at, low)[0] < -1 < lenient.departure(at, low)[0] < 0
    assert strict.departure(at, high)[0] > 1 > lenient.departure(at, high)[0] > 0


def test_a_figure_that_is_missing_stays_so_and_one_group_suffices(normal: NormalRange) -> None:
    assert np.isnan(normal.departure(np.array([1.0]), np.array([np.nan]))).all()
    wetness, values = days(400, seed=5)
    gaps = np.concatenate([values, [np.nan, np.inf]])
    np.testing.assert_array_equal(
        NormalRange.fit(np.append(wetness, [1.0, 2.0]), gaps).medians, NormalRange.fit(wetness, values).medians
    )
    few = NormalRange.fit(*days(30, seed=2))
    assert few.medians.shape == (1,)
