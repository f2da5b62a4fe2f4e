"""Levels, members and single times: chosen by a key, dropped where there is one, refused where files differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.sources.files import open_map, open_variable
from rainsmith.data.sources.levels import choose
from tests.data.made import mapped, pressure, rain


def levels(values: list[float | str], dim: str = "plev", **attrs: str) -> xr.DataArray:
    """Pressure of three days, one level higher by 1000 than the one before."""
    made = pressure(days=3)
    return xr.concat([made + 1000 * i for i in range(len(values))], xr.Variable(dim, values, attrs)).rename("z")


@pytest.mark.parametrize(
    ("values", "wanted"), [([50000.0, 85000.0], 85000.0), ([50000, 85000], 85000), (["low", "high"], "high")]
)
def test_a_value_of_a_dimension_is_chosen(tmp_path: Path, values: list[float | str], wanted: float | str) -> None:
    levels(values).to_netcdf(tmp_path / "z.nc")
    read = open_variable("z.nc", "z", tmp_path, select={"plev": wanted})
    np.testing.assert_allclose(read.values, pressure(days=3).values + 1000, rtol=1e-6)


def test_a_dimension_without_values_is_counted_from_0(tmp_path: Path) -> None:
    levels([1.0, 2.0], "member").drop_vars("member").to_netcdf(tmp_path / "z.nc")
    read = open_variable("z.nc", "z", tmp_path, select={"member": 1})
    np.testing.assert_allclose(read.values, pressure(days=3).values + 1000, rtol=1e-6)
    for wrong in (2, 0.5, "a"):
        with pytest.raises(UserError, match="counts its places from 0; expected a number from 0 to 1"):
            open_variable("z.nc", "z", tmp_path, select={"member": wrong})


def test_what_is_not_there_is_listed(tmp_path: Path) -> None:
    levels([50000.0, 85000.0], units="Pa").to_netcdf(tmp_path / "z.nc")
    with pytest.raises(UserError, match=r"no plev 500; it holds 50000, 85000 Pa; correct 'select:'"):
        open_variable("z.nc", "z", tmp_path, select={"plev": 500})
    with pytest.raises(UserError, match=r"no dimension 'level'; expected one of lat, lon, plev, time"):
        open_variable("z.nc", "z", tmp_path, select={"level": 500})
    with pytest.raises(UserError, match=r"plev: 2.*choose one of 'plev' with 'select: {plev: 50000}' \(50000, 85000\)"):
        open_variable("z.nc", "z", tmp_path)


@pytest.mark.parametrize("as_dimension", [False, True])
@pytest.mark.parametrize("name", ["plev", "number", "height"])
def test_files_of_different_levels_are_refused_with_both_named(tmp_path: Path, name: str, as_dimension: bool) -> None:
    made = pressure(days=6)
    for part, level in enumerate((500.0, 850.0)):
        one = made.isel(time=slice(3 * part, 3 * part + 3)).assign_coords({name: level})
        (one.expand_dims(name) if as_dimension else one).to_netcdf(tmp_path / f"z_{part}.nc")
    with pytest.raises(UserError, match=rf"{name} 500 in .*z_0.nc and 850 in .*z_1.nc; expected one"):
        open_variable("z_*.nc", "msl", tmp_path)
    if not as_dimension:
        read = open_variable("z_*.nc", "msl", tmp_path, select={name: 850})
        np.testing.assert_array_equal(read.values, made.values[3:].astype(np.float32))
        with pytest.raises(UserError, match=rf"none of z_\*.nc holds {name}: 7; correct 'select:'"):
            open_variable("z_*.nc", "msl", tmp_path, select={name: 7})


def test_a_level_that_no_attribute_names_counts_too(tmp_path: Path) -> None:
    made = pressure(days=6)
    for part, level in enumerate((500.0, 850.0)):
        one = made.isel(time=slice(3 * part, 3 * part + 3)).to_dataset()
        one.assign(plev=((), level)).to_netcdf(tmp_path / f"z_{part}.nc")
    with pytest.raises(UserError, match=r"plev 500 in .* and 850 in"):
        open_variable("z_*.nc", "msl", tmp_path)


def test_years_and_versions_may_differ_between_files(tmp_path: Path) -> None:
    made = pressure(days=6)
    for part, version in enumerate(("0001", "0005")):
        one = made.isel(time=slice(3 * part, 3 * part + 3))
        one.assign_coords(expver=version, year=2000 + part).to_netcdf(tmp_path / f"z_{part}.nc")
    np.testing.assert_array_equal(open_variable("z_*.nc", "msl", tmp_path).values, made.values.astype(np.float32))


def test_one_file_a_day_may_hold_its_time_as_a_single_value(tmp_path: Path) -> None:
    ds = mapped(rain(days=4))
    for day in range(4):
        ds.isel(time=day).to_netcdf(tmp_path / f"rain_{day}.nc")
    read = open_variable("rain_*.nc", "pr", tmp_path)
    np.testing.assert_array_equal(read.values, ds["pr"].values)
    np.testing.assert_array_equal(read["time"].values, ds["time"].values)
    assert read.attrs["units"] == "mm" and read.attrs["grid_mapping"] == "utm"


def test_a_single_time_keeps_its_bounds() -> None:
    ds = rain(days=1).to_dataset()
    ds["time_bnds"] = xr.DataArray([["2001-01-01T00", "2001-01-02T00"]], dims=("time", "bnds")).astype("datetime64[ns]")
    ds["time"].attrs["bounds"] = "time_bnds"
    grown = choose(ds.isel(time=0), "pr", {}, "a.nc")
    assert grown is not None and grown["time"].attrs["bounds"] == "time_bnds"
    xr.testing.assert_equal(grown["pr"].transpose("time", "y", "x"), ds["pr"])
    xr.testing.assert_equal(grown["time_bnds"], ds["time_bnds"])


def test_a_level_of_a_map(tmp_path: Path) -> None:
    levels([1.0, 2.0]).isel(time=0, drop=True).to_netcdf(tmp_path / "map.nc")
    read = open_map("map.nc", "z", tmp_path, {"plev": 2})
    np.testing.assert_allclose(read.values, pressure(days=3).values[0] + 1000, rtol=1e-6)


@pytest.mark.parametrize("folder", ["run[1]", "a]b[c", "[all]"])
def test_names_of_folders_may_have_brackets(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    rain(days=3).to_netcdf(tmp_path / folder / "rain_1.nc")
    for pattern, root in (("rain_*.nc", tmp_path / folder), (f"{folder}/rain_*.nc", tmp_path)):
        assert open_variable(pattern, None, root).shape == (3, 7, 9)
    assert open_variable("rain_[0-9].nc", None, tmp_path / folder).shape == (3, 7, 9)
