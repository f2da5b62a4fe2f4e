"""Grids: positions of one in the other against pyproj and closed forms."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.grids.block_means import block_grid, block_means, block_rows, crop
from rainsmith.data.grids.grid import Grid, attach_lat_lon, block_index, fractional_index, locate_points, turn
from tests.data.made import mapped, pressure, rain


def fine(ny: int = 7, nx: int = 9) -> xr.DataArray:
    """A map with its grid mapping."""
    ds = mapped(rain(days=1, ny=ny, nx=nx))
    da = ds["pr"].isel(time=0, drop=True).assign_coords(utm=ds["utm"])
    return da.assign_attrs(grid_mapping="utm")


def lat_lon(step: float = 0.5) -> Grid:
    da = pressure(days=1, step=step).rename(lat="y", lon="x")
    da["y"].attrs["standard_name"], da["x"].attrs["standard_name"] = "latitude", "longitude"
    return Grid.of(da)


def curvilinear(grid: Grid) -> Grid:
    """The same cells, known by their 2-D latitudes and longitudes alone."""
    ny, nx = grid.shape
    return Grid(np.arange(ny) * 1.0, np.arange(nx) * 1.0, None, grid.latitude, grid.longitude, axes=False)


@pytest.mark.parametrize("described", ["cf", "crs_wkt", "spatial_ref"])
def test_latitudes_follow_from_the_grid_mapping(described: str) -> None:
    da = fine()
    if described != "cf":
        da["utm"].attrs = {described: pyproj.CRS.from_epsg(32631).to_wkt()}
    there = attach_lat_lon(da)
    lon, lat = pyproj.Transformer.from_crs(32631, 4326, always_xy=True).transform(420_000.0, 4_625_000.0)
    assert there["latitude"][5, 4].item() == pytest.approx(lat, abs=1e-9)
    assert there["longitude"][5, 4].item() == pytest.approx(lon, abs=1e-9)


def test_axes_in_km_are_understood() -> None:
    metres, km = fine(), fine()
    km = km.assign_coords({d: (d, km[d].values / 1000, {**km[d].attrs, "units": "km"}) for d in ("y", "x")})
    np.testing.assert_allclose(Grid.of(km).latitude, Grid.of(metres).latitude)


def test_latitudes_of_the_file_are_kept_and_none_are_invented() -> None:
    given = fine().assign_coords(latitude=(("y", "x"), np.full((7, 9), 41.0)), longitude=(("y", "x"), np.ones((7, 9))))
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
    row, col = fractional_index(grid, curvilinear(grid))
    np.testing.assert_allclose(row, np.indices((5, 5))[0], atol=1e-6)
    np.testing.assert_allclose(col, np.indices((5, 5))[1], atol=1e-6)


def test_a_grid_sees_its_own_cells_at_whole_numbers() -> None:
    for grid in (Grid.of(fine()), lat_lon(), curvilinear(lat_lon())):
        row, col, within = locate_points(grid, grid)
        np.testing.assert_allclose(row, np.indices(grid.shape)[0], atol=1e-6)
        np.testing.assert_allclose(col, np.indices(grid.shape)[1], atol=1e-6)
        assert within.all()


def test_projected_cells_in_a_grid_of_falling_latitudes() -> None:
    coarse, cells = lat_lon(), Grid.of(fine())
    row, col = fractional_index(coarse, cells)
    assert cells.latitude is not None and cells.longitude is not None
    np.testing.assert_allclose(row, (43.0 - cells.latitude) / 0.5, atol=1e-9)
    np.testing.assert_allclose(col, cells.longitude / 0.5, atol=1e-9)


def test_longitudes_are_compared_modulo_360() -> None:
    east = lat_lon()
    west = Grid(east.y, east.x - 360, east.crs, attrs=east.attrs).locate()
    np.testing.assert_allclose(
        fractional_index(west, Grid.of(fine()))[1], fractional_index(east, Grid.of(fine()))[1], atol=1e-9
    )


def test_curvilinear_and_rectilinear_agree_inside() -> None:
    coarse, cells = lat_lon(), Grid.of(fine())
    for a, b in zip(fractional_index(coarse, cells), fractional_index(curvilinear(coarse), cells), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_curvilinear_cells_outside_take_the_nearest_and_are_known_to_be_outside() -> None:
    coarse = curvilinear(lat_lon())
    far = Grid(np.array([50.0, 49.0]), np.array([10.0, 11.0]), lat_lon().crs).locate()
    row, col, within = locate_points(coarse, far)
    assert not within.any()
    assert (row == 0).all() and (col == coarse.shape[1] - 1).all()


def test_grids_that_nothing_relates_are_refused() -> None:
    metres = Grid(np.arange(3.0), np.arange(4.0))
    with pytest.raises(UserError, match=r"cannot be related.*add 2-D 'latitude'"):
        fractional_index(lat_lon(), metres)
    with pytest.raises(UserError, match="cannot be related"):
        fractional_index(metres, lat_lon())
    np.testing.assert_allclose(fractional_index(metres, metres)[1][0], [0, 1, 2, 3])  # bare axes of one plane


def test_an_axis_that_turns_is_refused() -> None:
    with pytest.raises(UserError, match=r"axis y of a grid .*only rise or only fall"):
        Grid(np.array([0.0, 1.0, 0.5]), np.arange(3.0))


def test_same_grids() -> None:
    cells = Grid.of(fine())
    whole = fine().assign_coords({d: (d, fine()[d].values.astype(np.int64), fine()[d].attrs) for d in ("y", "x")})
    assert cells.same_as(Grid.of(whole))  # integers
    assert cells.same_as(curvilinear(cells))
    moved = Grid(cells.y + 500.0, cells.x, cells.crs, attrs=cells.attrs).locate()
    assert not cells.same_as(moved)
    assert not cells.same_as(Grid.of(fine(ny=6)))


def test_coordinates_of_the_store_give_the_grid_back() -> None:
    for grid in (block_grid(Grid.of(fine()), 4), lat_lon(), curvilinear(lat_lon())):
        store = xr.Dataset(coords=grid.coords())
        back = Grid.of(store, "_lr")
        assert grid.same_as(back) and back.same_as(grid)


@pytest.mark.parametrize("factor", [2, 3, 4, 8, 16])
def test_block_means_are_means_over_valid_cells(factor: int) -> None:
    made = rain(days=5, ny=11, nx=13)
    made.values[2, 4:7, 3:9] = np.nan
    for least in (1, 3):
        means = block_means(made, factor, least)
        ny, nx = -(-11 // factor), -(-13 // factor)
        assert means.shape == (5, ny, nx)
        for day, i, j in np.ndindex(5, ny, nx):
            cells = made.values[day, i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
            cells = cells[np.isfinite(cells)]
            expected = cells.mean() if cells.size >= least else np.nan
            np.testing.assert_allclose(means[day, i, j], expected, rtol=1e-5)


def test_block_means_agree_with_coarsen() -> None:
    made = rain(days=3, ny=10, nx=12)
    oracle = made.coarsen(y=4, x=4, boundary="pad").mean()
    np.testing.assert_allclose(block_means(made, 4), oracle, rtol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_rows_of_blocks_and_their_grid_agree(factor: int) -> None:
    cells = Grid.of(fine())
    blocks = block_grid(cells, factor)
    row, col = fractional_index(blocks, cells)
    np.testing.assert_allclose(row[:, 0], block_rows(7, factor), atol=1e-9)
    np.testing.assert_allclose(col[0], block_rows(9, factor), atol=1e-9)
    number = block_index(row, col, blocks.shape)
    i, j = np.indices(cells.shape)
    np.testing.assert_array_equal(number, i // factor * blocks.shape[1] + j // factor)


def test_blocks_of_a_curvilinear_grid_lie_at_the_middle_of_their_cells() -> None:
    cells = curvilinear(Grid.of(fine(8, 10)))
    blocks = block_grid(cells, 2)
    assert cells.latitude is not None and blocks.latitude is not None and blocks.longitude is not None
    np.testing.assert_allclose(blocks.latitude, cells.latitude.reshape(4, 2, 5, 2).mean(axis=(1, 3)), atol=1e-9)
    turned = Grid(cells.y, cells.x, None, cells.latitude, turn(cells.longitude + 179.0), axes=False)  # type: ignore[operator]
    across = block_grid(turned, 2).longitude  # the same cells across the date line
    np.testing.assert_allclose(turn(across - blocks.longitude), 179.0, atol=1e-6)  # type: ignore[operator]


def test_crop_drops_what_the_factor_leaves_over() -> None:
    assert crop(rain(days=1), 4).shape == (1, 4, 8)
    with pytest.raises(UserError, match="holds no block of 8 x 8"):
        crop(rain(days=1), 8)
