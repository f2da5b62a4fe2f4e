"""Which day each value of a file belongs to: time bounds, offsets of the units, rounded stamps, and refused steps."""

from __future__ import annotations

import re
from pathlib import Path

import cftime
import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError

SHORTEST_DAY, LONGEST_DAY = 17.9, 25.1
"""[hours] Bounds of a length between these are those of a day.

They are shorter than 24 hours where a tool has written the first and the last stamp of the steps of a day (00 to 23 UTC
of hourly steps, 00 to 18 UTC of six-hourly ones), and 25 hours long where the clocks are put back.
"""
_EPOCH = "microseconds since 1900-01-01"
_HOUR, _DAY = 3_600_000_000, 86_400_000_000  # microseconds
_MINUTE = 60_000_000
_NO_TIME = np.int64(-(2**61))
"""[microseconds] Stands for a missing time."""
_SAYS_BOUNDS = re.compile("bnd|bound", re.IGNORECASE)
_ZONE = re.compile(
    r"^(?P<date>\s*\w+\s+since\s+-?\d+-\d+-\d+(?:[T ]+\d{1,2}(?::\d{1,2}(?::\d+(?:\.\d*)?)?)?(?![\d-]))?)"
    r"\s*(?P<zone>[A-Za-z]*\s*[+-]\d{1,2}(?::?\d{2})?)\s*$"
)
"""Units whose reference date ends in an offset from UTC, such as "hours since 2001-01-01 00:00:00 +09:00"."""
_MAKE_DAILY = (
    "make daily values first: 'cdo daysum' for amounts, 'cdo daymean' for rates and states "
    "('cdo -daysum -shifttime,-1hour' where hourly amounts are stamped at the end of the hour)"
)


def dated(
    time: xr.DataArray, ds: xr.Dataset, name: str, path: Path | str, span: tuple[int, int] | None = None
) -> xr.DataArray:
    """Give every value the day that it belongs to.

    Stamps are rounded to the minute, an offset in the units is kept as local time, and where there are time bounds the
    day is that of their middle: a stamp of another day is moved by whole days. Stamps that need none of it are returned
    as they are.

    Args:
        time: (time,) the decoded time coordinate of the variable.
        ds: the opened file, which holds the time bounds if there are any.
        name: the variable, for error messages.
        path: the file, or what else to call it in error messages.
        span: first and last day that is wanted, as YYYYMMDD; bounds of other days are not checked.

    Returns:
        The time coordinate. Where something was assumed, its attribute ``day_rule`` says what.

    Raises:
        UserError: a time is missing, bounds do not contain their stamp, or the values are of steps shorter than a day.
    """
    where = f"{path}: the time axis '{time.name}' of '{name}'"
    if time.isnull().any():
        raise UserError(f"{where} has {int(time.isnull().sum())} missing times of {time.size}; mend the file")
    if not time.size:
        return time
    stamps = _microseconds(time)
    refuse_short_steps(stamps, f"{path}: '{name}'")
    offset, zone = _offset(time)
    slack = _float32_slack(time, stamps)
    rounded = _rounded(stamps + offset, slack)
    bounds, missing = _bounds(time, ds)
    days = np.zeros_like(stamps) if bounds is None else _days_of_bounds(bounds, rounded, slack) - rounded // _DAY
    moved = rounded + days * _DAY
    notes = {
        f"local dates of the offset {zone} in its units": offset != 0,
        "stamps just before midnight, rounded to it": (rounded // _DAY != (stamps + offset) // _DAY).any(),
        f"days of the middle of the time bounds, {_moves(days)} from those of the stamps": days.any(),
        f"days of the stamps, since the bounds '{missing}' are missing": missing and (rounded % _DAY == 0).all(),
    }
    result = time if (moved == stamps).all() else time.copy(data=_plus(time.values, moved - stamps))
    rules = [note for note, holds in notes.items() if holds]
    if rules:
        result = result.assign_attrs(day_rule="; ".join(rules))
    if bounds is not None:
        numbers = day_numbers(result.rename({result.dims[0]: TIME}) if result.dims[0] != TIME else result)
        wanted = slice(None) if span is None else (numbers >= span[0]) & (numbers <= span[1])
        _refuse_bounds(bounds[wanted], rounded[wanted], time.values[wanted], slack, where)
    return result


def refuse_short_steps(stamps: xr.DataArray | np.ndarray, what: str) -> None:
    """Refuse values of steps that are shorter than a day.

    Args:
        stamps: (time,) times, or microseconds.
        what: what has these steps, for the error message.

    Raises:
        UserError: the usual step is shorter than 18 hours.
    """
    numbers = _microseconds(stamps) if isinstance(stamps, xr.DataArray) else stamps
    different = np.unique(numbers)  # repeated and unsorted days are refused elsewhere, by their own names
    if different.size < 2:
        return
    step = float(np.median(np.diff(different)))
    if 0 < step < SHORTEST_DAY * _HOUR:
        raise UserError(f"{what} has one value every {_long(step)}; expected one value a day; {_MAKE_DAILY}")


def why_undecodable(ds: xr.Dataset) -> dict[str, str]:
    """Variables of a file that was opened without decoding whose times cannot be decoded, and why.

    Args:
        ds: the file, opened with ``decode_times=False``.

    Returns:
        For each such variable a clause for an error message.
    """
    problems = {}
    for name in map(str, ds.variables):
        units, calendar = ds[name].attrs.get("units"), ds[name].attrs.get("calendar")
        if not isinstance(units, str) or " since" not in units:
            continue
        try:
            xr.decode_cf(ds[[name]].isel({dim: slice(2) for dim in ds[name].dims}), decode_timedelta=False).load()
        except Exception:  # of cftime, pandas and xarray, of many kinds
            of = "" if calendar is None else f" and calendar '{calendar}'"
            problems[name] = f"has units '{units}'{of}, which give no date"
    return problems


def _microseconds(time: xr.DataArray) -> np.ndarray:
    """Microseconds since 1900 in the calendar of the times: int64, any shape."""
    if time.dtype.kind == "M":
        return np.asarray((time.values - np.datetime64("1900-01-01")).astype("timedelta64[us]").astype(np.int64))
    numbers = cftime.date2num(time.values, _EPOCH, calendar=time.values.flat[0].calendar)
    return np.asarray(numbers, dtype=np.int64)


def _decoded(numbers: list[float], units: str, calendar: str) -> np.ndarray:
    """Microseconds since 1900 of numbers in units of time."""
    axis = xr.Variable("time", np.asarray(numbers), {"units": units, "calendar": calendar})
    coder = xr.coders.CFDatetimeCoder(time_unit="us")  # nanoseconds do not reach back before 1678
    return _microseconds(xr.decode_cf(xr.Dataset({"t": axis}), decode_times=coder)["t"])


def _units(time: xr.DataArray) -> tuple[str, str]:
    return str(time.encoding.get("units", "")), str(time.encoding.get("calendar", "standard"))


def _offset(time: xr.DataArray) -> tuple[int, str]:
    """[microseconds] What must be added to come from what was decoded to the local time of the units, and the zone.

    What a decoder makes of an offset depends on how it is written and on the calendar, so the reference date itself is
    decoded with the offset and without it.
    """
    units, calendar = _units(time)
    match = _ZONE.match(units)
    if match is None:
        return 0, ""
    local, made = (int(_decoded([0], text, calendar)[0]) for text in (match["date"], units))
    return local - made, match["zone"].strip()


def _float32_slack(time: xr.DataArray, stamps: np.ndarray) -> int:
    """[microseconds] Half the step between numbers of time in single precision, 0 where they are not single."""
    units, calendar = _units(time)
    if not units or time.encoding.get("dtype") != np.dtype("float32"):
        return 0
    zero, one = _decoded([0, 1], units, calendar)
    numbers = np.abs(stamps - zero) / (one - zero)
    return int(np.spacing(np.float32(numbers.max())) / 2 * (one - zero)) + 1


def _rounded(stamps: np.ndarray, slack: int) -> np.ndarray:
    """Stamps rounded to the minute, and to midnight where it is nearer than what single precision can tell."""
    minutes = (stamps + _MINUTE // 2) // _MINUTE * _MINUTE
    midnight = (stamps + _DAY // 2) // _DAY * _DAY
    return np.where(np.abs(stamps - midnight) <= slack, midnight, minutes)


def _bounds(time: xr.DataArray, ds: xr.Dataset) -> tuple[np.ndarray | None, str]:
    """Beginning and end of the interval of each value, and the name of bounds that are named but missing.

    They are those that the attribute ``bounds`` names, else the only variable (time, 2) whose name says bounds.

    Returns:
        (time, 2) [microseconds since 1900, local time], None without bounds; ``_NO_TIME`` where one is missing.
    """
    dim = time.dims[0]
    named = str(time.attrs.get("bounds", time.encoding.get("bounds", "")))
    fits = [named] if named in ds.variables else [str(v) for v in ds.variables if _SAYS_BOUNDS.search(str(v))]
    # a file of one day may have bounds (2) of a time without dimension
    held = {v: ds[v] if dim in ds[v].dims or time.size > 1 else ds[v].expand_dims(dim) for v in fits}
    fits = [v for v in fits if held[v].ndim == 2 and dim in held[v].dims and held[v].size == 2 * time.size]
    if time.size == 1:  # bounds of latitudes of one row look the same but hold no times
        fits = [v for v in fits if v == named or held[v].dtype.kind in "MO" or dim in ds[v].dims]
    if len(fits) != 1:
        return None, named if named and named not in ds.variables else ""
    bounds = held[fits[0]].transpose(dim, ...)
    if bounds.dtype.kind in "fiu":  # bounds without units have those of their time
        units, calendar = _units(time)
        if "units" in bounds.attrs or " since" not in units:
            return None, fits[0]
        attrs = {"units": units, "calendar": calendar}
        bounds = xr.decode_cf(xr.Dataset({"b": (bounds.dims, bounds.values, attrs)}))["b"]
    known = bounds.notnull().values
    numbers = np.full(bounds.shape, _NO_TIME)
    if known.any():
        numbers[known] = _microseconds(xr.DataArray(bounds.values[known])) + _offset(bounds)[0]
    return np.sort(numbers, axis=1), ""


def _days_of_bounds(bounds: np.ndarray, stamps: np.ndarray, slack: int) -> np.ndarray:
    """Number of the day (time,) in which the middle of each interval lies, that of the stamp for an instant."""
    start, end = bounds.T
    return np.where(start == end, stamps, _rounded(start // 2 + end // 2, slack)) // _DAY


def _refuse_bounds(bounds: np.ndarray, stamps: np.ndarray, times: np.ndarray, slack: int, where: str) -> None:
    """Refuse intervals that are not a day, or that do not contain their stamp.

    Args:
        bounds: (time, 2) [microseconds] beginning and end.
        stamps: (time,) [microseconds].
        times: (time,) the same, for error messages.
        slack: [microseconds] how far a time may be wrong by rounding.
        where: the time axis, for error messages.

    Raises:
        UserError: there is such an interval.
    """
    start, end = bounds.T
    tolerance = _MINUTE + 2 * slack
    length = end - start
    if (length == 0).all() and (np.abs(start - stamps) <= tolerance).all():
        return  # values of an instant
    no_day = (length < SHORTEST_DAY * _HOUR) | (length > LONGEST_DAY * _HOUR) | (bounds == _NO_TIME).any(axis=1)
    if no_day.any():
        first = int(np.argmax(no_day))
        lasts = "missing" if (bounds[first] == _NO_TIME).any() else _long(length[first])
        raise UserError(
            f"{where} has bounds that are not one day on {int(no_day.sum())} of {no_day.size} times (first: {lasts} at "
            f"{_text(times[first])}); expected bounds of one day; {_MAKE_DAILY}, or correct the bounds"
        )
    outside = (stamps < start - tolerance) | (stamps > end + tolerance)
    if outside.any():
        first = int(np.argmax(outside))
        raise UserError(
            f"{where} has bounds that do not contain their stamp on {int(outside.sum())} of {outside.size} times "
            f"(first: {_text(times[first])}); correct the bounds, or leave them out if they are wrong"
        )


def _plus(times: np.ndarray, microseconds: np.ndarray) -> np.ndarray:
    steps = microseconds.astype("timedelta64[us]")
    return np.asarray(times + (steps.astype(object) if times.dtype.kind == "O" else steps))


def _moves(days: np.ndarray) -> str:
    steps = [f"{day:+d} day{'' if abs(day) == 1 else 's'}" for day in np.unique(days[days != 0])[:3]]
    return " or ".join(steps)


def _long(length: float) -> str:
    hours = length / _HOUR
    if hours >= 48:
        return f"{hours / 24:.3g} days"
    if hours >= 1:
        return f"{hours:.3g} hour{'' if round(hours, 2) == 1 else 's'}"
    return f"{hours * 60:.3g} minutes"


def _text(time: object) -> str:
    return str(time)[:16].replace("T", " ")
