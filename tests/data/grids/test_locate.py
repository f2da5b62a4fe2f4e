"""Positions of one grid in another, against pyproj and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.locate import axis_index, block_index, fractional_index, locate_points
from tests.data.made import fine_map, lat_lon_grid, without_axes


def test_a_grid_sees_its_own_cells_at_whole_numbers() -> None:
    for grid in (Grid.of(fine_map()), lat_lon_grid(), without_axes(lat_lon_grid())):
        row, col, within = locate_points(grid, grid)
        np.testing.assert_allclose(row, np.indices(grid.shape)[0], atol=1e-6)
        np.testing.assert_allclose(col, np.indices(grid.shape)[1], atol=1e-6)
        assert within.all()


def test_projected_cells_in_a_grid_of_falling_latitudes() -> None:
    coarse, cells = lat_lon_grid(), Grid.of(fine_map())
    row, col = fractional_index(coarse, cells)
    assert cells.latitude is not None and cells.longitude is not None
    np.testing.assert_allclose(row, (43.0 - cells.latitude) / 0.5, atol=1e-9)
    np.testing.assert_allclose(col, cells.longitude / 0.5, atol=1e-9)


def test_longitudes_are_compared_modulo_360() -> None:
    east = lat_lon_grid()
    west = Grid(east.y, east.x - 360, east.crs, attrs=east.attrs).locate()
    np.testing.assert_allclose(
        fractional_index(west, Grid.of(fine_map()))[1], fractional_index(east, Grid.of(fine_map()))[1], atol=1e-9
    )


def test_curvilinear_and_rectilinear_agree_inside() -> None:
    coarse, cells = lat_lon_grid(), Grid.of(fine_map())
    for a, b in zip(fractional_index(coarse, cells), fractional_index(without_axes(coarse), cells), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_curvilinear_cells_outside_take_the_nearest_and_are_known_to_be_outside() -> None:
    coarse = without_axes(lat_lon_grid())
    far = Grid(np.array([50.0, 49.0]), np.array([10.0, 11.0]), lat_lon_grid().crs).locate()
    row, col, within = locate_points(coarse, far)
    assert not within.any()
    assert (row == 0).all() and (col == coarse.shape[1] - 1).all()


def test_grids_that_nothing_relates_are_refused() -> None:
    metres = Grid(np.arange(3.0), np.arange(4.0))
    with pytest.raises(UserError, match=r"cannot be related.*add 2-D 'latitude'"):
        fractional_index(lat_lon_grid(), metres)
    with pytest.raises(UserError, match="cannot be related"):
        fractional_index(metres, lat_lon_grid())
    np.testing.assert_allclose(fractional_index(metres, metres)[1][0], [0, 1, 2, 3])  # bare axes of one plane


def test_axis_index_inverts_interpolation_on_rising_and_falling_axes() -> None:
    axis = np.array([1.0, 2.0, 4.0, 8.0])
    wanted = np.array([-0.5, 0.0, 0.25, 1.5, 3.0, 3.5])
    values = np.array([0.5, 1.0, 1.25, 3.0, 8.0, 10.0])
    np.testing.assert_allclose(axis_index(axis, values), wanted)
    np.testing.assert_allclose(axis_index(axis[::-1], values), 3 - wanted)
    np.testing.assert_array_equal(axis_index(np.array([5.0]), values), np.zeros(6))


def test_block_index_is_the_nearest_coarse_cell_within_the_grid() -> None:
    row, col = np.array([-0.4, 0.4, 0.6, 7.0]), np.array([-3.0, 1.2, 1.6, 1.0])
    np.testing.assert_array_equal(block_index(row, col, (2, 3)), [0, 1, 5, 4])
