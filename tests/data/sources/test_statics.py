"""Static maps: other coordinates, other grids, and the distance to the coast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import valid_cells
from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.statics import distance_to_coast, read_statics, stack_statics
from tests.data.made import config, mapped, rain


def target() -> xr.DataArray:
    """Mask of the target with its projection."""
    ds = mapped(rain(days=2))
    mask = valid_cells(ds["pr"].assign_coords(utm=ds["utm"]))
    return mask.assign_attrs(grid_mapping="utm")


def height() -> xr.DataArray:
    """A map on the target's cells."""
    made = rain(days=1, sea=False).isel(time=0, drop=True).rename("orog")
    return made.copy(data=np.arange(63.0).reshape(7, 9)).assign_attrs(units="m")


def read(tmp_path: Path, given: xr.DataArray | xr.Dataset) -> np.ndarray:
    given.to_netcdf(tmp_path / "orog.nc")
    data = config(tmp_path, statics=[{"files": "orog.nc"}]).data
    return stack_statics(read_statics(data), target()).values[0]


def test_the_same_cells_whatever_type_order_extent_and_name(tmp_path: Path) -> None:
    da = height()
    whole = da.assign_coords({d: (d, da[d].values.astype(np.int64)) for d in ("y", "x")})
    np.testing.assert_array_equal(read(tmp_path, whole), da)
    np.testing.assert_array_equal(read(tmp_path, da.rename(y="northing", x="easting")), da)
    np.testing.assert_array_equal(read(tmp_path, da.isel(y=slice(None, None, -1))), da)
    np.testing.assert_array_equal(
        read(
            tmp_path,
            da.pad(y=1, x=2).assign_coords(y=4_595_000.0 + 5000.0 * np.arange(9), x=390_000.0 + 5000.0 * np.arange(13)),
        ),
        da,
    )
    np.testing.assert_array_equal(read(tmp_path, da.drop_vars(["y", "x"])), da)  # a bare array of the same shape


def test_gaps_are_filled_with_zero(tmp_path: Path) -> None:
    assert read(tmp_path, height().where(height() > 10))[0, 3] == 0


def test_a_finer_map_gives_the_mean_height_of_each_cell(tmp_path: Path) -> None:
    y, x = 4_597_500.0 + 1000.0 * (np.arange(35) + 0.5), 397_500.0 + 1000.0 * (np.arange(45) + 0.5)
    values = np.random.default_rng(0).random((35, 45))
    finer = xr.DataArray(values, dims=("y", "x"), coords={"y": y, "x": x}, name="orog")
    done = read(tmp_path, mapped(finer.rename("pr")).rename(pr="orog"))
    np.testing.assert_allclose(done, values.reshape(7, 5, 9, 5).mean(axis=(1, 3)), rtol=1e-5)


def test_a_map_of_another_place_and_a_map_given_twice_are_refused(tmp_path: Path) -> None:
    da = height()
    elsewhere = mapped(da.assign_coords(y=da["y"] + 1e6).rename("pr")).rename(pr="orog")
    with pytest.raises(UserError, match=r"'orog' covers 0% of the cells"):
        read(tmp_path, elsewhere)
    da.to_netcdf(tmp_path / "orog.nc")
    data = config(tmp_path, statics=[{"files": "orog.nc"}, {"files": "orog.nc"}]).data
    with pytest.raises(UserError, match=r"one map twice"):
        stack_statics(read_statics(data), target())


def test_distance_to_coast_is_that_to_the_nearest_invalid_cell() -> None:
    mask = target()
    grid = Grid.of(mask)
    found = distance_to_coast(mask.values, grid)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, 0], 0)  # sea
    np.testing.assert_allclose(found, np.tile(5.0 * np.arange(9), (7, 1)), rtol=3e-3)  # [km], straight to the west
    flat = distance_to_coast(mask.values, Grid(grid.y, grid.x, attrs=grid.attrs))  # no projection: on the plane
    np.testing.assert_allclose(flat, np.tile(5.0 * np.arange(9), (7, 1)), rtol=1e-6)


def test_distance_to_coast_against_all_pairs() -> None:
    rng = np.random.default_rng(1)
    lat, lon = np.linspace(60, 50, 12), np.linspace(-3, 8, 10)
    da = xr.DataArray(
        np.zeros((12, 10)),
        dims=("y", "x"),
        coords={"y": ("y", lat, {"standard_name": "latitude"}), "x": ("x", lon, {"standard_name": "longitude"})},
    )
    mask = rng.random((12, 10)) < 0.8
    phi, lam = np.deg2rad(np.meshgrid(lat, lon, indexing="ij"))
    expected = np.zeros((12, 10))
    for i, j in np.argwhere(mask):  # haversine
        a = np.sin((phi - phi[i, j]) / 2) ** 2 + np.cos(phi) * np.cos(phi[i, j]) * np.sin((lam - lam[i, j]) / 2) ** 2
        expected[i, j] = (2 * 6371.0088 * np.arcsin(np.sqrt(a)))[~mask].min()
    np.testing.assert_allclose(distance_to_coast(mask, Grid.of(da)), expected, rtol=1e-5)


def test_without_a_coast_or_coordinates_there_is_no_distance() -> None:
    grid = Grid.of(target())
    with pytest.raises(UserError, match=r"every cell of the target is valid; remove it"):
        distance_to_coast(np.ones((7, 9), dtype=bool), grid)
    with pytest.raises(UserError, match=r"needs coordinates"):
        distance_to_coast(target().values, Grid(np.arange(7.0), np.arange(9.0), has_axes=False))


def test_no_statics_give_an_empty_stack(tmp_path: Path) -> None:
    assert stack_statics(read_statics(config(tmp_path).data), target()).shape == (0, 7, 9)


def test_a_map_of_another_place_is_refused(tmp_path: Path) -> None:
    elsewhere = height().assign_coords(y=height()["y"] - 1e6)
    with pytest.raises(UserError, match=r"'orog' covers 0% .*latitude 32.* to .*wanted: latitude 41.* to"):
        read(tmp_path, mapped(elsewhere))
    half = height().assign_coords(x=height()["x"] + 20_000.0)
    with pytest.raises(UserError, match=r"'orog' covers 56% "):
        read(tmp_path, mapped(half))
