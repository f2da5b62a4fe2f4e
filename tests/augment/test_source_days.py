"""Which training days are a source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.augment.return_periods import Tail, years_of
from rainsmith.augment.source_days import choose_source_days, wetness_by_predictors
from rainsmith.base.dims import day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Augment
from rainsmith.run_folder import Run
from tests.fake_run import config_of, rain, store_of


@pytest.fixture(scope="module")
def training(prepared: Run) -> xr.Dataset:
    return in_split(prepared.open_store(), "train").load()


def chosen(training: xr.Dataset, **settings: Any) -> np.ndarray:
    maxima = training["precip"].max(("y", "x")).values
    tail = Tail.fit(maxima, years_of(day_numbers(training["time"])))
    return day_numbers(choose_source_days(training, Augment(**settings), tail)["time"])


def test_the_top_by_x_are_the_heavy_x_days_where_there_are_as_many(training: xr.Dataset) -> None:
    share = float(training["heavy_x"].values.mean())
    np.testing.assert_array_equal(chosen(training, top=share), chosen(training, days="heavy_x"))
    few = chosen(training, top=0.05)
    assert len(few) == round(0.05 * training.sizes["time"])
    assert set(few) < set(chosen(training))


def test_without_coarse_rain_the_analogs_rank_the_days() -> None:
    config = config_of()
    training = in_split(store_of(rain(), config, coarse_rain=False), "train")
    share = float(training["heavy_x"].values.mean())
    assert 0 < share < 1
    np.testing.assert_array_equal(chosen(training, top=share), chosen(training, days="heavy_x"))


def test_the_observation_does_not_choose_where_there_is_coarse_rain(training: xr.Dataset) -> None:
    other = training.assign(precip=training["precip"][::-1].assign_coords(time=training["time"]))
    np.testing.assert_array_equal(wetness_by_predictors(other), wetness_by_predictors(training))


def test_months_and_return_period_narrow_the_choice(training: xr.Dataset) -> None:
    winter = chosen(training, days="all", months=[12, 1])
    assert set(winter // 100 % 100) == {1, 12} and len(winter) == 62
    rare = chosen(training, days="all", return_period=0.2)
    maxima = dict(zip(day_numbers(training["time"]), training["precip"].max(("y", "x")).values, strict=True))
    assert 0 < len(rare) < 12
    assert min(maxima[day] for day in rare) > max(v for day, v in maxima.items() if day not in set(rare))
    both = chosen(training, top=0.3, months=[6, 7, 8])
    assert set(both) == set(chosen(training, top=0.3)) & set(chosen(training, days="all", months=[6, 7, 8]))


def test_nothing_left_and_days_of_another_split(training: xr.Dataset) -> None:
    with pytest.raises(UserError, match="found no training day"):
        chosen(training, return_period=1e6)
    with pytest.raises(UserError, match="not in the train split"):
        chosen(training, days=["2003-01-05"])
