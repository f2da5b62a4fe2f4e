"""Fields on large grids, of which a part is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import PredictorSource
from rainsmith.data.grids.grid import Grid
from rainsmith.init.look import look_into
from rainsmith.init.near_target import read_near
from tests.init.made import days, pressure, rain

TIME = days(last="2003-12-31")


@pytest.mark.parametrize("falling", [False, True])
def test_a_large_grid_is_read_around_the_target_alone(tmp_path: Path, falling: bool) -> None:
    lat, lon = np.arange(-90.0, 90.1, 2.5), np.arange(0.0, 360.0, 2.5)
    field = pressure(TIME[:20], lat, lon, falling=falling)
    both = xr.concat([field, field + 5], dim=xr.DataArray([500.0, 850.0], dims="plev", name="plev"))
    both.transpose("time", "plev", "lat", "lon").to_netcdf(tmp_path / "psl.nc")
    grid = look_into(tmp_path / "psl.nc")[0].grid
    assert grid is not None
    source = PredictorSource(files=str(tmp_path / "psl.nc"), variable="msl", select={"plev": [500, 850]})
    low, high = read_near(source, grid, grid_of_the_target(tmp_path), (20010105, 20010110))
    assert (low.label, high.label) == ("msl_500", "msl_850")
    assert low.values.shape == (6, 38, 41) and 90 in low.values["y"]  # to the pole, on both sides of Greenwich
    np.testing.assert_allclose(high.values - low.values, 5.0, atol=0.01)
    there = low.values.sel(y=47.5).isel(x=np.argmin(np.abs(low.values["x"].values - 2.5))).values
    np.testing.assert_allclose(there, field.sel(lat=47.5, lon=2.5).values[4:10])


def grid_of_the_target(folder: Path) -> Grid:
    rain(TIME[:3]).to_netcdf(folder / "pr.nc")
    grid = look_into(folder / "pr.nc")[0].grid
    assert grid is not None
    return grid
