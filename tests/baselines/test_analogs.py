"""Analogs, scaled and tuned ones: whom they choose, and what scaling keeps."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import SPLITS, in_split
from rainsmith.baselines.registry import NotApplicable, forecast
from tests.baselines.made import without_coarse_rain


@pytest.mark.parametrize("with_rain", [True, False])
@pytest.mark.parametrize("name", ["analogs", "tuned-analogs"])
def test_analogs_find_the_twin_of_a_day(store: xr.Dataset, name: str, with_rain: bool) -> None:
    train, test = (np.flatnonzero(store["split"] == SPLITS.index(kind)) for kind in ("train", "test"))
    twin = store.copy(deep=True)
    twin["predictors"][test[4]] = store["predictors"].values[train[30]]
    twin = twin if with_rain else without_coarse_rain(twin)
    members = forecast(name, twin, "test", 3).isel(time=4, member=0)
    np.testing.assert_allclose(members, store["precip"][train[30]], rtol=1e-2 if "tuned" in name else 1e-6, atol=1e-3)


def test_a_training_day_is_no_analog_of_itself_nor_of_its_neighbours(store: xr.Dataset) -> None:
    train = in_split(store, "train")
    members = forecast("analogs", store, "train", 1).isel(member=0)
    place = {field.tobytes(): index for index, field in enumerate(train["precip"].values)}
    chosen = np.array([place[field.tobytes()] for field in members.values])
    assert np.abs(chosen - np.arange(len(chosen))).min() > 1  # the days of this store are 3 apart


def test_scaled_analogs_double_where_the_coarse_rain_is_double(store: xr.Dataset) -> None:
    train, test = (np.flatnonzero(store["split"] == SPLITS.index(kind)) for kind in ("train", "test"))
    wet = store.copy(deep=True)
    wet["predictors"][:, 1] *= 1e-3  # all other days are far away
    for day, factor in ((train[30], 200.0), (test[4], 400.0)):
        wet["predictors"][day, 1] = factor * store["predictors"].values[train[30], 1]
    wet["precip"][train[30]] *= 200.0
    members = forecast("scaled-analogs", wet, "test", 1).isel(time=4, member=0)
    np.testing.assert_allclose(members, 2 * wet["precip"][train[30]], rtol=1e-2)


def test_scaled_analogs_have_the_domain_mean_and_tuned_ones_the_block_means(store: xr.Dataset) -> None:
    wanted = in_split(store, "test")["precip"]
    scaled = forecast("scaled-analogs", store, "test", 5)
    np.testing.assert_allclose(
        scaled.mean(("y", "x")), wanted.mean(("y", "x")).expand_dims(member=5, axis=1), rtol=1e-3
    )
    tuned = forecast("tuned-analogs", store, "test", 5)
    own, other = (array.groupby(store["block"].where(store["mask"], -1)).mean() for array in (wanted, tuned))
    difference = abs(other - own).isel(block=slice(1, None))
    assert float((difference > 1e-3 * own.isel(block=slice(1, None)) + 1e-3).mean()) < 0.01  # the cap of the factor


def test_coarse_rain_that_is_not_block_means_leaves_its_bias_alone(store: xr.Dataset) -> None:
    biased = store.assign_attrs(coarsen=0)
    biased["predictors"] = store["predictors"].copy()
    biased["predictors"][:, 1] *= 3.0
    scaled = forecast("scaled-analogs", biased, "test", 5)
    observed = in_split(store, "test")["precip"].mean()
    assert float(scaled.mean() / observed) == pytest.approx(1, abs=0.15)
    with pytest.raises(NotApplicable, match="not block means"):
        forecast("tuned-analogs", biased, "test", 5)
