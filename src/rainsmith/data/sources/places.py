"""Where the cells of a field lie: coordinates of a file are put in order, or refused in one line."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pyproj
import xarray as xr

from rainsmith.base.dims import X, Y
from rainsmith.base.errors import UserError
from rainsmith.data.checks.cell_places import NOTICE
from rainsmith.data.grids.longitudes import find_gap, unroll
from rainsmith.data.grids.misplaced import broken_line, misplaced_cells
from rainsmith.data.grids.projection import WGS84, projected_units, projection_of, transform
from rainsmith.data.grids.sphere import typical_step, wrap_degrees

FITTING_CELLS = 0.5
"""[cells] Axes of a projection fit 2-D latitudes and longitudes where they are off by less than this."""
_ROTATED = {
    Y: {"standard_name": "grid_latitude", "units": "degrees"},
    X: {"standard_name": "grid_longitude", "units": "degrees"},
}
_ROTATED_NAMES = frozenset("rlat rlon grid_latitude grid_longitude rotlat rotlon".split())
LEAST_CELL_M = 20.0
"""[m] Cells of a projection that are smaller than this are in another unit: no rain is known so finely."""
SAME_LINE = 0.01
"""[cells] Latitudes of a row, and longitudes of a column, that differ by less are one."""
MOST_RADIANS = 0.02
"""Cells of radians are smaller than this: it is more than one degree."""

Dims = tuple[Hashable, Hashable]


def settle_places(da: xr.DataArray, path: Path | str, dims: Dims, *, mapping_is_named: bool) -> xr.DataArray:
    """Check and order the coordinates of a field that was read.

    Args:
        da: (..., y, x) with axes, 2-D ``latitude`` and ``longitude`` and grid mapping where the file has them.
        path: the file, for messages.
        dims: the names of the dimensions of y and x in the file.
        mapping_is_named: True where the variable names its grid mapping, False where the mapping was only found.

    Returns:
        The field with longitudes that rise or fall without a jump, columns reordered where that needs it, and axes
        that are called latitude and longitude only where they are. What was assumed is the attribute ``place_notice``.

    Raises:
        UserError: a coordinate is missing, filled, out of range, not in order, has a gap or an unknown unit, or two
            statements about the place contradict each other.
    """
    da = _settle_planes(_lines_of_planes(da), path)
    da = _settle_labels(da, path, dims, mapping_is_named)
    for axis, dim in zip((Y, X), dims, strict=True):
        if axis in da.coords:
            da = _settle_axis(da, axis, f"{path}: '{dim}'")
    _refuse_radians(da, path)
    return _check_units(da, path, dims)


def _lines_of_planes(da: xr.DataArray) -> xr.DataArray:
    """Axes in place of 2-D coordinates of a regular grid without axes, so that its columns can be brought in order."""
    if Y in da.coords or X in da.coords or "latitude" not in da.coords or "longitude" not in da.coords:
        return da
    latitude, longitude = _planes(da)
    if not np.isfinite([latitude, longitude]).all() or min(latitude.shape) < 2:
        return da
    slack = SAME_LINE * typical_step(latitude, longitude)
    if np.ptp(latitude, axis=1).max() > slack or np.ptp(longitude, axis=0).max() > slack:
        return da
    lines = {Y: latitude[:, 0], X: longitude[0]}
    coords = {axis: (axis, lines[axis], dict(da[name].attrs)) for axis, name in ((Y, "latitude"), (X, "longitude"))}
    return da.drop_vars(["latitude", "longitude"]).assign_coords(coords)


def _refuse_radians(da: xr.DataArray, path: Path | str) -> None:
    """Refuse degrees that are radians: such a grid would lie in the Gulf of Guinea, far from all land."""
    if "latitude" in da.coords and "longitude" in da.coords and da["latitude"].ndim == 2:
        latitude, longitude = _planes(da)
    elif Y in da.coords and X in da.coords and _labelled(da):
        latitude, longitude = np.meshgrid(_values(da, Y), _values(da, X), indexing="ij")
    else:
        return
    within = np.abs(latitude).max() <= np.pi / 2 + 1e-6 and np.abs(longitude).max() <= 2 * np.pi + 1e-6
    if within and min(latitude.shape) > 1 and typical_step(latitude, longitude) < MOST_RADIANS:
        raise UserError(
            f"{path}: latitudes {latitude.min():.4g} to {latitude.max():.4g} and longitudes {longitude.min():.4g} to "
            f"{longitude.max():.4g} look like radians that are said to be degrees; expected degrees; convert them, or "
            "correct their 'units' to 'radian'"
        )


def _settle_planes(da: xr.DataArray, path: Path | str) -> xr.DataArray:
    """2-D coordinates with unusable cells are replaced by those of the axes, or refused where no axes place them."""
    if "latitude" not in da.coords or "longitude" not in da.coords or da["latitude"].ndim != 2:
        return da
    latitude, longitude = _planes(da)
    bad = misplaced_cells(latitude, longitude)
    if bad.any():
        row, column = (int(n) for n in np.argwhere(bad)[0])
        what = (
            f"{int(bad.sum())} of {bad.size} cells have no usable 2-D latitude and longitude (first: row {row}, "
            f"column {column}: {latitude[row, column]:g}, {longitude[row, column]:g})"
        )
        if _has_places_on_axes(da):
            return _told(da.drop_vars(["latitude", "longitude"]), f"'{da.name}': {what}; they were computed from axes")
        raise UserError(f"{path}: {what}; expected a place for every cell; cut these cells off, or fill their places")
    broken = broken_line(latitude, longitude)
    if broken is not None:
        lines, first = broken
        raise UserError(
            f"{path}: by the 2-D latitudes and longitudes there is a gap between {lines} {first} and {first + 1}; "
            "expected neighbouring cells side by side; give one region without gaps, in order"
        )
    return da


def _has_places_on_axes(da: xr.DataArray) -> bool:
    axes_known = Y in da.coords and X in da.coords and all(np.isfinite(_values(da, axis)).all() for axis in (Y, X))
    return axes_known and (_labelled(da) or _mapping(da) is not None)


def _settle_labels(da: xr.DataArray, path: Path | str, dims: Dims, mapping_is_named: bool) -> xr.DataArray:
    """Decide whether axes are latitudes and longitudes, or those of a rotated pole or a projection."""
    if Y not in da.coords or X not in da.coords:
        return da
    labelled, mapping = _labelled(da), _mapping(da)
    rotated = {str(dim).lower() for dim in dims} & _ROTATED_NAMES
    names = f"'{dims[0]}' and '{dims[1]}'"
    if "latitude" in da.coords and "longitude" in da.coords and da["latitude"].ndim == 2:
        if labelled and _fits(da, WGS84):
            return da
        if mapping is not None and _fits(da, mapping):
            told = f"{names} are said to be latitude and longitude, and were taken as axes of the grid mapping"
            return _told(_relabel(da, mapping), told) if labelled else da
        if labelled or mapping is not None:
            told = f"{names} do not agree with the 2-D latitudes and longitudes, which were used"
            return _told(_without_labels(da), told)
        return da
    if not labelled:
        return da
    if mapping is not None and ((_is_rotated(mapping) and (mapping_is_named or rotated)) or _beyond_degrees(da)):
        told = f"{names} are said to be latitude and longitude, and were taken as axes of the grid mapping"
        return _told(_relabel(da, mapping), told)
    if rotated:
        raise UserError(
            f"{path}: {names} are said to be latitude and longitude, and their names are those of a rotated pole; "
            "expected a grid mapping or 2-D latitudes and longitudes; add one of them, or rename the axes"
        )
    return da


def _settle_axis(da: xr.DataArray, axis: str, what: str) -> xr.DataArray:
    values = _values(da, axis)
    if not np.isfinite(values).all():
        number = int(np.argmin(np.isfinite(values)))
        raise UserError(
            f"{what} has {int((~np.isfinite(values)).sum())} missing values (first at position {number}); expected a "
            "coordinate for every cell; cut these cells off, or fill them"
        )
    kind = str(da[axis].attrs.get("standard_name", ""))
    limit = {"latitude": 90.0 + 1e-3, "longitude": 720.0}.get(kind)
    if limit is not None and (np.abs(values) > limit).any():
        worst = float(values[np.argmax(np.abs(values))])
        raise UserError(
            f"{what} holds {worst:g} as {kind}; expected at most {limit:.0f} degrees; look for a fill value, or for "
            "latitude and longitude exchanged"
        )
    east = kind in ("longitude", "grid_longitude")
    if east:
        unrolled, order = unroll(values)
        if len(order) < len(values) or not np.array_equal(order, np.arange(len(values))):
            da = da.isel({axis: order})
        if not np.array_equal(unrolled, _values(da, axis)):
            da = da.assign_coords({axis: (axis, unrolled, da[axis].attrs)})
        values = unrolled
    step = np.diff(values)
    if not ((step > 0).all() or (step < 0).all()):
        wrong = int(np.argmax(np.sign(step) != np.sign(np.median(step))))
        raise UserError(
            f"{what} goes from {values[wrong]:g} to {values[wrong + 1]:g}; expected values that only rise or only fall"
        )
    gap = find_gap(values, longitudes=east)
    if gap is not None:
        raise UserError(
            f"{what} has a gap between {values[gap]:g} and {values[gap + 1]:g} (other steps: "
            f"{np.median(np.abs(step)):g}); expected neighbouring cells side by side; give one region without gaps"
        )
    return da


def _check_units(da: xr.DataArray, path: Path | str, dims: Dims) -> xr.DataArray:
    """Refuse axes of a projection whose unit is unknown or cannot be right; nothing else needs their unit."""
    mapping = _mapping(da)
    if _labelled(da) or Y not in da.coords or X not in da.coords or mapping is None or not mapping.is_projected:
        return da
    for axis, dim in zip((Y, X), dims, strict=True):
        factor = projected_units(da[axis].attrs, mapping, da[da.attrs["grid_mapping"]].attrs)
        step = np.abs(np.diff(_values(da, axis)))
        unit = str(da[axis].attrs.get("units", "")).strip()
        metres = factor * mapping.axis_info[0].unit_conversion_factor
        if step.size and np.median(step) * metres < LEAST_CELL_M:
            has = f"the units '{unit}'" if unit else "no units"
            raise UserError(
                f"{path}: '{dim}' has {has}, and its cells would be {np.median(step) * metres:g} m wide; expected "
                f"'units' of m or km; {'correct' if unit else 'add'} them"
            )
    return da


def _labelled(da: xr.DataArray) -> bool:
    return Y in da.coords and X in da.coords and projection_of({Y: da[Y].attrs, X: da[X].attrs}) is WGS84


def _mapping(da: xr.DataArray) -> pyproj.CRS | None:
    """The projection of the grid mapping alone, whatever the axes are called."""
    name = da.attrs.get("grid_mapping")
    if name not in da.coords:
        return None
    axes = {axis: {"units": da[axis].attrs.get("units", "")} if axis in da.coords else {} for axis in (Y, X)}
    return projection_of({**axes, "crs": da[name].attrs})


def _fits(da: xr.DataArray, crs: pyproj.CRS) -> bool:
    """True where the axes, read as those of a projection, give the 2-D latitudes and longitudes."""
    y, x = _values(da, Y), _values(da, X)
    if crs.is_projected:
        try:
            y, x = (
                v * projected_units(da[a].attrs, crs, da[da.attrs["grid_mapping"]].attrs) for v, a in ((y, Y), (x, X))
            )
        except UserError:
            return False
    longitude, latitude = transform(crs, WGS84, *np.meshgrid(x, y))
    there = _planes(da)
    off = np.hypot(latitude - there[0], wrap_degrees(longitude - there[1]) * np.cos(np.deg2rad(there[0])))
    return bool(np.max(off) <= FITTING_CELLS * typical_step(*there))


def _is_rotated(crs: pyproj.CRS) -> bool:
    return bool(crs.is_geographic and crs.is_derived)


def _beyond_degrees(da: xr.DataArray) -> bool:
    return bool((np.abs(_values(da, Y)) > 90.0 + 1e-3).any() or (np.abs(_values(da, X)) > 720.0).any())


def _relabel(da: xr.DataArray, crs: pyproj.CRS) -> xr.DataArray:
    """Axes that were called latitude and longitude, under the names of their projection."""
    if _is_rotated(crs):
        return da.assign_coords({a: (a, da[a].values, {**da[a].attrs, **_ROTATED[a]}) for a in (Y, X)})
    projected = {a: {"standard_name": f"projection_{a}_coordinate", "units": "m"} for a in (Y, X)}
    return da.assign_coords({a: (a, da[a].values, {**da[a].attrs, **projected[a]}) for a in (Y, X)})


def _without_labels(da: xr.DataArray) -> xr.DataArray:
    """The field without what its axes and grid mapping say of its place."""
    name = str(da.attrs.get("grid_mapping", ""))
    attrs = {key: value for key, value in da.attrs.items() if key != "grid_mapping"}
    kept = {
        axis: {key: value for key, value in da[axis].attrs.items() if key not in ("standard_name", "units")}
        for axis in (Y, X)
    }
    da = da.assign_coords({axis: (axis, da[axis].values, kept[axis]) for axis in (Y, X)})
    da = da.drop_vars(name) if name in da.coords else da
    da.attrs = attrs
    return da


def _told(da: xr.DataArray, notice: str) -> xr.DataArray:
    before = da.attrs.get(NOTICE)
    return da.assign_attrs({NOTICE: f"{before}; {notice}" if before else notice})


def _values(da: xr.DataArray, axis: str) -> np.ndarray:
    return np.asarray(da[axis].values, dtype=np.float64)


def _planes(da: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    return (np.asarray(da["latitude"].values, dtype=np.float64), np.asarray(da["longitude"].values, dtype=np.float64))
