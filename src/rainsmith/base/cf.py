"""Data as files hold them, after the CF conventions (version 1.11), and as the program holds them in memory.

In a file every coordinate says what it is, days have bounds, a regular grid has one-dimensional latitudes and
longitudes, and the grid mapping is a variable of its own. In memory latitudes and longitudes are always maps, and the
grid mapping is a coordinate, so that it goes along with every array.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, GRID, MEMBER, STATIC, TIME, X_LR, Y_LR, X, Y

BOUNDS = "time_bnds"
CONVENTIONS = "CF-1.11"
_CREDITS = ("terms", "license", "licence", "institution", "references")
_GEOGRAPHIC = {
    "latitude": (Y, {"standard_name": "latitude", "units": "degrees_north"}),
    "longitude": (X, {"standard_name": "longitude", "units": "degrees_east"}),
}
_KNOWN_COORDINATES: dict[str, dict[str, str]] = {
    TIME: {"standard_name": "time", "long_name": "day", "axis": "T"},
    MEMBER: {"standard_name": "realization", "long_name": "number of the member", "units": "1"},
    "quantile": {"long_name": "probability that the quantile is not exceeded", "units": "1"},
    CHANNEL: {"long_name": "predictor"},
    STATIC: {"long_name": "static map"},
}
_AXES = {Y: "row", X: "column", Y_LR: "row of the coarse grid", X_LR: "column of the coarse grid"}
_METRES = ("m", "metre", "meter", "metres", "meters", "km", "kilometre", "kilometer")
_WITH_LEAP_DAYS = ("standard", "gregorian", "proleptic_gregorian")
_SAME_DEGREES = 1e-9
_COARSE_MAPPING = "crs_lr"
_BOUNDS_COMMENT = "The calendar day that the data name; it begins at the hour at which the data begin their days."


def cell_methods_of_rate(earlier: object = "") -> str:
    """The ``cell_methods`` of rain in mm/day: a rate is a mean over the day, whatever the amount of the source was.

    A sum over time of a rate would be an amount in mm. What the source says of the area of a cell is kept.

    Args:
        earlier: the attribute of the source, if it has one.
    """
    return "area: mean time: mean" if re.search(r"\barea: mean\b", str(earlier)) else "time: mean"


def derived_attributes(
    data: Mapping[Any, Any], command: str, made_by: str, *, use: str = "trained on"
) -> dict[str, str]:
    """Attributes of what was made from a store: history and credit of its data, and what made it.

    Args:
        data: attributes of the store.
        command: the command that writes the file, for its ``history``.
        made_by: model and checkpoint, or what else the file holds, for its ``source``.
        use: what the data were used for, for its ``source``.
    """
    version = metadata.version("rainsmith")
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    of_data = ", ".join(str(data[name]) for name in ("title", "source") if data.get(name))
    earlier = [str(data["history"])] if data.get("history") else []
    return {
        "source": f"rainsmith {version}, {made_by}" + (f"; {use}: {of_data}" if of_data else ""),
        "history": "\n".join([f"{now} rainsmith {version} {command}", *earlier]),
        **{name: str(data[name]) for name in _CREDITS if data.get(name)},
    }


def credit_of_both(attrs: Mapping[str, Any], predictors: Mapping[Any, Any]) -> dict[str, str]:
    """Credits of members of a new period: those of the training data and those of the predictors, each once.

    Args:
        attrs: of the members, from ``derived_attributes``.
        predictors: title, source and credits of the files of the new predictors.
    """
    of_data = ", ".join(str(predictors[name]) for name in ("title", "source") if predictors.get(name))
    both = {
        name: "; ".join(dict.fromkeys(str(given[name]) for given in (attrs, predictors) if given.get(name)))
        for name in _CREDITS
    }
    source = f"{attrs['source']}; predictors: {of_data}" if of_data else str(attrs["source"])
    return {"source": source, **{name: text for name, text in both.items() if text}}


def coordinates_of_cells(days: xr.Dataset) -> xr.Dataset:
    """Days, axes, latitudes, longitudes and grid mapping of the fine grid, in memory; nothing of the coarse grid.

    They are read here, since a store that is written region by region is created without computing what is lazy.

    Args:
        days: days of a store, or the domain of a checkpoint with predictors of other days.
    """
    mapping = mapping_of_fine_grid(days)
    kept = [
        name for name in days.coords if name == mapping or (days[name].dims and set(days[name].dims) <= {TIME, Y, X})
    ]
    cells = xr.Dataset(coords={name: days[name].variable.compute() for name in kept}).drop_encoding()
    if mapping and mapping not in cells.coords:
        cells = cells.assign_coords({mapping: days[mapping].variable.compute()})
    return cells


def rain_attributes(long_name: str, days: xr.Dataset) -> dict[str, str]:
    """Attributes of rain [mm/day] on the fine grid of some days."""
    known = {"standard_name": "lwe_precipitation_rate", "long_name": long_name, "units": "mm/day"}
    mapping = mapping_of_fine_grid(days)
    return {**known, "cell_methods": cell_methods_of_rate(), **({"grid_mapping": mapping} if mapping else {})}


def to_cf(data: xr.Dataset) -> xr.Dataset:
    """The same data as a file holds them, with encodings of their own; ``from_cf`` undoes it.

    Args:
        data: data of the program, whose dimensions have the names of ``rainsmith.base.dims``.

    Returns:
        Data with ``time_bnds``; without latitudes and longitudes as maps where rows and columns are latitudes and
        longitudes themselves; with names and units of all coordinates; and with grid mappings as variables.
    """
    written = _with_bounds(_without_repeated_maps(data.drop_encoding()))
    written.attrs = {"Conventions": CONVENTIONS, **written.attrs}
    mappings = grid_mappings(written)
    for name, variable in written.variables.items():
        _describe_coordinate(str(name), variable, written)
        _describe_values(str(name), variable, written)
        if name in written.coords or name == BOUNDS or name in mappings:
            variable.encoding.setdefault("_FillValue", None)  # coordinates are never missing
    return written.reset_coords(sorted(mappings & set(written.coords)))


def from_cf(data: xr.Dataset) -> xr.Dataset:
    """Data of a file that ``to_cf`` made, or of an older file, as the program holds them."""
    read = data.drop_vars(BOUNDS, errors="ignore")
    if TIME in read.coords and read[TIME].attrs.get("bounds") == BOUNDS:
        read = read.assign_coords({TIME: read[TIME].copy(deep=False)})
        del read[TIME].attrs["bounds"]
    read = read.set_coords(sorted(grid_mappings(read) - set(read.coords)))
    if _has_regular_axes(read) and not set(_GEOGRAPHIC) & set(read.variables):
        read = read.assign_coords(_maps_of_axes(read))
    return read


def grid_mappings(data: xr.Dataset) -> set[str]:
    """Names of the variables that describe projections: those that variables name, and that of the coarse grid."""
    named = {str(variable.attrs.get("grid_mapping", "")) for variable in data.variables.values()}
    return {name for name in named | {_COARSE_MAPPING} if name in data.variables}


def time_encoding(time: xr.DataArray) -> dict[str, Any]:
    """Encoding of days and their bounds: whole numbers of the coarsest unit that holds their hours exactly."""
    clock = {"hours": "hour", "minutes": "minute", "seconds": "second"}
    finer = [unit for unit, part in clock.items() if np.any(getattr(time.dt, part).values != 0)]
    exact = not np.any(time.dt.microsecond.values != 0)
    unit = "seconds" if not exact else (finer[-1] if finer else "days")
    encoding = {"units": f"{unit} since 1970-01-01", "dtype": "int64" if exact else "float64"}
    return {**encoding, "calendar": time.dt.calendar, "_FillValue": None}


def _with_bounds(data: xr.Dataset) -> xr.Dataset:
    """The same data with the first and last moment of each day, (time, 2)."""
    if not data.sizes.get(TIME) or TIME not in data.coords or data[TIME].dtype.kind not in "MO":
        return data
    time = data[TIME]
    first = time.dt.floor("D").values
    last = first + (np.timedelta64(1, "D") if time.dtype.kind == "M" else datetime.timedelta(days=1))
    both = np.stack([first, last], axis=1)
    bounded = data.assign({BOUNDS: ((TIME, "bnds"), both, {"comment": _BOUNDS_COMMENT})})
    for name in (TIME, BOUNDS):
        bounded[name].encoding = time_encoding(time)
    return bounded


def _has_regular_axes(data: xr.Dataset) -> bool:
    """Whether rows and columns are themselves latitudes and longitudes."""
    return all(
        axis in data.coords and data[axis].attrs.get("standard_name") == name for name, (axis, _) in _GEOGRAPHIC.items()
    )


def _maps_of_axes(data: xr.Dataset) -> dict[str, Any]:
    """Latitude and longitude (y, x) [degrees] of a regular grid, with longitudes in -180 to 180."""
    x = data[X].values
    inside = np.where(np.abs(x) <= 180, x, (x + 180) % 360 - 180)
    longitude, latitude = np.meshgrid(inside, data[Y].values)
    values = {"latitude": latitude, "longitude": longitude}
    return {name: (GRID, values[name], attrs) for name, (_, attrs) in _GEOGRAPHIC.items()}


def _without_repeated_maps(data: xr.Dataset) -> xr.Dataset:
    """The same data without the maps of latitude and longitude that repeat the axes of a regular grid."""
    maps = [name for name in _GEOGRAPHIC if name in data.variables]
    if len(maps) < len(_GEOGRAPHIC) or not _has_regular_axes(data) or any(data[name].dims != GRID for name in maps):
        return data
    of_axes = _maps_of_axes(data)
    off = [np.abs((data[name].values - of_axes[name][1] + 180) % 360 - 180).max() for name in maps]
    return data.drop_vars(maps) if max(off) < _SAME_DEGREES else data


def _describe_coordinate(name: str, variable: xr.Variable, data: xr.Dataset) -> None:
    """Say what a coordinate is, where its data do not."""
    attrs = variable.attrs
    if name == TIME and BOUNDS in data:
        attrs["bounds"] = BOUNDS
        if data[TIME].dt.calendar in _WITH_LEAP_DAYS:
            attrs.setdefault("units_metadata", "leap_seconds: none")
    for key, word in (_KNOWN_COORDINATES.get(name, {}) if name in data.coords else {}).items():
        attrs.setdefault(key, word)
    if name in _AXES:
        in_metres = str(attrs.get("units", "")) in _METRES
        if in_metres and "standard_name" not in attrs:
            attrs["standard_name"] = f"projection_{name[0]}_coordinate"
        attrs.setdefault("long_name", _AXES[name])
        attrs.setdefault("units", "1")


def _describe_values(name: str, variable: xr.Variable, data: xr.Dataset) -> None:
    """Give a variable a name, the grid mapping of its cells, and attributes of the types that CF asks for."""
    attrs, dims = variable.attrs, set(variable.dims)
    if name == BOUNDS:
        return
    if name in grid_mappings(data):
        attrs.setdefault("long_name", "projection of the grid")
        return
    if "standard_name" not in attrs:
        attrs.setdefault("long_name", name.replace("_", " "))
    if "," in str(attrs.get("units", "")):  # several units, one for each map
        attrs["units_of_maps"] = attrs.pop("units")
    if "flag_values" in attrs:
        attrs["flag_values"] = np.asarray(attrs["flag_values"], dtype=variable.dtype)
    if name in data.coords and name not in _GEOGRAPHIC:
        return
    mapping = mapping_of_fine_grid(data) if {Y, X} <= dims else _COARSE_MAPPING if {Y_LR, X_LR} <= dims else ""
    if mapping in data.variables and name not in _GEOGRAPHIC:
        attrs["grid_mapping"] = mapping
    elif not attrs.get("grid_mapping", "x"):
        del attrs["grid_mapping"]


def mapping_of_fine_grid(data: xr.Dataset) -> str:
    """Name of the variable that describes the projection of the fine grid, or "" where there is none.

    Rain names it; a checkpoint, which has no rain, names it in an attribute of its own.
    """
    about = data["precip"].attrs if "precip" in data else data.attrs
    name = str(about.get("grid_mapping", ""))
    return name if name in data.variables else ""
