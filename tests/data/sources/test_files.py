"""Reading variables: names, dimensions, calendars, coordinates, and every refusal."""

from __future__ import annotations

from pathlib import Path

import cftime
import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.axes import read_any_map
from rainsmith.data.sources.files import find_variable, open_file, open_map, open_variable, resolve_files
from tests.data.made import fine_map, mapped, pressure, rain


def test_globs_are_sorted_and_not_repeated(tmp_path: Path) -> None:
    for name in ("b.nc", "a.nc"):
        (tmp_path / name).touch()
    assert [p.name for p in resolve_files(["*.nc", "a.nc"], tmp_path)] == ["a.nc", "b.nc"]
    assert resolve_files(str(tmp_path / "b.nc"), Path("elsewhere")) == [tmp_path / "b.nc"]


def test_missing_files_say_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "rain_2001.nc").touch()
    with pytest.raises(UserError, match=r"no file matches .*temp_\*.nc.*holds rain_2001.nc.*RAINSMITH_DATA"):
        resolve_files("temp_*.nc", tmp_path)
    with pytest.raises(UserError, match="there is no folder"):
        resolve_files("nowhere/*.nc", tmp_path)


def test_a_file_that_is_no_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rain.nc").write_text("not NetCDF")
    with pytest.raises(UserError, match=r"cannot be read .*expected a NetCDF file or a Zarr store"):
        open_variable("rain.nc", None, tmp_path)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    rain(days=200).to_netcdf(tmp_path / "rain.nc")
    whole = (tmp_path / "rain.nc").read_bytes()
    (tmp_path / "rain.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be read"):
        open_variable("rain.nc", None, tmp_path)


def test_variable_by_name_standard_name_and_by_being_the_only_rain() -> None:
    ds = xr.Dataset({"rr": rain(name="rr"), "tas": rain().assign_attrs(standard_name="air_temperature")})
    assert find_variable(ds, "tas") == "tas"
    assert find_variable(ds, "air_temperature") == "tas"
    assert find_variable(ds, None) == "rr"
    assert find_variable(ds.assign(rr=ds.rr.drop_attrs()), None) == "rr"  # by its name
    with pytest.raises(
        UserError, match=r"no variable 'msl'; it holds: rr \(precipitation_amount\), tas \(air_temp.*variable:"
    ):
        find_variable(ds, "msl")
    with pytest.raises(UserError, match="several kinds of precipitation"):
        find_variable(ds.assign(pr=ds.rr), None)
    with pytest.raises(UserError, match="no precipitation that can be told"):
        find_variable(ds[["tas"]], None)


NAMES = [
    ("time", "y", "x"),
    ("time", "projection_y_coordinate", "projection_x_coordinate"),
    ("time", "northing", "easting"),
    ("valid_time", "rlat", "rlon"),
    ("Time", "south_north", "west_east"),
    ("time", "lat", "lon"),
]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_any_names_and_orders_of_dimensions(tmp_path: Path, names: tuple[str, ...], order: tuple[int, ...]) -> None:
    made = rain(days=5)
    if "lat" in names:
        made = made.assign_coords(y=made["y"] / 1e5, x=made["x"] / 1e5)  # possible latitudes and longitudes
    da = made.drop_attrs().assign_attrs(made.attrs).rename(dict(zip(("time", "y", "x"), names, strict=True)))
    da.transpose(*(names[i] for i in order)).to_netcdf(tmp_path / "rain.nc")
    read = open_variable("rain.nc", None, tmp_path)
    assert read.dims == ("time", "y", "x")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read.values, made.values)
    np.testing.assert_array_equal(read["y"].values, made["y"].values)


def test_names_that_say_nothing_are_read_in_the_order_of_cf(tmp_path: Path) -> None:
    made = rain(days=5)
    made.drop_vars(["y", "x"]).rename(time="day", y="a", x="b").to_netcdf(tmp_path / "rain.nc")
    read = open_variable("rain.nc", None, tmp_path)
    np.testing.assert_array_equal(read.values, made.values)
    assert set(read.coords) == {"time"}


def test_a_level_of_one_is_dropped_and_of_two_refused(tmp_path: Path) -> None:
    made = rain(days=3)
    made.expand_dims(height=[2.0]).to_netcdf(tmp_path / "one.nc")
    xr.concat([made, made], xr.Variable("plev", [500.0, 850.0])).to_netcdf(tmp_path / "two.nc")
    np.testing.assert_array_equal(open_variable("one.nc", None, tmp_path).values, made.values)
    with pytest.raises(UserError, match=r"dimensions \(.*plev: 2.*\); expected time, y, x; choose one of 'plev'"):
        open_variable("two.nc", None, tmp_path)


def test_files_are_joined_in_order_of_time_whatever_their_names(tmp_path: Path) -> None:
    whole = rain(days=30)
    whole.isel(time=slice(20, 30)).to_netcdf(tmp_path / "rain_a.nc")
    whole.isel(time=slice(0, 20)).to_netcdf(tmp_path / "rain_b.nc")
    read = open_variable("rain_*.nc", "pr", tmp_path)
    np.testing.assert_array_equal(read.values, whole.values)
    np.testing.assert_array_equal(read["time"].values, whole["time"].values)


def test_only_the_wanted_span_is_read(tmp_path: Path) -> None:
    rain(days=60).to_netcdf(tmp_path / "rain.nc")
    read = open_variable("rain.nc", None, tmp_path, span=(20010110, 20010112))
    assert list(day_numbers(read["time"])) == [20010110, 20010111, 20010112]
    with pytest.raises(UserError, match=r"no day of rain.nc lies within 2011-01-01 to 2011-12-31"):
        open_variable("rain.nc", None, tmp_path, span=(20110101, 20111231))


def test_zarr_reads_like_netcdf(tmp_path: Path) -> None:
    made = mapped(rain(days=4))
    made.to_netcdf(tmp_path / "rain.nc")
    made.to_zarr(tmp_path / "rain.zarr", zarr_format=3, consolidated=False)
    xr.testing.assert_identical(open_variable("rain.nc", None, tmp_path), open_variable("rain.zarr", None, tmp_path))


@pytest.mark.parametrize("calendar", ["noleap", "360_day", "standard"])
def test_calendars_are_kept(tmp_path: Path, calendar: str) -> None:
    made = rain("2004-02-26", days=6, calendar=calendar, hour=12)
    made.to_netcdf(tmp_path / "rain.nc")
    read = open_variable("rain.nc", None, tmp_path)
    expected = {
        "standard": [20040226, 20040227, 20040228, 20040229, 20040301, 20040302],
        "noleap": [20040226, 20040227, 20040228, 20040301, 20040302, 20040303],
        "360_day": [20040226, 20040227, 20040228, 20040229, 20040230, 20040301],
    }
    assert list(day_numbers(read["time"])) == expected[calendar]
    assert set(read["time"].dt.hour.values) == {12}
    if calendar == "noleap":
        assert isinstance(read["time"].values[0], cftime.DatetimeNoLeap)


def test_coordinates_and_grid_mapping_come_along(tmp_path: Path) -> None:
    made = mapped(rain(days=3))
    cells = Grid.of(fine_map())
    lat, lon = cells.latitude, cells.longitude
    made = made.assign_coords(lat=(("y", "x"), lat, {"standard_name": "latitude"}), lon=(("y", "x"), lon))
    made.to_netcdf(tmp_path / "rain.nc")
    read = open_variable("rain.nc", None, tmp_path)
    assert read.attrs["grid_mapping"] == "utm"
    assert read["utm"].attrs["grid_mapping_name"] == "transverse_mercator"
    np.testing.assert_allclose(read["latitude"], lat)
    np.testing.assert_allclose(read["longitude"], lon)
    assert read["y"].attrs["standard_name"] == "projection_y_coordinate"


def test_longitudes_across_greenwich_become_monotonic(tmp_path: Path) -> None:
    made = pressure(days=3)
    lon = np.array([356.0, 357, 358, 359, 0, 1, 2, 3])
    made.assign_coords(lon=("lon", lon, made["lon"].attrs)).to_netcdf(tmp_path / "msl.nc")
    read = open_variable("msl.nc", "msl", tmp_path)
    np.testing.assert_array_equal(read["x"], [-4, -3, -2, -1, 0, 1, 2, 3])
    np.testing.assert_array_equal(read.values, made.values.astype(np.float32))
    assert read["x"].attrs["standard_name"] == "longitude"


def test_repeated_days_are_refused(tmp_path: Path) -> None:
    made = rain(days=10)
    made.to_netcdf(tmp_path / "rain_1.nc")
    made.isel(time=slice(9, 10)).to_netcdf(tmp_path / "rain_2.nc")
    with pytest.raises(UserError, match=r"1 repeated or overlapping days \(first: 2001-01-10\)"):
        open_variable("rain_*.nc", None, tmp_path)


def test_hours_and_months_are_refused(tmp_path: Path) -> None:
    made = rain(days=6)
    hours = xr.date_range("2001-01-01", periods=6, freq="6h")
    made.assign_coords(time=hours).to_netcdf(tmp_path / "hours.nc")
    made.assign_coords(time=xr.date_range("2001-01-01", periods=6, freq="MS")).to_netcdf(tmp_path / "months.nc")
    with pytest.raises(UserError, match=r"'pr' has one value every 6 hours; expected one value a day; .*cdo daysum"):
        open_variable("hours.nc", None, tmp_path)
    with pytest.raises(UserError, match="one value every 31 days; expected daily data"):
        open_variable("months.nc", None, tmp_path)


def test_unsorted_days_are_refused(tmp_path: Path) -> None:
    rain(days=10).isel(time=[0, 2, 1, *range(3, 10)]).to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UserError, match="not in order of time; sort the file"):
        open_variable("rain.nc", None, tmp_path)


def test_time_without_dates_is_refused(tmp_path: Path) -> None:
    rain(days=4).assign_coords(time=np.arange(4)).to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UserError, match=r"time axis 'time' of 'pr' holds no times \(units: missing\); expected"):
        open_variable("rain.nc", None, tmp_path)


def test_files_whose_rows_run_the_other_way_on_a_curvilinear_grid_are_refused(tmp_path: Path) -> None:
    x, y = np.meshgrid(np.linspace(1.0, 2.0, 9), np.linspace(41.0, 42.0, 7))
    whole = rain(days=10).drop_vars(["x", "y"]).assign_coords(lat=(("y", "x"), y), lon=(("y", "x"), x + 0.1 * y))
    whole.isel(time=slice(5)).to_netcdf(tmp_path / "a.nc")
    whole.isel(time=slice(5, None), y=slice(None, None, -1)).to_netcdf(tmp_path / "b.nc")
    with pytest.raises(UserError, match=r"different grids .* or other coordinates"):
        open_variable("*.nc", "pr", tmp_path)
    whole.isel(time=slice(5, None)).to_netcdf(tmp_path / "b.nc")
    np.testing.assert_array_equal(open_variable("*.nc", "pr", tmp_path).values, whole.values)


def test_files_of_other_grids_calendars_and_units_are_refused(tmp_path: Path) -> None:
    rain("2001-01-01", days=5).to_netcdf(tmp_path / "a.nc")
    rain("2001-02-01", days=5, nx=8).to_netcdf(tmp_path / "grid.nc")
    rain("2001-02-01", days=5, calendar="noleap").to_netcdf(tmp_path / "calendar.nc")
    rain("2001-02-01", days=5, units="m").to_netcdf(tmp_path / "units.nc")
    with pytest.raises(UserError, match=r"different grids \(7 x 9 and 7 x 8 cells"):
        open_variable(["a.nc", "grid.nc"], None, tmp_path)
    with pytest.raises(UserError, match="calendar 'proleptic_gregorian' and 'noleap'"):
        open_variable(["a.nc", "calendar.nc"], None, tmp_path)
    with pytest.raises(UserError, match="units 'mm' and 'm'"):
        open_variable(["a.nc", "units.nc"], None, tmp_path)
    assert open_variable(["a.nc", "units.nc"], None, tmp_path, "mm").sizes["time"] == 10  # named by the configuration


def test_maps(tmp_path: Path) -> None:
    height = rain(days=1, name="orog", sea=False)
    height.to_netcdf(tmp_path / "one_time.nc")
    rain(days=2, name="orog").to_netcdf(tmp_path / "two_times.nc")
    height.isel(time=0, drop=True).to_netcdf(tmp_path / "map.nc")
    np.testing.assert_array_equal(open_map("map.nc", None, tmp_path), height[0])
    np.testing.assert_array_equal(open_map("one_time.nc", "orog", tmp_path), height[0])
    with pytest.raises(UserError, match="2 times; expected a map without time"):
        open_map("two_times.nc", "orog", tmp_path)
    with pytest.raises(UserError, match="3 files match"):
        open_map("*.nc", "orog", tmp_path)


def test_the_grid_of_any_file(tmp_path: Path) -> None:
    pressure(days=3).to_netcdf(tmp_path / "field.nc")
    xr.Dataset(coords={"lat": [1.0, 2.0], "lon": [3.0, 4.0, 5.0]}).to_netcdf(tmp_path / "axes.nc")
    xr.Dataset({"a": ("n", [1.0])}).to_netcdf(tmp_path / "none.nc")
    with open_file(tmp_path / "field.nc") as ds:
        assert read_any_map(ds, tmp_path).shape == (6, 8)
    with open_file(tmp_path / "axes.nc") as ds:
        np.testing.assert_array_equal(read_any_map(ds, tmp_path)["x"], [3.0, 4.0, 5.0])
    with open_file(tmp_path / "none.nc") as ds, pytest.raises(UserError, match="holds no grid"):
        read_any_map(ds, tmp_path)


@pytest.mark.parametrize(("units", "other"), [("Pa", "pascal"), ("degC", "celsius"), ("kg m-2 s-1", "kg/m^2/s")])
def test_spellings_of_one_unit_are_one_unit(tmp_path: Path, units: str, other: str) -> None:
    made = rain(days=10)
    made[:5].assign_attrs(units=units).to_netcdf(tmp_path / "rain_a.nc")
    made[5:].assign_attrs(units=other).to_netcdf(tmp_path / "rain_b.nc")
    read = open_variable("rain_*.nc", "pr", tmp_path)
    assert read.attrs["units"] == units
    np.testing.assert_array_equal(read.values, made.values)


@pytest.mark.parametrize("other", ["hPa", "", "K", "banana"])
def test_files_of_other_units_are_named(tmp_path: Path, other: str) -> None:
    made = rain(days=10).assign_attrs(units="Pa")
    made[:5].to_netcdf(tmp_path / "rain_a.nc")
    made[5:].assign_attrs(units=other).to_netcdf(tmp_path / "rain_b.nc")
    with pytest.raises(UserError, match=f"units 'Pa' and '{other}' in .*rain_a.nc and .*rain_b.nc; expected one unit"):
        open_variable("rain_*.nc", "pr", tmp_path)
    assert open_variable("rain_*.nc", "pr", tmp_path, "mm").attrs["units"] == "mm"
