"""Which of the candidates of a day is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rainsmith.augment.return_periods import Tail
from rainsmith.augment.steering import Steering, relative_rank
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


def test_intensity_takes_the_member_of_that_rank() -> None:
    maxima = np.random.default_rng(0).gamma(2.0, 10.0, (6, 20))
    rising = np.sort(maxima, axis=1)
    for intensity, place in ((0.0, 0), (0.26, 5), (1.0, 19)):
        order = Steering(intensity=intensity).order(maxima)
        np.testing.assert_array_equal(maxima[np.arange(6), order[:, 0]], rising[:, place])
        np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(20), (6, 1)))


def test_a_return_period_takes_the_member_nearest_to_its_level() -> None:
    steering = Steering.from_settings(Augment(target_return_period=10), TAIL)
    assert steering is not None
    assert steering.level_mm == pytest.approx(TAIL.level(10))
    maxima = np.array([[5.0, 0.9 * TAIL.level(10), 1.3 * TAIL.level(10), 400.0], [0.0, 1.0, 2.0, 3.0]])
    order = steering.order(maxima)
    np.testing.assert_array_equal(order[:, 0], [1, 3])
    np.testing.assert_array_equal(order[0, :2], [1, 2])


def test_without_a_wish_members_are_taken_as_they_come() -> None:
    assert Steering.from_settings(Augment(), TAIL) is None
