"""Dimensions beside time, y and x: levels, members and others of which one value is wanted, and a single time."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError

Value = float | str
_MOST_LISTED = 12
_FREE_TO_DIFFER = frozenset(
    "expver year month month_number day hour season season_year clim_season day_of_year time valid_time "
    "forecast_reference_time reference_time initial_time".split()
)
"""Single values that say when a file was made or which part of the record it holds, and may differ between files."""
_LEVELS_AND_MEMBERS = frozenset(
    "plev level lev levels pressure pressure_level isobaricinhpa air_pressure height altitude depth z "
    "heightaboveground member number realization realisation ensemble ensemble_member".split()
)
_TIME_NAMES = ("time", "valid_time", "date", "t")


def choose(ds: xr.Dataset, name: str, select: Mapping[str, Value], path: Path | str) -> xr.Dataset | None:
    """Take one value of each selected dimension of a variable, and make a single time a dimension.

    Args:
        ds: the opened file.
        name: the variable.
        select: a value of each dimension, in the units of the file; a position where the dimension has no values.
        path: the file, for error messages.

    Returns:
        The file with the variable cut down, or None where the file holds another single value of what is selected.

    Raises:
        UserError: a selected dimension or value does not exist; the message lists those that do.
    """
    for key, value in select.items():
        da = ds[name]
        single = single_values(ds, name)
        if key in da.dims:
            ds = ds.isel({key: _position(da, key, value, path)})  # all variables, so that valid times of steps are too
        elif key not in single:
            further = ", ".join(sorted({*map(str, da.dims), *single}))
            raise UserError(f"{path}: '{name}' has no dimension '{key}'; expected one of {further}; correct 'select:'")
        elif not _equal(single[key], value):
            return None
    return _with_time_dimension(ds, name)


def single_values(ds: xr.Dataset, name: str) -> dict[str, Any]:
    """Values of the levels, members and the like that a variable has one of.

    They are coordinates of one number or text, also those of a dimension of length 1, and single variables whose name
    is that of a level or a member.
    """
    da = ds[name]
    candidates = {str(key): coordinate for key, coordinate in da.coords.items() if coordinate.size == 1}
    for key in ds.data_vars:
        if str(key).lower() in _LEVELS_AND_MEMBERS and ds[key].size == 1 and key != name:
            candidates[str(key)] = ds[key]
    return {
        key: coordinate.values.reshape(-1)[0]
        for key, coordinate in candidates.items()
        if key.lower() not in _FREE_TO_DIFFER and coordinate.dtype.kind in "iufUS"
    }


def refuse_other_level(
    name: str, first: tuple[Path, Mapping[str, Any]], other: tuple[Path, Mapping[str, Any]], key_of_config: str
) -> None:
    """Refuse two files of one variable that hold different levels or members.

    Args:
        name: the variable.
        first: a file, and its ``single_values``.
        other: another one.
        key_of_config: what to correct, for the message.

    Raises:
        UserError: a value differs; the message names both files.
    """
    (path, values), (other_path, other_values) = first, other
    for key in sorted(set(values) & set(other_values)):
        if not _equal(values[key], other_values[key]):
            raise UserError(
                f"'{name}' has {key} {_text(values[key])} in {path} and {_text(other_values[key])} in {other_path}; "
                f"expected one; name files of one {key} in '{key_of_config}', "
                f"or choose with 'select: {{{key}: {_text(values[key])}}}'"
            )


def advice_to_select(da: xr.DataArray, dim: Hashable) -> str:
    """What to do about a dimension of which one value is wanted, for error messages."""
    if dim not in da.coords:
        return f"choose one of '{dim}' with 'select: {{{dim}: 0}}' (positions 0 to {da.sizes[dim] - 1})"
    values = [_text(value) for value in da[dim].values]
    return f"choose one of '{dim}' with 'select: {{{dim}: {values[0]}}}' ({_listed(values)})"


def _position(da: xr.DataArray, dim: str, value: Value, path: Path | str) -> int:
    if dim not in da.coords:
        number = float(value) if not isinstance(value, str) else float("nan")
        if number in range(da.sizes[dim]):
            return int(number)
        raise UserError(
            f"{path}: dimension '{dim}' of '{da.name}' has no values, so 'select' counts its places from 0; "
            f"expected a number from 0 to {da.sizes[dim] - 1}, found '{value}'"
        )
    fits = [position for position, held in enumerate(da[dim].values) if _equal(held, value)]
    if len(fits) != 1:
        unit = f" {da[dim].attrs['units']}" if "units" in da[dim].attrs else ""
        held = _listed([_text(one) for one in da[dim].values])
        times = "no" if not fits else f"{len(fits)} times the"
        raise UserError(
            f"{path}: '{da.name}' has {times} {dim} {_text(value)}; it holds {held}{unit}; correct 'select:'"
        )
    return fits[0]


def _equal(held: Any, wanted: Any) -> bool:
    """True where a value of a file is the wanted one: to single precision where both are numbers, else as text."""
    try:
        a, b = float(held), float(wanted)
    except (TypeError, ValueError):
        return _text(held) == _text(wanted)
    return bool(np.isclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True))


def _text(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value).strip()


def _listed(values: list[str]) -> str:
    if len(values) <= _MOST_LISTED:
        return ", ".join(values)
    return f"{', '.join(values[:_MOST_LISTED])} and {len(values) - _MOST_LISTED} more"


def _with_time_dimension(ds: xr.Dataset, name: str) -> xr.Dataset:
    """A file of one day may hold its time as a single value: give the variable a dimension of time."""
    da = ds[name]
    if any(_holds_times(da[dim]) for dim in da.dims if dim in da.coords) or any(
        str(dim).lower() in _TIME_NAMES for dim in da.dims
    ):
        return ds
    times = [key for key in map(str, ds.variables) if ds[key].ndim == 0 and _holds_times(ds[key])]
    time = next((key for key in _TIME_NAMES if key in times), times[0] if len(times) == 1 else None)
    if time is None:
        return ds
    ds = ds.set_coords(time)
    bounds = ds[time].attrs.get("bounds") or ds[time].encoding.get("bounds")
    parts = [name, *([bounds] if bounds in ds.data_vars else [])]
    grown = ds[parts].expand_dims(time)
    result = ds.drop_vars([*parts, time]).assign({part: grown[part] for part in parts})
    for part in (*parts, time):
        result[part].attrs, result[part].encoding = dict(ds[part].attrs), dict(ds[part].encoding)
    return result


def _holds_times(variable: xr.DataArray) -> bool:
    if variable.dtype.kind == "O":
        return bool(variable.size) and hasattr(variable.values.flat[0], "calendar")
    return variable.dtype.kind == "M"
