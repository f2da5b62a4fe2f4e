"""The baseline RainFARM, on whole blocks of made-up rain."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.baselines.registry import NotApplicable, forecast
from tests.fake_run import config_of, rain, store_of

SIDE = 4
needs_pysteps = pytest.mark.skipif(find_spec("pysteps") is None, reason="pysteps, an optional extra, is not installed")


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    whole = rain(120, 32, 24).fillna(0.0)
    whole[80] = 0.0  # a dry day has no spectrum
    splits = {"train": [["2001-01-01", "2001-02-28"]], "validation": [["2001-03-01", "2001-03-10"]]}
    data = {"kind": "gridded", "splits": {**splits, "test": [["2001-03-11", "2001-04-30"]]}}
    return store_of(whole, config_of(data=data), coarsen=SIDE)


@needs_pysteps
def test_members_differ_inside_blocks_and_keep_their_means(store: xr.Dataset) -> None:
    members = forecast("rainfarm", store, "test", 3)
    days = in_split(store, "test")
    wanted = days["predictors"].isel(channel=0).values[:, None]
    means = members.coarsen(y=SIDE, x=SIDE).mean().values
    np.testing.assert_allclose(means, np.broadcast_to(wanted, means.shape), rtol=1e-4, atol=1e-5)
    assert members.attrs["units"] == "mm/day" and members.dtype == np.float32 and float(members.min()) >= 0
    wet = days["precip"].mean(("y", "x")).values > 0
    assert 0 < (~wet).sum() and not members.values[~wet].any()
    detail = members.std("member").mean(("y", "x")).values
    assert (detail[wet] > 0).all()


@needs_pysteps
def test_a_member_is_a_function_of_seed_day_and_number(store: xr.Dataset) -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    many = forecast("rainfarm", store, "test", 3)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.testing.assert_array_equal(forecast("rainfarm", store, "test", 2), many.isel(member=slice(2)))
    assert not np.array_equal(forecast("rainfarm", store, "test", 3, seed=1), many)


def test_it_says_what_it_needs(store: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotApplicable, match="coarse rain on another grid"):
        forecast("rainfarm", store.assign_attrs(coarsen=0), "test", 3)
    monkeypatch.setitem(sys.modules, "pysteps.downscaling.rainfarm", None)
    with pytest.raises(NotApplicable, match="found no pysteps"):
        forecast("rainfarm", store, "test", 3)


def test_a_coarse_grid_too_small_for_a_slope_is_refused(store: xr.Dataset) -> None:
    small = store.isel(y=slice(8), x=slice(8), y_lr=slice(2), x_lr=slice(2))
    with pytest.raises(NotApplicable, match=r"2 x 2 coarse cells"):
        forecast("rainfarm", small, "train", 1)
