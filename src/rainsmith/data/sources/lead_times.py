"""Files of forecasts: the time for which a value holds, where the time axis says when its forecast began."""

from __future__ import annotations

import re
from collections.abc import Hashable

import numpy as np
import xarray as xr

from rainsmith.data.sources.rain_names import is_total

_BEGINNING = "forecast_reference_time"
_BOUNDS = "forecast_bnds"
_LEADS = frozenset("step leadtime lead_time lead forecast_period".split())
_ACCUMULATED = re.compile(r"accum|avg|max|min")
_HOURS = {"h": 1.0, "m": 1 / 60, "s": 1 / 3600, "d": 24.0}


def with_valid_times(ds: xr.Dataset, name: str, dim: Hashable) -> tuple[xr.DataArray, xr.Dataset]:
    """The times for which the values of a variable hold.

    They are those of a coordinate called ``valid_time``, or of one whose standard name is ``time`` beside an axis of
    reference times, or the reference times with a lead time (``step``) added. A sum since the beginning of the forecast
    belongs to the interval between both.

    Args:
        ds: the opened file.
        name: the variable.
        dim: its dimension of time.

    Returns:
        (time,) the times, and the file, with time bounds where they follow from the forecast. The file's own where it
        holds no forecasts.
    """
    time = ds[name][dim]
    valid = _valid(ds, name, dim)
    if valid is None or bool((valid.values == time.values).all()):
        return time, ds
    made = xr.DataArray(valid.values, dims=[dim], name=time.name, attrs={**time.attrs}).assign_attrs(lead_time=1)
    has_bounds = str(time.attrs.get("bounds", time.encoding.get("bounds", ""))) in ds.variables
    if _is_accumulated(ds[name]) and not has_bounds:
        both = np.stack([time.values, valid.values], axis=1)
        return made.assign_attrs(bounds=_BOUNDS), ds.assign({_BOUNDS: ((dim, "bnds"), both)})
    return made, ds


def _valid(ds: xr.Dataset, name: str, dim: Hashable) -> xr.DataArray | None:
    """The valid times (time,) of a variable, None where nothing tells them from its stamps."""
    time = ds[name][dim]
    is_beginning = time.attrs.get("standard_name") == _BEGINNING or str(dim) in (_BEGINNING, "initial_time")
    for key in map(str, ds.variables):
        other = ds[key]
        says = key == "valid_time" or (is_beginning and (other.attrs.get("standard_name") == "time" or key == "time"))
        if key != dim and says and other.dtype.kind in "MO" and set(other.dims) <= set(ds[name].dims) | _singles(ds):
            flat = other.squeeze([d for d in other.dims if d != dim])
            if flat.dims == (dim,):
                return flat
    if not is_beginning:
        return None
    for key in map(str, ds.variables):
        lead = ds[key]
        if (key in _LEADS or lead.attrs.get("standard_name") == "forecast_period") and lead.dtype.kind in "iufm":
            flat = lead.squeeze([d for d in lead.dims if d != dim and lead.sizes[d] == 1])
            hours = _in_hours(flat)
            if hours is not None and flat.dims in ((), (dim,)):
                steps = np.broadcast_to((hours * 3.6e9).round().astype("timedelta64[us]"), time.shape)
                moves = steps.astype(object) if time.dtype.kind == "O" else steps
                return time.copy(data=time.values + moves)
    return None


def _singles(ds: xr.Dataset) -> set[Hashable]:
    return {dim for dim, size in ds.sizes.items() if size == 1}


def _in_hours(lead: xr.DataArray) -> np.ndarray | None:
    """A lead time in hours, None where its unit is not one of time."""
    if lead.dtype.kind == "m":
        return np.asarray(lead.values / np.timedelta64(1, "h"))
    factor = _HOURS.get(str(lead.attrs.get("units", "")).strip().lower()[:1])
    return None if factor is None else np.asarray(lead.values, dtype=np.float64) * factor


def _is_accumulated(da: xr.DataArray) -> bool:
    """Whether values are of the time since the beginning of the forecast, and not of an instant."""
    step_type = str(da.attrs.get("GRIB_stepType", ""))
    if step_type:
        return bool(_ACCUMULATED.search(step_type))
    return is_total(da) or "sum" in str(da.attrs.get("cell_methods", ""))
