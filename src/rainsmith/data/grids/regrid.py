"""Fields from one grid to another: conservatively where they are rain or fluxes, else bilinearly."""

from __future__ import annotations

import numpy as np
import xarray as xr
import xarray_regrid  # noqa: F401  registers the accessor .regrid
from scipy import sparse

from rainsmith.base.dims import TIME
from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import WGS84, Grid, around, block_index, locate_points, turn

_DAYS = 512  # days at a time, in float64
_LEAST_SHARE = 1e-6
"""Weights of present cells below this are rounding, not information."""


def regrid(
    values: np.ndarray, source: Grid, target: Grid, *, conservative: bool, name: str = "predictor"
) -> np.ndarray:
    """Bring fields to another grid; missing cells are left out of every mean.

    Conservative means: by the overlap of cells (xarray-regrid) where both grids have axes of one projection, else the
    mean of the source cells whose centre lies in a target cell. A target cell that holds no source centre, and every
    field that is not asked to be conservative, is interpolated bilinearly.

    Args:
        values: (time, y, x) on ``source``.
        source: the grid of the fields.
        target: the grid that is wanted.
        conservative: for rain and fluxes.
        name: what an error calls the field.

    Returns:
        (time, y, x) float32 on ``target``; NaN where the source is missing.

    Raises:
        UserError: the source does not cover the target, or nothing relates the two grids.
    """
    if source.same_as(target):
        return values.astype(np.float32, copy=False)
    if target.longitude is not None:
        source, order = around(source, float(target.longitude.flat[target.longitude.size // 2]))
        values = values if order is None else values[..., order]
    row, col, within = locate_points(source, target)
    if not within.all():
        raise UserError(
            f"'{name}' covers {within.mean():.0%} of the cells that it is wanted on; expected all; "
            "give files of a larger region, or a smaller 'data.coarse_grid'"
        )
    if conservative and source.axes and target.axes and source.crs == target.crs and source.crs is not None:
        return _overlap(values, source, target)
    weights = _bilinear(row, col, source.shape)
    if conservative:
        held = _held(source, target)
        holds = np.asarray(held.sum(axis=1)).ravel() > 0
        weights = sparse.csr_array(_rows(holds) @ held + _rows(~holds) @ weights)
    result = np.full((len(values), row.size), np.nan, dtype=np.float32)
    for start in range(0, len(values), _DAYS):
        days = slice(start, start + _DAYS)
        flat = values[days].reshape(len(values[days]), -1).astype(np.float64)
        valid = np.isfinite(flat)
        total = (weights @ np.where(valid, flat, 0.0).T).T
        share = (weights @ valid.T.astype(np.float64)).T
        np.divide(total, share, out=result[days], where=share > _LEAST_SHARE, casting="same_kind")
    return result.reshape(len(values), *target.shape)


def _overlap(values: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    # xarray-regrid knows the area of a cell on the sphere by the name of its coordinate
    sphere = source.crs == WGS84
    y, x = ("latitude", "longitude") if sphere else ("y", "x")
    (rows, cols), (to_rows, to_cols) = source.metres(), target.metres()
    if sphere:
        cols = to_cols.mean() + turn(cols - to_cols.mean())
    da = xr.DataArray(values.astype(np.float64), dims=(TIME, y, x), coords={y: rows, x: cols}).sortby([y, x])
    there = xr.Dataset(coords={y: np.sort(to_rows), x: np.sort(to_cols)})
    done = da.regrid.conservative(there, time_dim=None, skipna=True)
    return np.asarray(done.sel({y: to_rows, x: to_cols}).transpose(TIME, y, x).values, dtype=np.float32)


def _held(source: Grid, target: Grid) -> sparse.csr_array:
    """Weights (target cells, source cells): the mean of the source cells that each target cell holds."""
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


def _rows(chosen: np.ndarray) -> sparse.dia_array:
    return sparse.diags_array(chosen.astype(np.float64))


def _bilinear(row: np.ndarray, col: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    r, c = np.clip(row.ravel(), 0, shape[0] - 1), np.clip(col.ravel(), 0, shape[1] - 1)
    i, j = np.floor(r).astype(int), np.floor(c).astype(int)
    below, right = np.minimum(i + 1, shape[0] - 1), np.minimum(j + 1, shape[1] - 1)
    di, dj = r - i, c - j
    corners = (
        (i, j, (1 - di) * (1 - dj)),
        (i, right, (1 - di) * dj),
        (below, j, di * (1 - dj)),
        (below, right, di * dj),
    )
    cells = np.concatenate([a * shape[1] + b for a, b, _ in corners])
    weights = np.concatenate([w for _, _, w in corners])
    return sparse.csr_array((weights, (np.tile(np.arange(r.size), 4), cells)), shape=(r.size, shape[0] * shape[1]))
