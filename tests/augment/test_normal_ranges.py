"""What is usual for a wetness: hardly any other day of the same climate is unusual, and shifted ones are."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.augment.normal_ranges import Usual


def days(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Wetness [mm/day], and a statistic that falls with it and scatters more on dry days."""
    rng = np.random.default_rng(seed)
    wetness = rng.gamma(0.7, 4.0, n) + 0.1
    return wetness, -np.log(wetness) + rng.standard_normal(n) / (1 + wetness)


@pytest.fixture(scope="module")
def usual() -> Usual:
    return Usual.of(*days(800, seed=0))


def test_other_days_of_the_same_climate_are_usual(usual: Usual) -> None:
    assert (np.abs(usual.excess(*days(20_000, seed=1))) > 1).mean() < 0.01


def test_what_is_usual_depends_on_the_wetness(usual: Usual) -> None:
    dry, wet = np.array([0.3]), np.array([12.0])
    value = usual.centre_at(dry)
    assert abs(usual.excess(dry, value)[0]) < 1e-9
    assert usual.excess(wet, value)[0] > 3
    assert usual.excess(dry, usual.centre_at(wet))[0] < -1


def test_beyond_the_wettest_day_it_is_as_there(usual: Usual) -> None:
    np.testing.assert_array_equal(usual.centre_at(np.array([1e3])), usual.centre_at(np.array([1e4])))


def test_sides_have_bounds_of_their_own_and_a_tolerance_is_granted_on_both() -> None:
    rng = np.random.default_rng(4)
    wetness, values = rng.uniform(1, 2, 2000), rng.exponential(1.0, 2000)
    strict, lenient = Usual.of(wetness, values), Usual.of(wetness, values, tolerance=9.0)
    at = np.array([1.5])
    assert strict.upper > 3 * strict.lower
    low, high = np.array([-1.0]), np.array([8.5])
    assert strict.excess(at, low)[0] < -1 < lenient.excess(at, low)[0] < 0
    assert strict.excess(at, high)[0] > 1 > lenient.excess(at, high)[0] > 0


def test_a_figure_that_is_missing_stays_so_and_one_group_suffices(usual: Usual) -> None:
    assert np.isnan(usual.excess(np.array([1.0]), np.array([np.nan]))).all()
    wetness, values = days(400, seed=5)
    gaps = np.concatenate([values, [np.nan, np.inf]])
    np.testing.assert_array_equal(
        Usual.of(np.append(wetness, [1.0, 2.0]), gaps).centre, Usual.of(wetness, values).centre
    )
    few = Usual.of(*days(30, seed=2))
    assert few.centre.shape == (1,)
