"""Time bounds in odd units and shapes, of half a day, and from noon to noon."""

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
from tests.data.sources.test_days import FROM_THE_FIRST, bounded
from tests.prepare.made import made as prepared


def with_bounds(numbers: np.ndarray, dims: tuple[str, ...] = ("time", "nv"), **attrs: Any) -> xr.Dataset:
    """Six days of rain that are stamped at their end, in days since 2001-01-01, with these bounds."""
    ds = rain(days=6, ny=3, nx=3).to_dataset()
    stamps = ("time", np.arange(1.0, 7.0), {"units": "days since 2001-01-01", "bounds": "time_bnds"})
    return ds.assign_coords(time=stamps).assign(time_bnds=(dims, numbers, attrs))


DAYS = np.stack([np.arange(6.0), np.arange(1.0, 7.0)], axis=1)


@pytest.mark.parametrize(
    ("numbers", "attrs"),
    [
        (DAYS, {}),
        (DAYS[:, ::-1], {}),
        (DAYS, {"units": "days"}),
        (24 * DAYS, {"units": "hours"}),
        (24 * DAYS, {"units": "hours since 2001-01-01"}),
        (DAYS + 365, {"units": "days since 2000-01-02"}),
        (DAYS.astype("f4"), {}),
    ],
)
def test_bounds_have_the_units_of_the_time_or_their_own(tmp_path: Path, numbers: np.ndarray, attrs: Any) -> None:
    with_bounds(numbers, **attrs).to_netcdf(tmp_path / "rain.nc")
    assert list(day_numbers(open_variable("rain.nc", "pr", tmp_path)["time"])) == FROM_THE_FIRST


@pytest.mark.parametrize(
    ("numbers", "attrs", "said"),
    [
        (DAYS, {"units": "m"}, "has bounds 'time_bnds' with the units 'm', which give no date"),
        (
            np.repeat(DAYS, 2, axis=1),
            {},
            r"has bounds 'time_bnds' of dimensions \(time: 6, nv: 4\); expected a beginning",
        ),
    ],
)
def test_bounds_that_cannot_be_read_are_refused(tmp_path: Path, numbers: np.ndarray, attrs: Any, said: str) -> None:
    """Without them, a value that is stamped at its end would be given the next day."""
    with_bounds(numbers, **attrs).to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UserError, match=said):
        open_variable("rain.nc", "pr", tmp_path)


def test_noon_to_noon_is_said() -> None:
    read = read_days(bounded(36, 12, 36), "pr", "made")
    assert list(day_numbers(read["time"])) == [day + 1 for day in FROM_THE_FIRST]
    assert read["time"].attrs["day_rule"] == "bounds from noon to noon, whose days are those of their end"


def of_half_days(da: xr.DataArray) -> xr.Dataset:
    """Means of the stamps of 00 and 12 UTC, as ``cdo daymean`` writes their time and bounds."""
    start = da["time"].values.astype("datetime64[D]").astype("datetime64[ns]")
    ds = da.assign_coords(time=start + np.timedelta64(6, "h")).to_dataset()
    ds["time"].attrs["bounds"] = "time_bnds"
    ds["time"].encoding["units"] = "hours since 2001-01-01"
    return ds.assign(time_bnds=(("time", "bnds"), np.stack([start, start + np.timedelta64(12, "h")], axis=1)))


def test_a_state_may_have_bounds_of_half_a_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_half_days(pressure()).to_netcdf(tmp_path / "msl.nc")
    store = prepared(tmp_path, predictors=[{"files": "msl.nc", "variable": "msl"}])
    np.testing.assert_allclose(
        store["predictors"].sel(channel="msl_day0").values.mean((1, 2)), pressure().values.mean((1, 2))[:60], rtol=1e-6
    )
    assert "'msl' has bounds of 12 hours, taken as values of the day" in capsys.readouterr().err
    assert store.attrs["day_rule_msl"] == "bounds of 12 hours, taken as values of the day"


@pytest.mark.parametrize("name", ["tp", "var228"])
@pytest.mark.parametrize("units", ["mm", "m", "kg m-2 s-1"])
def test_rain_of_half_a_day_is_refused(tmp_path: Path, name: str, units: str) -> None:
    field = (pressure() * 1e-10).rename(name).assign_attrs(units=units)
    of_half_days(field).to_netcdf(tmp_path / "tp.nc")
    with pytest.raises(UserError, match="12 hours"):
        prepared(tmp_path, predictors=[{"files": "tp.nc", "variable": name, "rain": True}])


def test_bounds_of_less_than_half_a_day_are_refused_for_all() -> None:
    ds = bounded(12, 11, 17).rename(pr="t2m")
    ds["t2m"].attrs = {"units": "K"}
    with pytest.raises(UserError, match="first: 6 hours"):
        read_days(ds, "t2m", "made")
