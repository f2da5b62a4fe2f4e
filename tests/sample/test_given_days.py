"""Days that a user gives to a model: put into the form of a store, or refused in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.run_folder import Run
from rainsmith.sample.given_days import given_days


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


@pytest.fixture(scope="module")
def days(prepared: Run) -> xr.Dataset:
    return in_split(prepared.open_store(), "test").isel(time=slice(0, 4)).load()


def test_days_of_a_store_come_back(days: xr.Dataset, domain: xr.Dataset) -> None:
    back = given_days(days, None, domain)
    for name in ("predictors", "precip"):
        assert back[name].dims == days[name].dims
        np.testing.assert_array_equal(back[name].values, days[name].values)
    assert "precip" not in given_days(days["predictors"], None, domain)
    assert {"y", "x"} <= set(back.coords)


def test_storms_come_before_the_rain_of_a_store(days: xr.Dataset, domain: xr.Dataset) -> None:
    storms = (2 * days["precip"]).transpose("x", "time", "y")
    np.testing.assert_array_equal(given_days(days, storms, domain)["precip"].values, 2 * days["precip"].values)


def test_channels_come_in_the_order_of_the_model(days: xr.Dataset, domain: xr.Dataset) -> None:
    turned = days["predictors"].isel(channel=slice(None, None, -1)).transpose()
    np.testing.assert_array_equal(given_days(turned, None, domain)["predictors"].values, days["predictors"].values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.rename(y_lr="latitude"), "found predictors of dimensions time, channel, latitude, x_lr; expected"),
        (lambda p: p.drop_vars("time"), r"expected time \(with its dates\)"),
        (lambda p: p.isel(channel=slice(1, None)), "the model expects"),
        (lambda p: p.drop_vars("channel"), "found the predictor channels without names"),
        (lambda p: p.isel(x_lr=slice(1, None)), "found predictors of 3 cells along x_lr; .* trained with 4"),
        (lambda p: p.isel(y_lr=slice(None, None, -1)), "the cells of the predictors along y_lr lie from .* its order"),
        (lambda p: p.assign_coords(x_lr=p["x_lr"] + 1e6), "the cells of the predictors along x_lr lie from"),
    ],
)
def test_other_predictors_are_refused(
    days: xr.Dataset, domain: xr.Dataset, change: Callable[[xr.DataArray], xr.DataArray], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        given_days(change(days["predictors"]), None, domain)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.isel(time=slice(1, None)), "storms and predictors of different days"),
        (lambda s: s.isel(time=slice(None, None, -1)), "in the same order"),
        (lambda s: s.isel(x=slice(1, None)), "found storms of 17 cells along x; the model was trained with 18"),
        (lambda s: s.isel(y=slice(None, None, -1)), "the cells of the storms along y lie from .* in its order"),
        (lambda s: s.isel(time=0), "found storms of dimensions y, x; expected time"),
    ],
)
def test_other_storms_are_refused(
    days: xr.Dataset, domain: xr.Dataset, change: Callable[[xr.DataArray], xr.DataArray], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        given_days(days["predictors"], change(days["precip"]), domain)
    assert "\n" not in str(caught.value)


def test_a_store_of_other_units_is_converted_and_said(days: xr.Dataset, domain: xr.Dataset) -> None:
    name = str(domain["channel"].values[0])
    trained = domain.assign_attrs(channel_units=json.dumps({name: "Pa"}))
    given = days.copy(deep=True).assign_attrs(channel_units=json.dumps({name: "hPa"}))
    given["predictors"].loc[{"channel": name}] = days["predictors"].sel(channel=name) / 100
    with pytest.warns(UserWarning, match=f"'{re.escape(name)}' converted from hPa to Pa"):
        back = given_days(given, None, trained)
    np.testing.assert_allclose(back["predictors"].values, days["predictors"].values, rtol=1e-5, atol=1e-6)
    with pytest.raises(UserError, match="has the unit 'K'; expected 'Pa'"):
        given_days(given.assign_attrs(channel_units=json.dumps({name: "K"})), None, trained)


def test_a_store_of_another_mask_is_refused(days: xr.Dataset, domain: xr.Dataset) -> None:
    other = days.copy(deep=True)
    other["mask"][{"y": 0, "x": 0}] = not bool(other["mask"][0, 0])
    with pytest.raises(UserError, match="mask of valid cells differs from that of the model in 1 cells"):
        given_days(other, None, domain)
    assert "precip" not in given_days(other["predictors"], None, domain)
