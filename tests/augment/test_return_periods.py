"""Return periods: the fit against another library, round trips, order, and what bounds it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rainsmith.augment.return_periods import MIN_TAIL_DAYS, SHAPES, TAIL_SHARE, Tail, years_of
from rainsmith.base.errors import UserError


def maxima(n: int = 4000, shape: float = 0.15) -> np.ndarray:
    return stats.genpareto.rvs(shape, scale=10.0, size=n, random_state=3)


def test_fit_agrees_with_the_l_moments_of_scipy() -> None:
    values = maxima()
    tail = Tail.fit(values, years=10.0)
    excess = np.sort(values)[-200:] - tail.threshold
    l1, l2 = stats.lmoment(excess, order=[1, 2])
    assert len(excess) == TAIL_SHARE * len(values) and tail.rate == 20.0
    assert tail.shape == pytest.approx(2 - l1 / l2)
    assert tail.scale == pytest.approx(l1 * (l1 / l2 - 1))


def test_fit_finds_the_distribution_again() -> None:
    tail = Tail.fit(maxima(200_000), years=100.0)
    assert tail.shape == pytest.approx(0.15, abs=0.03)
    assert tail.level(5.0) == pytest.approx(stats.genpareto.isf(1 / (5.0 * 2000), 0.15, scale=10.0), rel=0.05)


def test_level_and_period_undo_each_other_and_rise() -> None:
    tail = Tail.fit(maxima(), years=10.0)
    years = np.array([0.1, 1.0, 10.0, 1000.0])
    levels = np.array([tail.level(t) for t in years])
    np.testing.assert_allclose(tail.period(levels), years, rtol=1e-6)
    assert (np.diff(levels) > 0).all()
    assert tail.period(np.array([0.0, tail.threshold])) == pytest.approx(1 / tail.rate)
    assert tail.level(1e-6) == pytest.approx(tail.threshold)


def test_the_shape_stays_within_its_bounds() -> None:
    """Maxima with an upper end, as the fit of a few years may pretend, still leave every amount possible."""
    bounded = Tail.fit(np.linspace(0, 50, 1000), years=3.0)
    assert bounded.shape == SHAPES[0]
    assert np.isfinite(bounded.period(np.array([60.0]))).all()
    wild = Tail.fit(np.concatenate([np.zeros(900), np.full(80, 0.5), np.geomspace(1, 1e9, 20)]), years=3.0)
    assert wild.shape == SHAPES[1]


@pytest.mark.parametrize("wet_share", [0.02, 0.04, 0.08])
def test_dry_days_are_no_part_of_the_tail(wet_share: float) -> None:
    """Exponential amounts on few days: the 20-year level is theirs, not that of a tail that begins at 0."""
    random = np.random.default_rng(8)
    true = 10 * np.log(wet_share * 365.25 * 20)
    levels = []
    for _ in range(60):
        values = random.exponential(10.0, 7305) * (random.random(7305) < wet_share)
        levels.append(Tail.fit(values, years=20.0).level(20.0))
    assert np.median(levels) == pytest.approx(true, rel=0.12)


def test_few_and_missing_days() -> None:
    with pytest.raises(UserError, match="found 20 days with rain"):
        Tail.fit(np.concatenate([np.zeros(980), np.arange(1.0, 21.0)]), years=3.0)
    with pytest.raises(UserError, match=f"more than {MIN_TAIL_DAYS}"):
        Tail.fit(np.arange(20.0), years=1.0)
    values = maxima(400)
    assert Tail.fit(np.append(values, np.nan), years=1.0) == Tail.fit(values, years=1.0)


def test_years_of_a_season_are_whole_years() -> None:
    year = np.array([20010000 + 100 * month + day for month in range(1, 13) for day in range(1, 31)])
    winter = year[np.isin(year // 100 % 100, [12, 1, 2])]
    assert years_of(year) == pytest.approx(360 / 365.25)
    assert years_of(winter) == pytest.approx(360 / 365.25)
