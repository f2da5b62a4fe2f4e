"""Static maps on the fine grid: read from a file, or derived from the mask."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import ndimage, spatial

from rainsmith.arrays import STATIC, X, Y
from rainsmith.config import Data, UserError
from rainsmith.data.grids import Grid, regrid
from rainsmith.data.source import open_variable

EARTH_RADIUS_KM = 6371.0088
"""[km] Mean radius of the GRS 80 ellipsoid (Moritz 2000, doi:10.1007/s001900050278)."""


def read_statics(data: Data, mask: xr.DataArray) -> xr.DataArray:
    """Stack the static maps of the configuration.

    Args:
        data: the section of the configuration.
        mask: (y, x) bool, valid cells, with the coordinates of the fine grid.

    Returns:
        (static, y, x) float32, raw; 0 where a file has no value (sea).

    Raises:
        UserError: a file does not cover the grid, or there is no coast.
    """
    names: list[str] = []
    maps: list[np.ndarray] = []
    fine = Grid.of(mask)
    for given in data.statics:
        if given.derive == "distance_to_coast":
            names.append("distance_to_coast")
            maps.append(distance_to_coast(mask.values, fine))
            continue
        da = open_variable(given.files or [], given.variable, data.root, static=True)
        names.append(str(da.name))
        maps.append(_on_grid(da, fine, mask))
    if len(set(names)) < len(names):
        raise UserError(f"data.statics gives one map twice ({', '.join(names)}); expected different variables")
    values = np.stack(maps) if maps else np.zeros((0, *mask.shape), dtype=np.float32)
    filled = np.where(np.isfinite(values), values, 0.0).astype(np.float32)
    return xr.DataArray(filled, dims=(STATIC, Y, X), coords={STATIC: np.asarray(names, dtype=object)}, name="statics")


def distance_to_coast(mask: np.ndarray, grid: Grid) -> np.ndarray:
    """Distance from the centre of each valid cell to that of the nearest invalid cell; 0 in invalid cells.

    Along great circles where latitudes and longitudes are known, else in the units of the projection. The edge of
    the domain is no coast.

    Args:
        mask: (y, x) bool, valid cells.
        grid: the cells.

    Returns:
        (y, x) float32 [km].

    Raises:
        UserError: every cell is valid, so that there is no coast.
    """
    if mask.all():
        raise UserError(
            "distance_to_coast needs invalid cells (sea), and every cell of the target is valid; remove it from data.statics"
        )
    if grid.latitude is not None and grid.longitude is not None:
        lat, lon = np.deg2rad(grid.latitude), np.deg2rad(grid.longitude)
        place = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
        chord, _ = spatial.KDTree(place[~mask]).query(place[mask])
        distance = np.zeros(mask.shape)
        distance[mask] = 2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    else:
        step = [float(np.abs(np.diff(axis)).mean()) if len(axis) > 1 else 1.0 for axis in (grid.y, grid.x)]
        km = [
            s if str(grid.attrs.get(a, {}).get("units")) == "km" else s / 1000 for s, a in zip(step, "yx", strict=True)
        ]
        distance = ndimage.distance_transform_edt(mask, sampling=km)
    return np.asarray(distance, dtype=np.float32)


def _on_grid(da: xr.DataArray, fine: Grid, mask: xr.DataArray) -> np.ndarray:
    """The map on the target's cells: the same cells (also in another order or cut from a larger map), else regridded."""
    if Y in da.coords and X in da.coords and fine.axes:
        step = min(float(np.abs(np.diff(axis)).min()) if len(axis) > 1 else 1.0 for axis in (fine.y, fine.x))
        axes = {Y: da[Y].values.astype(np.float64), X: da[X].values.astype(np.float64)}
        moved = da.assign_coords({d: (d, axis) for d, axis in axes.items()}).sortby([Y, X])
        source = Grid.of(da)
        if source.crs is None or fine.crs is None or source.crs == fine.crs:
            try:
                return np.asarray(moved.sel({Y: fine.y, X: fine.x}, method="nearest", tolerance=0.01 * step).values)
            except KeyError:
                pass
    source = Grid.of(da)
    if source.same_as(fine):
        return np.asarray(da.values)
    if not source.axes and source.latitude is None and source.shape == fine.shape:
        return np.asarray(da.values)  # neither coordinates nor latitudes: cell by cell
    # regridded as a mean over the cells of the map that a target cell holds: a finer orography keeps its mean height
    return regrid(da.values[None], source, fine, conservative=True, name=f"static map {da.name}")[0]
