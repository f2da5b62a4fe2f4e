"""Variables of a file with the dimensions time, y and x, under any names, and with their coordinates."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import cf_xarray  # noqa: F401  registers the accessor .cf
import numpy as np
import xarray as xr

from rainsmith.base.array_pieces import read_float32
from rainsmith.base.dims import TIME, X, Y, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.data.checks.cell_places import NOTICE
from rainsmith.data.sources.axis_values import axis_values, plane_values
from rainsmith.data.sources.days import dated
from rainsmith.data.sources.fill_values import refuse_other_packing
from rainsmith.data.sources.lead_times import with_valid_times
from rainsmith.data.sources.levels import advice_to_select
from rainsmith.data.sources.places import settle_places

Axes = dict[str, Hashable]
"""The dimension of a file that is time, y or x."""

_CF_KEYS = {TIME: ("T", "time"), Y: ("Y", "latitude"), X: ("X", "longitude")}
"""Keys by which cf_xarray knows an axis or its coordinate."""
# Names are looked up in this table and not guessed with cf_xarray's guess_coord_axis. It looks at coordinates only, so
# bare dimensions stay unknown. It also misses northing and easting, south_north and west_east, and it matches only the
# beginning of a name, so that initial_time and index become x.
_AXIS_NAMES = {
    TIME: frozenset("time t valid_time date day days times".split()),
    Y: frozenset(
        "y j lat latitude rlat grid_latitude projection_y_coordinate northing northings north south_north nj nlat "
        "yc y_lr row nav_lat".split()
    ),
    X: frozenset(
        "x i lon longitude rlon grid_longitude projection_x_coordinate easting eastings east west_east ni nlon "
        "xc x_lr col column nav_lon".split()
    ),
}
_DEGREES = {
    Y: {"degrees_north", "degree_north", "degrees_n", "degree_n"},
    X: {"degrees_east", "degree_east", "degrees_e", "degree_e"},
}
_GEOGRAPHIC_NAMES = {
    Y: {"lat", "latitude", "nav_lat", "nlat", "xlat"},
    X: {"lon", "longitude", "nav_lon", "nlon", "xlong"},
}
_GEOGRAPHIC = {
    Y: {"standard_name": "latitude", "units": "degrees_north"},
    X: {"standard_name": "longitude", "units": "degrees_east"},
}
_LETTERS = {TIME: "T", Y: "Y", X: "X"}
_DROPPED_ATTRS = ("coordinates", "ancillary_variables", "grid_mapping", "actual_range", "valid_range")


def read_days(ds: xr.Dataset, name: str, path: Path | str, span: tuple[int, int] | None = None) -> xr.DataArray:
    """Read one variable of a file as (time, y, x) with its coordinates.

    Args:
        ds: the opened file.
        name: the variable.
        path: the file, or what else to call it in error messages.
        span: first and last day to read, as YYYYMMDD.

    Returns:
        float32 (time, y, x), in memory. ``y`` and ``x`` keep their attributes; where only a name tells that they are
        latitudes and longitudes, attributes are added that say so. 2-D ``latitude`` and ``longitude`` and the grid
        mapping become coordinates where the file has them. Times are those of ``days.dated``.

    Raises:
        UserError: the dimensions are not understood, the days have no times or are not in order, or values are not
            of days.
    """
    da = ds[name]
    refuse_other_packing(da, path)
    axes = _axes(da, path, wanted=(TIME, Y, X))
    dim = axes[TIME]
    if dim not in da.coords or not _is_time(da[dim]):
        units = da[dim].attrs.get("units", "missing") if dim in da.coords else "missing"
        raise UserError(
            f"{path}: the time axis '{dim}' of '{name}' holds no times (units: {units}); "
            "expected units such as 'days since 1990-01-01'; make such times with 'cdo -r copy' or 'ncatted'"
        )
    stamps, dated_ds = with_valid_times(ds, name, dim)
    time = dated(stamps, dated_ds, name, path, span)
    da = da.drop_vars([key for key in da.coords if key != dim and da[key].dims == (dim,)]).assign_coords({dim: time})
    numbers = day_numbers(xr.DataArray(time.values, dims=TIME))
    if (np.diff(numbers) < 0).any():
        raise UserError(f"{path}: the days of '{name}' are not in order of time; sort the file")
    if span is not None:
        first, last = np.searchsorted(numbers, span[0]), np.searchsorted(numbers, span[1], side="right")
        da = da.isel({dim: slice(int(first), int(last))})
    return _settled(_with_coordinates(da, ds, axes, (TIME, Y, X), path), da, axes, path)


def read_map(ds: xr.Dataset, name: str, path: Path | str) -> xr.DataArray:
    """Read one variable of a file as a map (y, x) with its coordinates; a single time is dropped.

    Raises:
        UserError: the dimensions are not understood, or there are several times.
    """
    da = ds[name]
    refuse_other_packing(da, path)
    axes = _axes(da, path, wanted=(Y, X))
    if TIME in axes:
        if da.sizes[axes[TIME]] != 1:
            raise UserError(f"{path}: '{name}' has {da.sizes[axes[TIME]]} times; expected a map without time")
        da = da.isel({axes[TIME]: 0})
    return _settled(_with_coordinates(da, ds, axes, (Y, X), path), da, axes, path)


def read_any_map(ds: xr.Dataset, path: Path | str) -> xr.DataArray:
    """Read the grid of a file as a map (y, x), from its first variable that has one or from its axes alone.

    Raises:
        UserError: the file holds no grid, or none that is understood; the message says what is wrong with the first.
    """
    problem: UserError | None = None
    for v in ds.data_vars:
        first_time = {d: 0 for d in ds[v].dims if str(d).lower() in _AXIS_NAMES[TIME]}
        if ds[v].ndim >= 2 and not any("bnds" in str(d) or "bounds" in str(d) for d in ds[v].dims):
            try:
                return read_map(ds.isel(first_time), str(v), path)
            except UserError as error:
                problem = problem or error
    for lat, lon in (("lat", "lon"), ("latitude", "longitude"), ("y", "x")):
        if lat in ds.variables and lon in ds.variables and ds[lat].ndim == ds[lon].ndim == 1:
            empty = xr.DataArray(np.zeros((ds[lat].size, ds[lon].size)), dims=(*ds[lat].dims, *ds[lon].dims))
            return read_map(ds.assign(grid=empty), "grid", path)
    if problem is not None:
        raise problem
    raise UserError(f"{path} holds no grid; expected a variable with dimensions of y and x")


def is_horizontal(da: xr.DataArray, dim: Hashable) -> bool:
    """True where a dimension is known as y or x by its attributes or its name."""
    return (_by_attributes(da, dim) or _by_name(da, dim)) in (Y, X)


def is_time(da: xr.DataArray, dim: Hashable) -> bool:
    """True where a dimension is known as time by its values, attributes or name."""
    return (_by_attributes(da, dim) or _by_name(da, dim)) == TIME


def _axes(da: xr.DataArray, path: Path | str, *, wanted: tuple[str, ...]) -> Axes:
    """Find each axis by its attributes, then by its name, then by the order that CF recommends (T, Z, Y, X).

    Raises:
        UserError: a wanted axis is not found, or another dimension is longer than one.
    """
    axes: Axes = {}
    for test in (_by_attributes, _by_name):
        for dim in da.dims:
            axis = test(da, dim) if dim not in axes.values() else None
            if axis is not None and axis not in axes:
                axes[axis] = dim
    rest = [dim for dim in da.dims if dim not in axes.values() and da.sizes[dim] > 1]
    missing = [axis for axis in (Y, X) if axis not in axes]
    if rest and len(rest) == len(missing):
        axes.update(dict(zip(missing, rest, strict=True)))
        rest, missing = [], []
    missing = [axis for axis in wanted if axis not in axes]
    if missing or rest:
        shape = ", ".join(f"{d}: {n}" for d, n in da.sizes.items())
        advice = f"found no {' or '.join(missing)}" if missing else advice_to_select(da, rest[0])
        raise UserError(f"{path}: '{da.name}' has dimensions ({shape}); expected {', '.join(wanted)}; {advice}")
    return axes


def _by_attributes(da: xr.DataArray, dim: Hashable) -> str | None:
    if dim not in da.coords:
        return None
    coordinate = da[dim]
    if _is_time(coordinate):
        return TIME
    units = str(coordinate.attrs.get("units", "")).lower()  # cf_xarray knows only some of the spellings with capitals
    by_units = next((axis for axis, degrees in _DEGREES.items() if units in degrees), None)
    if by_units is not None:
        return by_units
    known = {**coordinate.cf.coordinates, **coordinate.cf.axes}
    return next((axis for axis, keys in _CF_KEYS.items() if any(dim in known.get(key, ()) for key in keys)), None)


def _by_name(da: xr.DataArray, dim: Hashable) -> str | None:
    return next((axis for axis, names in _AXIS_NAMES.items() if str(dim).lower() in names), None)


def _is_time(coordinate: xr.DataArray) -> bool:
    if coordinate.dtype.kind == "O":
        return bool(coordinate.size) and hasattr(coordinate.values.flat[0], "calendar")
    return coordinate.dtype.kind == "M"


def _is_geographic(coordinate: xr.DataArray, axis: str) -> bool:
    standard = coordinate.attrs.get("standard_name")
    if standard is not None:
        return bool(standard == _GEOGRAPHIC[axis]["standard_name"])
    degrees = str(coordinate.attrs.get("units", "")).lower() in _DEGREES[axis]
    return degrees or str(coordinate.name).lower() in _GEOGRAPHIC_NAMES[axis]


def _with_coordinates(
    da: xr.DataArray, ds: xr.Dataset, axes: Axes, wanted: tuple[str, ...], path: Path | str
) -> xr.DataArray:
    da = da.squeeze([d for d in da.dims if d not in axes.values()])
    values = read_float32(da.transpose(*(axes[axis] for axis in wanted)))
    attrs = {key: value for key, value in da.attrs.items() if key not in _DROPPED_ATTRS}
    result = xr.DataArray(values, dims=wanted, name=da.name, attrs=attrs)
    if TIME in wanted:
        time = da[axes[TIME]]
        result = result.assign_coords({TIME: (TIME, time.values, _kept(time.attrs))})
    notices: list[str] = []
    for axis in (Y, X):
        line = _line(ds, axes[axis], axis)
        if line is not None:
            values, notice = axis_values(ds, line, path, degrees=_is_geographic(line, axis))
            result = result.assign_coords({axis: (axis, values, _axis_attrs(line, axis))})
            notices.append(notice)
        plane = _plane(ds, axes, axis)
        if plane is not None:
            name = _GEOGRAPHIC[axis]["standard_name"]
            values, notice = plane_values(plane, path)
            result = result.assign_coords({name: ((Y, X), values, dict(_GEOGRAPHIC[axis]))})
            notices.append(notice)
    if any(notices):
        result.attrs[NOTICE] = f"'{da.name}': {'; '.join(notice for notice in notices if notice)}"
    return _with_grid_mapping(result, ds, da)


def _settled(result: xr.DataArray, da: xr.DataArray, axes: Axes, path: Path | str) -> xr.DataArray:
    named = "grid_mapping" in da.attrs or "grid_mapping" in da.encoding
    return settle_places(result, path, (axes[Y], axes[X]), mapping_is_named=named)


def _line(ds: xr.Dataset, dim: Hashable, axis: str) -> xr.DataArray | None:
    """The coordinate of a dimension: the one of its name, else the latitudes or longitudes that run along it."""
    if dim in ds.coords:
        return ds[dim]
    along = [ds[v] for v in ds.variables if ds[v].dims == (dim,) and _is_geographic(ds[v], axis)]
    return along[0] if along else None


def _plane(ds: xr.Dataset, axes: Axes, axis: str) -> xr.DataArray | None:
    """2-D latitudes or longitudes of the same cells, or such of each time where there are no others."""
    both = {axes[Y], axes[X]}
    geographic = [ds[v] for v in ds.variables if both <= set(ds[v].dims) and _is_geographic(ds[v], axis)]
    planes = [v for v in geographic if v.ndim == 2]
    planes += [v for v in geographic if v.ndim == 3 and any(is_time(v, dim) for dim in v.dims)]
    return planes[0].transpose(..., axes[Y], axes[X]) if planes else None


def _kept(attrs: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in attrs.items() if key not in ("bounds", "_CoordinateAxisType")}


def _axis_attrs(coordinate: xr.DataArray, axis: str) -> dict[str, Any]:
    attrs = {"long_name": str(coordinate.name), **_kept(coordinate.attrs), "axis": _LETTERS[axis]}
    return {**attrs, **_GEOGRAPHIC[axis]} if _is_geographic(coordinate, axis) else attrs


def _with_grid_mapping(result: xr.DataArray, ds: xr.Dataset, da: xr.DataArray) -> xr.DataArray:
    name = str(da.attrs.get("grid_mapping", da.encoding.get("grid_mapping", ""))).split(":")[0].strip()
    if name not in ds.variables:
        # none is named, or the named one is missing: take the only variable that describes a projection
        keys = ("grid_mapping_name", "crs_wkt", "spatial_ref")
        fits = [str(v) for v in ds.variables if ds[v].ndim == 0 and any(key in ds[v].attrs for key in keys)]
        if len(fits) != 1:
            return result
        name = fits[0]
    mapping = ((), np.int32(0), dict(ds[name].attrs))
    return result.assign_coords({name: mapping}).assign_attrs(grid_mapping=name)
