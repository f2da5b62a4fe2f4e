"""Days of the predictors, coarse rain and coarse grids, told by values and places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import PredictorSource, read_yaml
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.axes import read_any_map
from rainsmith.data.sources.files import open_file
from rainsmith.init.coarse import choose_grid
from rainsmith.init.look import look_into
from rainsmith.init.near_target import read_near
from rainsmith.init.questions import nobody
from rainsmith.init.sources import Source, group
from rainsmith.init.stage import init, write_grid
from tests.init.made import LAT0, LON0, days, pressure, rain, wide

TIME = days(last="2003-12-31")


def data_of(folder: Path) -> tuple[dict[str, Any], str]:
    out = init([folder], folder / "x.yaml", ask=nobody, force=True)
    return read_yaml(out)["data"], " ".join(out.read_text().replace("#", " ").split())


def later(da: xr.DataArray, by: int) -> xr.DataArray:
    return da.assign_coords(time=da["time"] + np.timedelta64(by, "D"))


def test_days_of_a_shifted_file_are_doubted(tmp_path: Path) -> None:
    rain(TIME).to_netcdf(tmp_path / "pr.nc")
    later(pressure(TIME, *wide()), 1).to_netcdf(tmp_path / "psl.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"][0]["day_offsets"] == [0, 1]
    assert "TODO: the day after explains" in text and "may be shifted by one" in text
    pressure(TIME, *wide()).to_netcdf(tmp_path / "psl.nc")
    data, text = data_of(tmp_path)
    assert "day_offsets" not in data["predictors"][0] and "TODO" not in text


def test_a_rain_day_that_runs_into_the_next_takes_both_days(tmp_path: Path) -> None:
    morning = 0.6 * rain(TIME) + 0.4 * rain(TIME, lag=1)
    morning.assign_attrs(units="mm").to_netcdf(tmp_path / "pr.nc")
    pressure(TIME, *wide()).to_netcdf(tmp_path / "psl.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"][0]["day_offsets"] == [0, 1] and "TODO" not in text
    assert "the rain day seems to run into the next calendar day" in text


@pytest.mark.parametrize(("by", "expected"), [(0, {}), (1, {"day_offsets": [1]})])
def test_a_field_in_mm_that_goes_with_the_rain_is_coarse_rain(
    tmp_path: Path, by: int, expected: dict[str, Any]
) -> None:
    rain(TIME).to_netcdf(tmp_path / "pr.nc")
    field = rain(TIME, shape=(6, 7), step=0.4, sea=False, name="forcing")
    field = field.assign_coords(lat=field["lat"] - 0.4, lon=field["lon"] - 0.4)
    later(field, by).to_netcdf(tmp_path / "x.nc")
    data, text = data_of(tmp_path)
    rain_flag = {} if by else {"rain": True}
    assert data["predictors"] == [{"files": "x.nc", "variable": "forcing", **expected, **rain_flag}]
    assert ("may be shifted by one" in text) == bool(by)


def test_rain_that_is_the_target_itself_on_wider_cells_is_said_to_be_perfect(tmp_path: Path) -> None:
    fine = rain(TIME, sea=False)
    fine.to_netcdf(tmp_path / "pr.nc")
    fine.coarsen(lat=2, lon=2).mean().rename("rr").assign_attrs(units="mm").to_netcdf(tmp_path / "rr.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"] == [{"files": "rr.nc", "variable": "rr", "rain": True}]
    assert "may have been made of it; results are then super-resolution with a perfect coarse input" in text


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


def source(folder: Path, name: str, lat: np.ndarray, lon: np.ndarray) -> Source:
    pressure(TIME[:3], lat, lon, name=name).to_netcdf(folder / f"{name}.nc")
    return group(look_into(folder / f"{name}.nc"))[0]


def grid_of_the_target(folder: Path) -> Grid:
    rain(TIME[:3]).to_netcdf(folder / "pr.nc")
    grid = look_into(folder / "pr.nc")[0].grid
    assert grid is not None
    return grid


def test_grids_that_no_other_covers_are_cut_to_what_all_cover(tmp_path: Path) -> None:
    target = grid_of_the_target(tmp_path)
    north = source(tmp_path, "a", np.arange(LAT0 - 1, LAT0 + 8, 0.5), np.arange(LON0 - 1, LON0 + 3, 0.5))
    east = source(tmp_path, "b", np.arange(LAT0 - 1.25, LAT0 + 3, 0.75), np.arange(LON0 - 1.25, LON0 + 9, 0.75))
    chosen = choose_grid([], [north, east], target)
    assert chosen.source is north and chosen.different == 2 and chosen.part is not None and chosen.grid is not None
    write_grid(chosen, tmp_path / "grid.nc")
    with open_file(tmp_path / "grid.nc") as ds:
        grid = Grid.of(read_any_map(ds, tmp_path / "grid.nc"))
    rows, columns = chosen.part
    np.testing.assert_array_equal(grid.y, chosen.grid.y[rows])
    np.testing.assert_array_equal(grid.x, chosen.grid.x[columns])
    assert grid.y.max() < LAT0 + 3.5 and grid.x.max() > LON0 + 1.3
    assert choose_grid([], [north], target).part is None
    both = choose_grid([], [north, source(tmp_path, "c", *wide(2.5, 12.0))], target)
    assert (both.source, both.part) == (north, None) and "the finest that the others cover" in both.reasons[0]


def test_grids_without_a_common_part_leave_the_choice_open(tmp_path: Path) -> None:
    target = grid_of_the_target(tmp_path)
    one = source(tmp_path, "a", np.arange(LAT0 - 1, LAT0 + 3, 0.5), np.arange(LON0 - 1, LON0 + 3, 0.5))
    other = source(tmp_path, "b", np.arange(LAT0 + 20, LAT0 + 25, 0.5), np.arange(LON0 - 1, LON0 + 3, 0.5))
    assert choose_grid([], [one, other], target).source is None
