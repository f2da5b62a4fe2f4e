"""Which of the candidates of a day is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rainsmith.augment.return_periods import Tail
from rainsmith.augment.steering import EVEN_SHARE, Steering, drawn_order, effective_number, relative_rank
from rainsmith.base.errors import UserError
from rainsmith.config import Augment, parse

TAIL = Tail(threshold=20.0, rate=18.0, scale=10.0, shape=0.1)


@pytest.mark.parametrize(
    "values",
    [
        {"top": 0.1, "days": ["2001-01-05"]},
        {"top": 0.1, "days": "heavy"},
        {"intensity": 0.5, "target_return_period": 10},
        {"target_return_period": 5000},
        {"intensity": 1.5},
        {"months": [13]},
        {"checks": ["source"]},
    ],
)
def test_contradictions_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        parse({"augment": values})


def test_relative_rank_is_within_the_row() -> None:
    np.testing.assert_allclose(relative_rank(np.array([[3.0, 1.0, 2.0, 9.0]])), [[0.625, 0.125, 0.375, 0.875]])


def test_candidates_near_the_wanted_one_are_drawn_most_and_all_may_be() -> None:
    """A rank, and the amount of a return period: where no candidate reaches it, it stands at the highest one."""
    maxima = np.array([[5.0, 0.9 * TAIL.level(10), 1.3 * TAIL.level(10), 400.0], [0.0, 1.0, 2.0, 3.0]])
    steering = Steering.from_settings(Augment(target_return_period=10), TAIL)
    assert steering is not None and steering.level_mm == pytest.approx(TAIL.level(10))
    for wanted, most in ((steering, [1, 3]), (Steering(intensity=0.0), [0, 0]), (Steering(intensity=0.6), [2, 2])):
        chance = wanted.probabilities(maxima)
        np.testing.assert_array_equal(chance.argmax(axis=1), most)
        np.testing.assert_allclose(chance.sum(axis=1), 1)
        assert (chance > EVEN_SHARE / 4).all()  # so that no weight is above 1 / EVEN_SHARE
        distance = np.abs(np.arange(4) - chance.argmax(axis=1)[:, None])
        assert (np.diff(np.take_along_axis(chance, distance.argsort(axis=1), axis=1), axis=1) <= 1e-12).all()


@pytest.mark.parametrize("steering", [Steering(intensity=1.0), Steering(level_mm=3.0)])
def test_the_weighted_mean_of_steered_days_is_that_of_the_members(steering: Steering) -> None:
    """Exponential maxima of mean 1, whose share above 3 is exp(-3); 6000 days, as seen by a training."""
    maxima = np.random.default_rng(0).exponential(size=(6000, 20))
    chance = steering.probabilities(maxima)
    place = drawn_order(chance, 0, np.arange(6000), 0)[:, :1]
    drawn, weight = (np.take_along_axis(of, place, axis=1)[:, 0] for of in (maxima, 1 / (20 * chance)))
    for statistic, expected in ((drawn, 1.0), (drawn > 3, np.exp(-3.0))):
        terms = weight * statistic
        error = terms.std() / np.sqrt(len(terms))
        assert abs(terms.mean() - expected) < 3 * error < 0.2 * expected
        assert statistic.mean() > 1.5 * expected
    assert EVEN_SHARE * 6000 < effective_number(weight) < 0.6 * 6000


def test_the_choice_depends_on_seed_day_and_round_alone_and_goes_on_by_the_same_chances() -> None:
    chance = np.tile([0.1, 0.2, 0.3, 0.4], (1500, 1))
    days = np.arange(1500)
    order = drawn_order(chance, 3, days, 2)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(4), (1500, 1)))
    np.testing.assert_array_equal(drawn_order(chance[:3], 3, days[[7, 2, 5]], 2), order[[7, 2, 5]])
    for other in (drawn_order(chance, 4, days, 2), drawn_order(chance, 3, days, 1)):
        assert 0.2 < (other[:, 0] == order[:, 0]).mean() < 0.4  # as often as chance has it: 0.3
    second = order[order[:, 0] == 3, 1]
    np.testing.assert_allclose(np.bincount(second) / len(second), [1 / 6, 2 / 6, 3 / 6], atol=0.06)


def test_effective_number() -> None:
    assert effective_number(np.full(7, 0.5)) == pytest.approx(7) and effective_number(np.empty(0)) == 0
    assert effective_number(np.array([1.0, 3.0])) == pytest.approx(1.6)


def test_without_a_wish_members_are_taken_as_they_come() -> None:
    assert Steering.from_settings(Augment(), TAIL) is None
