"""Static maps on the fine grid: read from a file, or derived from the mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
import xarray as xr

from rainsmith.base.dims import STATIC, X, Y
from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.projection import METRES
from rainsmith.data.grids.regrid import regrid
from rainsmith.data.sources.files import open_map

DISTANCE_TO_COAST = "distance_to_coast"
EARTH_RADIUS_KM = 6371.0088
"""[km] Mean radius of the GRS 80 ellipsoid (Moritz 2000, doi:10.1007/s001900050278)."""


def read_statics(data: Data) -> list[xr.DataArray | None]:
    """Read the static maps of the configuration.

    Returns:
        One map (y, x) for each entry of ``data.statics``, on the grid of its file; None stands for the distance to the
        coast, which needs no file.

    Raises:
        UserError: a file or variable is missing, or a file holds several times.
    """
    return [
        None
        if given.derive == DISTANCE_TO_COAST
        else open_map(given.files or [], given.variable, data.root, given.select)
        for given in data.statics
    ]


def stack_statics(
    maps: Sequence[xr.DataArray | None], mask: xr.DataArray, land: xr.DataArray | None = None
) -> xr.DataArray:
    """Bring static maps to the fine grid and stack them.

    Args:
        maps: (y, x) each, on any grid, with names; None is the distance to the coast, derived from the mask.
        mask: (y, x) bool, valid cells, with the coordinates of the fine grid.
        land: (y, x) bool, the cells that have a distance to the coast; None for the valid ones.

    Returns:
        (static, y, x) float32, raw; 0 where a map has no value (sea).

    Raises:
        UserError: two maps have one name, a map does not cover the grid, or there is no coast.
    """
    names = [DISTANCE_TO_COAST if given is None else str(given.name) for given in maps]
    if len(set(names)) < len(names):
        raise UserError(f"data.statics gives one map twice ({', '.join(names)}); expected different variables")
    fine = Grid.of(mask)
    coast = mask.values if land is None else land.values
    fields = [distance_to_coast(coast, fine) if given is None else _on_grid(given, fine) for given in maps]
    values = np.stack(fields) if fields else np.zeros((0, *mask.shape), dtype=np.float32)
    filled = np.where(np.isfinite(values), values, 0.0).astype(np.float32)
    return xr.DataArray(filled, dims=(STATIC, Y, X), coords={STATIC: np.asarray(names, dtype=object)}, name="statics")


def distance_to_coast(mask: np.ndarray, grid: Grid) -> np.ndarray:
    """Distance from the centre of each valid cell to that of the nearest invalid cell; 0 in invalid cells.

    It is measured along great circles where latitudes and longitudes are known, else on the plane of the axes. The edge
    of the domain is no coast.

    Args:
        mask: (y, x) bool, valid cells.
        grid: the cells.

    Returns:
        (y, x) float32 [km].

    Raises:
        UserError: every cell is valid, so that there is no coast, or the cells have no coordinates.
    """
    if mask.all():
        raise UserError(
            "distance_to_coast needs invalid cells (sea), and every cell of the target is valid; "
            "remove it from data.statics"
        )
    if grid.latitude is not None and grid.longitude is not None:
        lat, lon = np.deg2rad(grid.latitude), np.deg2rad(grid.longitude)
        place = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
        chord, _ = scipy.spatial.KDTree(place[~mask]).query(place[mask])
        distance = np.zeros(mask.shape)
        distance[mask] = 2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    elif not grid.has_axes:
        raise UserError(
            "distance_to_coast needs coordinates, and the target has none; add 'y' and 'x' in m to its file"
        )
    else:
        step = [float(np.abs(np.diff(axis)).mean()) if len(axis) > 1 else 1.0 for axis in (grid.y, grid.x)]
        in_km = [METRES.get(str(grid.attrs.get(name, {}).get("units", "")).lower()) == 1000.0 for name in "yx"]
        km = [length if already else length / 1000 for length, already in zip(step, in_km, strict=True)]
        distance = scipy.ndimage.distance_transform_edt(mask, sampling=km)
    return np.asarray(distance, dtype=np.float32)


def _on_grid(da: xr.DataArray, fine: Grid) -> np.ndarray:
    """The map on the cells of the fine grid: unchanged, cut out of a larger map, or regridded."""
    source = Grid.of(da)
    if source.same_as(fine):
        return np.asarray(da.values)
    known = source.crs is not None and fine.crs is not None
    if source.has_axes and fine.has_axes and (source.crs == fine.crs or not known):
        step, wanted = ([_step(axis) for axis in (g.y, g.x)] for g in (source, fine))
        if np.allclose(step, wanted, rtol=0.01):  # a finer map is averaged below; here it would be sampled at points
            moved = da.assign_coords({Y: (Y, source.y), X: (X, source.x)}).sortby(
                [Y, X]
            )  # an axis of integers becomes one of floats
            try:
                cells = moved.sel({Y: fine.y, X: fine.x}, method="nearest", tolerance=0.01 * min(wanted))
                return np.asarray(cells.values)
            except KeyError:
                pass
    if source.shape == fine.shape and not source.has_axes and not source.located:
        return np.asarray(da.values)  # arrays without coordinates are matched cell by cell
    # conservative, so that a finer orography gives the mean height of a cell and not that of one point
    return regrid(da.values[None], source, fine, conservative=True, name=str(da.name))[0]


def _step(axis: np.ndarray) -> float:
    return float(np.abs(np.diff(axis)).min()) if len(axis) > 1 else 1.0
