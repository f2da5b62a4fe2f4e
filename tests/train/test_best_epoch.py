"""Which epoch is kept: the latest that is not worse than the lowest by more than chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rainsmith.train.best_epoch import nothing_yet, observe

WEEKS = np.random.default_rng(0).gamma(0.3, 1.0, size=40)


def kept(weekly: list[np.ndarray]) -> list[bool]:
    best = nothing_yet()
    return [observe(best, epoch, float(weeks.sum()), weeks.tolist()) for epoch, weeks in enumerate(weekly)]


def noise(seed: int) -> np.ndarray:
    """(40,) weeks that add up to nothing."""
    found = np.random.default_rng(seed).normal(0.0, 0.1, size=40)
    return found - found.mean()


def test_a_lower_score_is_kept() -> None:
    assert kept([WEEKS, 0.9 * WEEKS, 0.8 * WEEKS]) == [True, True, True]


def test_a_later_epoch_is_kept_where_it_is_worse_by_less_than_chance() -> None:
    error = noise(1).std(ddof=1) * math.sqrt(40)
    for more, expected in ((0.9, True), (1.1, False)):
        assert kept([WEEKS, WEEKS + noise(1) + more * error / 40]) == [True, expected]


def test_what_is_worse_every_week_is_not_kept() -> None:
    assert kept([WEEKS, WEEKS + 1e-3]) == [True, False]


def test_many_small_steps_do_not_lead_away_from_the_lowest() -> None:
    found = kept([WEEKS + noise(epoch) + 0.005 * epoch for epoch in range(20)])
    assert found[0]
    assert any(found[1:])
    assert not any(found[10:])


def test_without_weeks_only_the_lowest_is_kept() -> None:
    best = nothing_yet()
    assert [observe(best, epoch, score) for epoch, score in enumerate((2.0, 2.0, 1.0, 1.5))] == [
        True,
        False,
        True,
        False,
    ]
    assert best["epoch"] == 2


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_what_is_no_number_is_never_kept(score: float) -> None:
    assert not observe(nothing_yet(), 0, score, [score, score])
