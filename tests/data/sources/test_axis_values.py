"""Coordinates in radians, at the edge of their cells, of text or of each time are read right or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.checks.cell_places import NOTICE
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.axes import read_any_map, read_map

LAT, LON = 45.0 + 0.5 * np.arange(5), 5.0 + 0.5 * np.arange(6)


def regular(
    lat: np.ndarray = LAT, lon: np.ndarray = LON, units: tuple[str, str] = ("degrees_north", "degrees_east")
) -> xr.Dataset:
    """A map whose values are 100 lat + lon of the true places."""
    values = 100.0 * LAT[:, None] + LON[None, :]
    coords = {
        "lat": ("lat", lat, {"units": units[0], "standard_name": "latitude"}),
        "lon": ("lon", lon, {"units": units[1], "standard_name": "longitude"}),
    }
    return xr.Dataset({"z": (("lat", "lon"), values, {"units": "m"})}, coords=coords)


def on_planes(lat: np.ndarray, lon: np.ndarray, dims: tuple[str, ...] = ("y", "x")) -> xr.Dataset:
    values = np.zeros(lat.shape[-2:])
    coords = {"lat": (dims, lat, {"units": "degrees_north"}), "lon": (dims, lon, {"units": "degrees_east"})}
    return xr.Dataset({"z": (("y", "x"), values)}, coords=coords)


def turned(by: float = 10.0, ny: int = 9, nx: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Places of a grid that is turned by an angle [degrees], whose latitudes are no axis."""
    row, column = np.meshgrid(0.1 * np.arange(ny), 0.1 * np.arange(nx), indexing="ij")
    sine, cosine = np.sin(np.deg2rad(by)), np.cos(np.deg2rad(by))
    return 45 + row * cosine - column * sine, 5 + row * sine + column * cosine


def assert_places(read: xr.DataArray, lat: np.ndarray = LAT, lon: np.ndarray = LON) -> None:
    grid = Grid.of(read)
    assert grid.latitude is not None
    assert grid.longitude is not None
    np.testing.assert_allclose(grid.latitude, np.broadcast_to(lat[:, None], grid.shape), atol=1e-6)
    np.testing.assert_allclose(grid.longitude, np.broadcast_to(lon[None, :], grid.shape), atol=1e-6)


def test_radians_by_their_units_become_degrees() -> None:
    ds = regular(np.deg2rad(LAT), np.deg2rad(LON), ("radian", "radians"))
    read = read_map(ds, "z", "made")
    assert_places(read)
    assert "'lat' converted from radians" in read.attrs[NOTICE]
    lat, lon = turned()
    planes = on_planes(np.deg2rad(lat), np.deg2rad(lon))
    for name in ("lat", "lon"):
        planes[name].attrs["units"] = "rad"
    np.testing.assert_allclose(Grid.of(read_map(planes, "z", "made")).latitude, lat, atol=1e-6)


def test_radians_that_are_said_to_be_degrees_are_refused() -> None:
    with pytest.raises(UserError, match="look like radians that are said to be degrees"):
        read_map(regular(np.deg2rad(LAT), np.deg2rad(LON)), "z", "made")
    lat, lon = turned()
    with pytest.raises(UserError, match="look like radians"):
        read_map(on_planes(np.deg2rad(lat), np.deg2rad(lon)), "z", "made")
    near_zero = read_map(regular(0.1 * np.arange(5), 0.1 * np.arange(6)), "z", "made")  # the Gulf of Guinea, on 0.1
    assert NOTICE not in near_zero.attrs


@pytest.mark.parametrize("edge", [0.0, 0.5])
@pytest.mark.parametrize("shift", [0.0, 360.0])
def test_values_at_the_edge_of_their_bounds_are_moved_to_the_middle(edge: float, shift: float) -> None:
    """The same rule as for days: bounds say where a cell is, a stamp may be one of its ends."""
    ds = regular(LAT - 0.25 + edge, LON - 0.25 + edge)
    for name, middle in (("lat", LAT), ("lon", LON)):
        far = shift if name == "lon" else 0.0
        ds[f"{name}_bnds"] = ((name, "bnds"), np.stack([middle - 0.25, middle + 0.25], axis=1) + far)
        ds[name].attrs["bounds"] = f"{name}_bnds"
    read = read_map(ds, "z", "made")
    assert_places(read)
    assert "'lat' holds an edge of each cell by its bounds; the middle was taken" in read.attrs[NOTICE]


def test_values_in_the_middle_of_their_bounds_and_cut_cells_at_a_pole_are_kept() -> None:
    lat = np.arange(80.0, 90.1, 2.5)
    ds = regular(lat)
    ds["lat_bnds"] = (("lat", "bnds"), np.stack([lat - 1.25, np.minimum(lat + 1.25, 90.0)], axis=1))
    ds["lat"].attrs["bounds"] = "lat_bnds"
    read = read_map(ds, "z", "made")
    assert_places(read, lat)
    assert NOTICE not in read.attrs


def test_bounds_that_lie_elsewhere_are_named() -> None:
    ds = regular()
    ds["lat_bnds"] = (("lat", "bnds"), np.stack([LAT + 2.0, LAT + 2.5], axis=1))
    ds["lat"].attrs["bounds"] = "lat_bnds"
    read = read_map(ds, "z", "made")
    assert_places(read)
    assert "'lat' lies outside of its bounds, which were not used" in read.attrs[NOTICE]


def test_coordinates_of_text_are_refused() -> None:
    ds = regular().assign_coords(lat=("lat", [f"{value:g}" for value in LAT], {"standard_name": "latitude"}))
    with pytest.raises(UserError, match=r"'lat' holds text or dates \(such as '45'\); expected numbers"):
        read_map(ds, "z", "made")


def test_places_that_are_repeated_for_each_time_are_read_and_moving_ones_refused() -> None:
    """WRF writes XLAT (Time, south_north, west_east)."""
    lat, lon = turned()
    each = [np.broadcast_to(plane, (3, *plane.shape)).copy() for plane in (lat, lon)]
    read = read_map(on_planes(each[0], each[1], ("time", "y", "x")), "z", "made")
    np.testing.assert_allclose(Grid.of(read).latitude, lat)
    each[0][2] += 0.1
    with pytest.raises(UserError, match="'lat' changes in time"):
        read_map(on_planes(each[0], each[1], ("time", "y", "x")), "z", "made")


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("count", [1, 2])
def test_a_missing_row_or_column_of_2d_coordinates_is_found(axis: int, count: int) -> None:
    lat, lon = (np.delete(plane, range(4, 4 + count), axis=axis) for plane in turned())
    name = ("rows", "columns")[axis]
    with pytest.raises(UserError, match=f"there is a gap between {name} 3 and 4"):
        read_map(on_planes(lat, lon), "z", "made")
    assert NOTICE not in read_map(on_planes(*turned()), "z", "made").attrs


def test_a_regular_globe_of_2d_coordinates_has_its_columns_in_order() -> None:
    """Across Greenwich its columns jump from 359 to 0; as axes they can be put in order."""
    lat, lon = np.meshgrid(np.arange(50.0, 55.0), np.array([358.0, 359.0, 0.0, 1.0, 2.0]), indexing="ij")
    ds = on_planes(lat, lon)
    ds["z"].values[:] = (lon + 180) % 360 - 180
    for order in ([0, 1, 2, 3, 4], [2, 3, 4, 0, 1]):
        read = read_map(ds.isel(x=order), "z", "made")
        np.testing.assert_array_equal(read.values[0], [-2.0, -1.0, 0.0, 1.0, 2.0])
        assert_places(read, np.arange(50.0, 55.0), np.arange(-2.0, 3.0))


@pytest.mark.parametrize("units", ["m", "km"])
def test_axes_whose_unit_makes_tiny_cells_are_refused(units: str) -> None:
    """8 km written as 8 m: the grid mapping holds, so that nothing else would tell."""
    mapping = {
        "grid_mapping_name": "lambert_azimuthal_equal_area",
        "latitude_of_projection_origin": 52.0,
        "longitude_of_projection_origin": 10.0,
        "false_easting": 0.0,
        "false_northing": 0.0,
    }
    axis = {name: (name, 8.0 * np.arange(4), {"units": units}) for name in ("y", "x")}
    ds = xr.Dataset({"z": (("y", "x"), np.zeros((4, 4)), {"grid_mapping": "crs"})}, coords=axis)
    ds["crs"] = ((), 0, mapping)
    if units == "km":
        assert read_map(ds, "z", "made").shape == (4, 4)
        return
    with pytest.raises(UserError, match="'y' has the units 'm', and its cells would be 8 m wide"):
        read_map(ds, "z", "made")


def test_a_grid_that_is_refused_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'lat' has a gap between 45.5 and 46.5"):
        read_any_map(regular().isel(lat=[0, 1, 3, 4]), tmp_path)
