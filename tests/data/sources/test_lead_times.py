"""Forecasts: a value has the day for which it holds, and not that on which its forecast began."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.data.sources.axes import read_days
from rainsmith.data.sources.files import open_variable
from tests.data.made import pressure, rain

DAY = np.timedelta64(1, "D")
DATES = list(range(20010101, 20010107))
BEGINNING = {"standard_name": "forecast_reference_time", "long_name": "initial time of forecast"}


def forecasts(da: xr.DataArray, form: str) -> xr.Dataset:
    """Values of the days of ``da``, whose forecasts began a day earlier, in one of the forms in use."""
    began = da["time"].values - DAY
    made = da.assign_coords(time=("time", began, BEGINNING))
    if form == "valid_time":
        return made.assign_coords(step=24, valid_time=("time", da["time"].values)).to_dataset()
    if form == "steps":
        both = xr.concat([made, made + 5], dim=xr.DataArray([24.0, 48.0], dims="step", name="step"))
        valid = np.stack([began + DAY, began + 2 * DAY])
        return both.assign_coords(valid_time=(("step", "time"), valid)).to_dataset().assign_attrs(form=form)
    if form == "lead":
        return made.assign_coords(leadtime=("time", np.full(da.sizes["time"], 1.0), {"units": "days"})).to_dataset()
    renamed = made.rename(time="forecast_reference_time")
    return renamed.assign_coords(time=("forecast_reference_time", da["time"].values)).to_dataset()


@pytest.mark.parametrize("form", ["valid_time", "steps", "lead", "reference"])
def test_an_instant_has_the_day_for_which_it_holds(tmp_path: Path, form: str) -> None:
    da = pressure(days=6)
    forecasts(da, form).to_netcdf(tmp_path / "msl.nc")
    select: dict[str, Any] = {"step": 24} if form == "steps" else {}
    read = open_variable("msl.nc", "msl", tmp_path, select=select)
    assert list(day_numbers(read["time"])) == DATES
    np.testing.assert_allclose(read.values, da.values, rtol=1e-6)
    assert "days for which its forecasts hold" in read["time"].attrs["day_rule"]


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_a_sum_belongs_to_the_day_before_the_end_of_its_step(calendar: str) -> None:
    """A sum from 00 to 00 UTC lies in the day on which its forecast began."""
    da = rain(days=6, ny=3, nx=3, calendar=calendar)
    day = DAY if calendar == "standard" else DAY.astype("timedelta64[us]").astype(object)
    ds = da.assign_coords(valid_time=("time", da["time"].values + day)).to_dataset()
    assert list(day_numbers(read_days(ds, "pr", "made")["time"])) == DATES
    instant = ds.assign(pr=ds["pr"].assign_attrs(GRIB_stepType="instant"))
    assert list(day_numbers(read_days(instant, "pr", "made")["time"])) == [day + 1 for day in DATES]


def test_a_sum_of_two_days_is_refused() -> None:
    da = rain(days=6, ny=3, nx=3)
    ds = da.assign_coords(valid_time=("time", da["time"].values + 2 * DAY)).to_dataset()
    with pytest.raises(UserError, match=r"bounds that are not one day .*first: 2 days"):
        read_days(ds, "pr", "made")


def test_an_analysis_keeps_its_stamps() -> None:
    da = pressure(days=6)
    ds = da.assign_coords(
        time=("time", da["time"].values, BEGINNING), step=0, valid_time=("time", da["time"].values)
    ).to_dataset()
    read = read_days(ds, "msl", "made")
    np.testing.assert_array_equal(read["time"], da["time"].values)
    assert "day_rule" not in read["time"].attrs


def test_a_reference_time_beside_the_valid_time_says_nothing() -> None:
    da = pressure(days=6)
    ds = da.assign_coords(forecast_reference_time=("time", da["time"].values - DAY), leadtime=24).to_dataset()
    assert list(day_numbers(read_days(ds, "msl", "made")["time"])) == DATES
