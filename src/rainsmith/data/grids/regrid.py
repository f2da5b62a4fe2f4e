"""Fields from one grid to another: conservatively where they are rain or fluxes, else bilinearly."""

from __future__ import annotations

import numpy as np
import xarray as xr
import xarray_regrid  # noqa: F401  registers the accessor .regrid
from scipy import sparse

from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import empty, parts, release
from rainsmith.data.grids.bilinear import bilinear_weights
from rainsmith.data.grids.coverage import refuse_outside
from rainsmith.data.grids.grid import Grid, move_seam_away, share_projection
from rainsmith.data.grids.locate import block_index, locate_points
from rainsmith.data.grids.projection import WGS84
from rainsmith.data.grids.sphere import wrap_degrees

_LEAST_SHARE = 1e-6
"""A target cell whose present source cells have less weight than this in all is missing: the rest is rounding."""


def regrid(
    values: np.ndarray, source: Grid, target: Grid, *, conservative: bool, name: str = "predictor"
) -> np.ndarray:
    """Bring fields to another grid; missing cells are left out of every mean.

    Conservative regridding weighs source cells by their overlap with the target cell (xarray-regrid) where both grids
    have axes of one projection. Otherwise it takes the mean of the source cells whose centre lies in the target cell,
    and interpolates bilinearly where there is none. Without ``conservative``, all cells are interpolated bilinearly.

    Args:
        values: (time, y, x) on ``source``.
        source: the grid of the fields.
        target: the grid that is wanted.
        conservative: True for rain and fluxes.
        name: the name of the field in error messages.

    Returns:
        (time, y, x) float32 on ``target``; NaN where the source is missing.

    Raises:
        UserError: the source does not cover the target, or nothing relates the two grids.
    """
    if source.same_as(target):
        return values.astype(np.float32, copy=False)
    if target.longitude is not None:
        source, order = move_seam_away(source, float(target.longitude.flat[target.longitude.size // 2]))
        values = values if order is None else values[..., order]
    row, col, within = locate_points(source, target)
    refuse_outside(within, source, target, name)
    if conservative and share_projection(source, target):
        return _overlap(values, source, target)
    weights = _bilinear(row, col, source.shape)
    if conservative:
        means = _means_of_centres(source, target)
        holds_centres = np.asarray(means.sum(axis=1)).ravel() > 0
        weights = sparse.csr_array(_only_rows(holds_centres) @ means + _only_rows(~holds_centres) @ weights)
    result = empty((len(values), row.size))
    for days in parts(len(values), 8 * max(row.size, values[0].size)):  # they are float64 while they are interpolated
        flat = values[days].reshape(len(values[days]), -1).astype(np.float64)
        valid = np.isfinite(flat)
        total = (weights @ np.where(valid, flat, 0.0).T).T
        share = (weights @ valid.T.astype(np.float64)).T
        result[days] = np.nan
        np.divide(total, share, out=result[days], where=share > _LEAST_SHARE, casting="same_kind")
        release(values)
        release(result)
    return result.reshape(len(values), *target.shape)


def _overlap(values: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """Means of the source cells, weighted by their overlap with each target cell."""
    # xarray-regrid knows the area of a cell on the sphere by the name of its coordinate
    sphere = source.crs == WGS84
    y, x = ("latitude", "longitude") if sphere else ("y", "x")
    (rows, cols), (to_rows, to_cols) = source.metres(), target.metres()
    if sphere:
        cols = to_cols.mean() + wrap_degrees(cols - to_cols.mean())
    wanted = xr.Dataset(coords={y: np.sort(to_rows), x: np.sort(to_cols)})
    result = empty((len(values), *target.shape))
    for days in parts(len(values), 8 * max(result[0].size, values[0].size)):
        some = values[days].astype(np.float64)
        fields = xr.DataArray(some, dims=(TIME, y, x), coords={y: rows, x: cols}).sortby([y, x])
        done = fields.regrid.conservative(wanted, time_dim=None, skipna=True)
        result[days] = done.sel({y: to_rows, x: to_cols}).transpose(TIME, y, x).values
        release(values)
        release(result)
    return result


def _means_of_centres(source: Grid, target: Grid) -> sparse.csr_array:
    """Weights (target cells, source cells) of the mean of the source cells whose centre a target cell holds."""
    row, col, within = locate_points(target, source)
    cell = block_index(row, col, target.shape).ravel()
    number = np.flatnonzero(within.ravel())
    area = np.ones(source.shape)
    if source.crs == WGS84 and source.latitude is not None:
        area = np.cos(np.deg2rad(source.latitude))
    shape = (target.shape[0] * target.shape[1], cell.size)
    weights = sparse.coo_array((area.ravel()[number], (cell[number], number)), shape=shape).tocsr()
    total = np.asarray(weights.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array(1.0 / np.where(total > 0, total, 1.0)) @ weights)


def _only_rows(chosen: np.ndarray) -> sparse.dia_array:
    return sparse.diags_array(chosen.astype(np.float64))


def _bilinear(row: np.ndarray, col: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """Weights (target cells, source cells) of bilinear interpolation."""
    cells, weights = bilinear_weights(row.ravel(), col.ravel(), shape)
    targets = np.tile(np.arange(row.size), 4)
    return sparse.csr_array((weights.ravel(), (targets, cells.ravel())), shape=(row.size, shape[0] * shape[1]))
