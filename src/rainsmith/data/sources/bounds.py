"""Time bounds of a file: the interval of each value, the day that it is given, and intervals that are no day."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.sources.instants import (
    DAY,
    HOUR,
    MINUTE,
    long,
    microseconds,
    offset_of,
    rounded_to_minutes,
    text,
    units_of,
)

SHORTEST_DAY, LONGEST_DAY = 17.9, 25.1
"""[hours] Bounds of a length between these are those of a day.

They are shorter than 24 hours where a tool has written the first and the last stamp of the steps of a day (00 to 23 UTC
of hourly steps, 00 to 18 UTC of six-hourly ones), and 25 hours long where the clocks are put back.
"""
HALF_DAY = 11.9
"""[hours] Bounds from this length on are half a day, or the first and the last of two stamps of a day."""
NO_TIME = np.int64(-(2**61))
"""[microseconds] Stands for a missing time."""
MAKE_DAILY = (
    "make daily values first: 'cdo daysum' for amounts, 'cdo daymean' for rates and states "
    "('cdo -daysum -shifttime,-1hour' where hourly amounts are stamped at the end of the hour)"
)
_SAYS_BOUNDS = re.compile("bnd|bound", re.IGNORECASE)


def read_bounds(time: xr.DataArray, ds: xr.Dataset, where: str) -> tuple[np.ndarray | None, str]:
    """Beginning and end of the interval of each value, and the name of bounds that are named but missing.

    They are those that the attribute ``bounds`` names, else the only variable (time, 2) whose name says bounds. Bounds
    without units have those of their time, and bounds in "hours" alone count from the same date as their time.

    Args:
        time: (time,) the decoded times.
        ds: the opened file.
        where: the time axis, for error messages.

    Returns:
        (time, 2) [microseconds since 1900, local time], None without bounds; ``NO_TIME`` where one is missing.

    Raises:
        UserError: bounds are there and cannot be read.
    """
    dim = time.dims[0]
    named = str(time.attrs.get("bounds", time.encoding.get("bounds", "")))
    fits = [named] if named in ds.variables else [str(v) for v in ds.variables if _SAYS_BOUNDS.search(str(v))]
    # a file of one day may have bounds (2) of a time without dimension
    held = {v: ds[v] if dim in ds[v].dims or time.size > 1 else ds[v].expand_dims(dim) for v in fits}
    fits = [v for v in fits if held[v].ndim == 2 and dim in held[v].dims and held[v].size == 2 * time.size]
    if time.size == 1:  # bounds of latitudes of one row look the same but hold no times
        fits = [v for v in fits if v == named or held[v].dtype.kind in "MO" or dim in ds[v].dims]
    if named in ds.variables and not fits:
        shape = ", ".join(f"{d}: {n}" for d, n in ds[named].sizes.items())
        raise UserError(
            f"{where} has bounds '{named}' of dimensions ({shape}); expected a beginning and an end of each time; "
            "correct the bounds, or leave them out if they are wrong"
        )
    if len(fits) != 1:
        return None, named if named and named not in ds.variables else ""
    bounds = _as_times(held[fits[0]].transpose(dim, ...), time, where)
    known = bounds.notnull().values
    numbers = np.full(bounds.shape, NO_TIME)
    if known.any():
        numbers[known] = microseconds(xr.DataArray(bounds.values[known])) + offset_of(bounds)[0]
    return np.sort(numbers, axis=1), ""


def _as_times(bounds: xr.DataArray, time: xr.DataArray, where: str) -> xr.DataArray:
    """Bounds as times, also where they are plain numbers.

    Raises:
        UserError: no units make times of them.
    """
    if bounds.dtype.kind not in "fiu":
        return bounds
    units, calendar = units_of(time)
    own = str(bounds.attrs.get("units", "")).strip()
    since = units.partition(" since")[1:]
    if own and " since" not in own:
        units = own + "".join(since)
    try:
        if not since[0]:
            raise ValueError("the time has no units")
        attrs = {"units": units, "calendar": calendar}
        made = xr.decode_cf(xr.Dataset({"b": (bounds.dims, bounds.values, attrs)}))["b"]
        if made.dtype.kind in "fiu":
            raise ValueError("no times")
    except Exception:  # of cftime, pandas and xarray, of many kinds
        raise UserError(
            f"{where} has bounds '{bounds.name}' with the units '{own}', which give no date; expected those of the "
            "time; correct the bounds, or leave them out if they are wrong"
        ) from None
    return made


def days_of_bounds(bounds: np.ndarray, stamps: np.ndarray, slack: int) -> np.ndarray:
    """Number of the day (time,) in which the middle of each interval lies, that of the stamp for an instant."""
    start, end = bounds.T
    return np.where(start == end, stamps, rounded_to_minutes(start // 2 + end // 2, slack)) // DAY


def refuse_bounds(
    bounds: np.ndarray, stamps: np.ndarray, times: np.ndarray, slack: int, where: str, *, shortest: float = SHORTEST_DAY
) -> None:
    """Refuse intervals that are not a day, or that do not contain their stamp.

    Args:
        bounds: (time, 2) [microseconds] beginning and end.
        stamps: (time,) [microseconds].
        times: (time,) the same, for error messages.
        slack: [microseconds] how far a time may be wrong by rounding.
        where: the time axis, for error messages.
        shortest: [hours] the shortest interval that is taken for a day.

    Raises:
        UserError: there is such an interval.
    """
    start, end = bounds.T
    tolerance = MINUTE + 2 * slack
    length = end - start
    if (length == 0).all() and (np.abs(start - stamps) <= tolerance).all():
        return  # values of an instant
    no_day = (length < shortest * HOUR) | (length > LONGEST_DAY * HOUR) | (bounds == NO_TIME).any(axis=1)
    if no_day.any():
        first = int(np.argmax(no_day))
        lasts = "missing" if (bounds[first] == NO_TIME).any() else long(length[first])
        raise UserError(
            f"{where} has bounds that are not one day on {int(no_day.sum())} of {no_day.size} times (first: {lasts} at "
            f"{text(times[first])}); expected bounds of one day; {MAKE_DAILY}, or correct the bounds"
        )
    outside = (stamps < start - tolerance) | (stamps > end + tolerance)
    if outside.any():
        first = int(np.argmax(outside))
        raise UserError(
            f"{where} has bounds that do not contain their stamp on {int(outside.sum())} of {outside.size} times "
            f"(first: {text(times[first])}); correct the bounds, or leave them out if they are wrong"
        )
