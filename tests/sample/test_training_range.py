"""The share of new values outside the training range, and what is said or refused of it."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.sample.training_range import judge_range, outside_training_range


def test_the_share_outside_the_training_range_counts_known_values() -> None:
    domain = xr.Dataset(
        {"predictor_min": ("channel", [0.0, -1.0]), "predictor_max": ("channel", [10.0, 1.0])},
        coords={"channel": ["rain", "wind"]},
    )
    values = np.array([[[[5.0, 11.0]], [[0.0, 0.5]]], [[[np.nan, -1.0]], [[np.nan, np.nan]]]])
    predictors = xr.Dataset(
        {"predictors": (("time", "channel", "y_lr", "x_lr"), values)}, coords={"channel": ["rain", "wind"]}
    )
    assert outside_training_range(predictors, domain) == {"rain": pytest.approx(2 / 3), "wind": 0.0}
    unknown = predictors * np.nan
    assert outside_training_range(unknown, domain) == {"rain": 0.0, "wind": 0.0}


def new_period(values: np.ndarray) -> tuple[xr.Dataset, xr.Dataset]:
    """Values (time,) of one channel, and a training in which it lay from -3 to 3."""
    statistics = {"predictor_min": [-3.0], "predictor_max": [3.0], "predictor_std": [1.0]}
    coords = {"channel": ["wind"]}
    domain = xr.Dataset({name: ("channel", value) for name, value in statistics.items()}, coords=coords)
    dims = ("time", "channel", "y_lr", "x_lr")
    return xr.Dataset({"predictors": (dims, values[:, None, None, None])}, coords=coords), domain


@pytest.mark.parametrize(("outside", "expected"), [(0, 0), (4, 0), (6, 1), (49, 1)])
def test_more_than_a_few_values_outside_the_training_range_are_warned_of(outside: int, expected: int) -> None:
    values = np.random.default_rng(0).uniform(-2, 2, 100)
    values[:outside] = 9.0
    predictors, domain = new_period(values)
    warnings = judge_range(outside_training_range(predictors, domain), predictors, domain)
    assert len(warnings) == expected
    assert all(f"{outside}.0% of the values of predictor 'wind' lie outside" in text for text in warnings)


def test_a_period_of_which_the_training_saw_nothing_is_refused() -> None:
    predictors, domain = new_period(np.random.default_rng(0).uniform(-200, 200, 100))
    shares = outside_training_range(predictors, domain)
    with pytest.raises(
        UserError, match=r"9\d% of the values of predictor 'wind' lie outside .* training -3 to 3\).*unit"
    ):
        judge_range(shares, predictors, domain)


def test_a_channel_that_hardly_varies_is_warned_of() -> None:
    predictors, domain = new_period(np.random.default_rng(0).uniform(-0.002, 0.002, 100))
    (warning,) = judge_range({"wind": 0.0}, predictors, domain)
    assert "hardly vary" in warning
    few = predictors.isel(time=slice(0, 5))
    assert judge_range({"wind": 0.0}, few, domain) == []
