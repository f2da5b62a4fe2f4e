"""Where the cells of one grid lie in another, as fractional rows and columns."""

from __future__ import annotations

import numpy as np
import scipy  # its modules, some of which take as long as xarray, are imported where they are used first

from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import Grid, share_projection
from rainsmith.data.grids.projection import WGS84, transform
from rainsmith.data.grids.sphere import typical_step, wrap_degrees

LEAST_REACH_DEGREES = 1.25
"""[degrees] A single cell of unknown size reaches at least this far, half a cell of coarse reanalyses and models."""
LEAST_REACH_M = 125_000.0
"""[m] The same on a projection."""


def fractional_index(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of ``grid`` at which the cell centres of ``points`` lie; 0.0 is the centre of the first cell.

    Returns:
        (row, column), each of the shape of ``points``. Outside the grid the axes are continued linearly; a grid
        that is known by 2-D latitudes and longitudes alone gives the index of its nearest cell there.

    Raises:
        UserError: nothing relates the two grids.
    """
    row, col, _ = locate_points(grid, points)
    return row, col


def locate_points(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``fractional_index``, and whether each point lies within the cells of the grid (bool, same shape)."""
    if share_projection(grid, points) or not (grid.located or points.located or grid.crs or points.crs):
        _require(grid.has_axes and points.has_axes)
        y_axis, x_axis = points.metres()
        x, y = np.meshgrid(x_axis, y_axis)
    elif grid.crs is not None:
        _require(points.located)
        assert points.latitude is not None and points.longitude is not None
        x, y = transform(WGS84, grid.crs, points.longitude, points.latitude)
    else:
        _require(grid.located and points.located)
        return _locate_in_curvilinear(grid, points)
    y_axis, x_axis = grid.metres()
    if grid.crs is not None and grid.crs.is_geographic:
        x = x_axis.mean() + wrap_degrees(x - x_axis.mean())
    row, col = axis_index(y_axis, y), axis_index(x_axis, x)
    edge = 0.5 + 1e-6
    within = (row >= -edge) & (row <= len(y_axis) - 1 + edge) & (col >= -edge) & (col <= len(x_axis) - 1 + edge)
    if grid.crs is not None:
        least = LEAST_REACH_DEGREES if grid.crs.is_geographic else LEAST_REACH_M
        within &= _within_single(y_axis, y, x_axis, least) & _within_single(x_axis, x, y_axis, least)
    return row, col, within


def _within_single(axis: np.ndarray, values: np.ndarray, other: np.ndarray, least: float) -> np.ndarray:
    """Whether values lie within the cell of an axis that has only one; True for a longer axis.

    The size of a single cell is in no file. It is taken to be that of the cells along the other axis, or the extent of
    the values where that is more, and at least ``least`` to both sides.
    """
    if len(axis) > 1:
        return np.ones(values.shape, dtype=bool)
    half = float(np.median(np.abs(np.diff(other)))) / 2 if len(other) > 1 else 0.0
    return np.asarray(np.abs(values - axis[0]) <= max(half, least, float(np.ptp(values))))


def block_index(row: np.ndarray, col: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Number of the coarse cell that holds each fine cell.

    Args:
        row: fractional row of each fine cell in the coarse grid.
        col: fractional column, same shape.
        shape: (rows, columns) of the coarse grid.

    Returns:
        row * columns + column of the nearest coarse centre, int32 of the shape of ``row``.
    """
    i = np.clip(np.rint(row), 0, shape[0] - 1)
    j = np.clip(np.rint(col), 0, shape[1] - 1)
    return np.asarray(i * shape[1] + j, dtype=np.int32)


def axis_index(axis: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Fractional index of values on a monotonic axis, continued linearly beyond its ends; 0 on an axis of one cell."""
    if len(axis) == 1:
        return np.zeros_like(values, dtype=np.float64)
    rising = axis if axis[-1] > axis[0] else axis[::-1]
    number = np.clip(np.searchsorted(rising, values) - 1, 0, len(axis) - 2)
    index = number + (values - rising[number]) / (rising[number + 1] - rising[number])
    return np.asarray(index if axis[-1] > axis[0] else len(axis) - 1 - index)


def _require(related: bool) -> None:
    if not related:
        raise UserError(
            "two grids cannot be related: one has neither latitudes and longitudes nor a known projection; "
            "add 2-D 'latitude' and 'longitude' or a CF grid mapping to its file"
        )


def _locate_in_curvilinear(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index in a grid of 2-D latitudes and longitudes: linear in the triangles between its cell centres."""
    assert grid.latitude is not None and grid.longitude is not None
    assert points.latitude is not None and points.longitude is not None
    origin = grid.longitude.flat[grid.longitude.size // 2]
    shrink = np.cos(np.deg2rad(grid.latitude.mean()))
    centres, wanted = (
        np.stack([latitude.ravel(), (wrap_degrees(longitude - origin) * shrink).ravel()], axis=1)
        for latitude, longitude in ((grid.latitude, grid.longitude), (points.latitude, points.longitude))
    )
    index = np.stack([i.ravel() for i in np.indices(grid.shape)], axis=1).astype(np.float64)
    if min(grid.shape) > 1:
        located = scipy.interpolate.LinearNDInterpolator(centres, index)(wanted)
    else:  # a line of cells has no triangles
        located = np.full(wanted.shape, np.nan)
    outside = ~np.isfinite(located).all(axis=1)
    within = np.ones(len(wanted), dtype=bool)
    if outside.any():
        located[outside] = scipy.interpolate.NearestNDInterpolator(centres, index)(wanted[outside])
        nearest = scipy.interpolate.NearestNDInterpolator(centres, centres)(wanted[outside])
        off = np.hypot(*(nearest - wanted[outside]).T)
        reach = 0.75 * typical_step(grid.latitude, grid.longitude)  # half a cell's diagonal
        if min(grid.shape) == 1:
            reach = max(reach, LEAST_REACH_DEGREES, float(np.ptp(wanted, axis=0).max()))
        within[outside] = off <= reach
    shape = points.shape
    return located[:, 0].reshape(shape), located[:, 1].reshape(shape), within.reshape(shape)
