"""Grids: what they know of their cells, and when two are the same."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.grids.block_means import block_grid
from rainsmith.data.grids.grid import Grid, attach_lat_lon, move_seam_away
from rainsmith.data.grids.locate import fractional_index
from rainsmith.data.grids.projection import WGS84
from rainsmith.data.grids.sphere import wrap_degrees
from tests.data.made import fine_map, lat_lon_grid, without_axes


@pytest.mark.parametrize("described", ["cf", "crs_wkt", "spatial_ref"])
def test_latitudes_follow_from_the_grid_mapping(described: str) -> None:
    da = fine_map()
    if described != "cf":
        da["utm"].attrs = {described: pyproj.CRS.from_epsg(32631).to_wkt()}
    there = attach_lat_lon(da)
    lon, lat = pyproj.Transformer.from_crs(32631, 4326, always_xy=True).transform(420_000.0, 4_625_000.0)
    assert there["latitude"][5, 4].item() == pytest.approx(lat, abs=1e-9)
    assert there["longitude"][5, 4].item() == pytest.approx(lon, abs=1e-9)


def test_axes_in_km_are_understood() -> None:
    metres, km = fine_map(), fine_map()
    km = km.assign_coords({d: (d, km[d].values / 1000, {**km[d].attrs, "units": "km"}) for d in ("y", "x")})
    np.testing.assert_allclose(Grid.of(km).latitude, Grid.of(metres).latitude)


def test_latitudes_of_the_file_are_kept_and_none_are_invented() -> None:
    given = fine_map().assign_coords(
        latitude=(("y", "x"), np.full((7, 9), 41.0)), longitude=(("y", "x"), np.ones((7, 9)))
    )
    assert (attach_lat_lon(given)["latitude"] == 41.0).all()
    bare = xr.DataArray(np.zeros((3, 4)), dims=("y", "x"))
    assert not Grid.of(bare).located
    assert "latitude" not in attach_lat_lon(bare).coords


def test_a_rotated_pole_is_a_projection() -> None:
    mapping = {
        "grid_mapping_name": "rotated_latitude_longitude",
        "grid_north_pole_latitude": 39.25,
        "grid_north_pole_longitude": -162.0,
    }
    axes = {
        "y": ("y", np.arange(-2.0, 3), {"units": "degrees"}),
        "x": ("x", np.arange(358.0, 363), {"units": "degrees"}),
    }
    da = xr.DataArray(
        np.zeros((5, 5)), dims=("y", "x"), coords={**axes, "rp": ((), 0, mapping)}, attrs={"grid_mapping": "rp"}
    )
    grid = Grid.of(da)
    assert grid.latitude is not None and grid.longitude is not None
    # the rotated origin lies on the pole's meridian, 90 degrees off the pole: 50.75 N, 18 E
    assert grid.latitude[2, 2] == pytest.approx(50.75, abs=1e-6)
    assert grid.longitude[2, 2] == pytest.approx(18.0, abs=1e-6)
    row, col = fractional_index(grid, without_axes(grid))
    np.testing.assert_allclose(row, np.indices((5, 5))[0], atol=1e-6)
    np.testing.assert_allclose(col, np.indices((5, 5))[1], atol=1e-6)


def test_an_axis_that_turns_is_refused() -> None:
    with pytest.raises(UserError, match=r"axis y of a grid .*only rise or only fall"):
        Grid(np.array([0.0, 1.0, 0.5]), np.arange(3.0))


def test_same_grids() -> None:
    cells = Grid.of(fine_map())
    whole = fine_map().assign_coords(
        {d: (d, fine_map()[d].values.astype(np.int64), fine_map()[d].attrs) for d in ("y", "x")}
    )
    assert cells.same_as(Grid.of(whole))  # integers
    assert cells.same_as(without_axes(cells))
    moved = Grid(cells.y + 500.0, cells.x, cells.crs, attrs=cells.attrs).locate()
    assert not cells.same_as(moved)
    assert not cells.same_as(Grid.of(fine_map(ny=6)))


def test_coordinates_of_the_store_give_the_grid_back() -> None:
    for grid in (block_grid(Grid.of(fine_map()), 4), lat_lon_grid(), without_axes(lat_lon_grid())):
        store = xr.Dataset(coords=grid.coords())
        back = Grid.of(store, "_lr")
        assert grid.same_as(back) and back.same_as(grid)


def test_the_seam_of_a_grid_round_the_earth_is_moved_away_from_the_region_only_where_it_is_near() -> None:
    names = {"y": {"standard_name": "latitude"}, "x": {"standard_name": "longitude"}}
    globe = Grid(np.array([40.0, 42.0]), np.arange(0.0, 360.0, 10.0), WGS84, attrs=names).locate()
    moved, order = move_seam_away(globe, 3.0)
    assert order is not None and moved.longitude is not None
    np.testing.assert_allclose(wrap_degrees(moved.x - globe.x[order]), 0, atol=1e-9)
    assert moved.x[0] == -170.0 and moved.x[-1] == 180.0 and (np.diff(moved.x) == 10.0).all()
    for grid, middle in ((globe, 180.0), (lat_lon_grid(), 1.0)):  # a seam far away, and no circle
        assert move_seam_away(grid, middle) == (grid, None)


def test_longitudes_that_differ_by_a_whole_turn_are_the_same_grid() -> None:
    east = lat_lon_grid()
    assert east.same_as(Grid(east.y, east.x + 360, east.crs, attrs=east.attrs).locate())
    assert not east.same_as(Grid(east.y, east.x + 359, east.crs, attrs=east.attrs).locate())


def test_grids_without_any_place_are_told_by_their_numbers() -> None:
    bare = Grid(np.arange(3.0), np.arange(4.0), has_axes=False)
    assert bare.same_as(bare) and bare.same_as(Grid(np.arange(3.0), np.arange(4.0)))
    assert not bare.same_as(Grid(np.arange(3.0) + 0.5, np.arange(4.0), has_axes=False))
    assert not bare.same_as(Grid(np.arange(3.0), np.arange(4.0), WGS84).locate())
