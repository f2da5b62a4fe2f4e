"""Times of a file as whole microseconds of its local time, and how exact they are."""

from __future__ import annotations

import re

import cftime
import numpy as np
import xarray as xr

HOUR, DAY = 3_600_000_000, 86_400_000_000
"""[microseconds]"""
MINUTE = 60_000_000
_EPOCH = "microseconds since 1900-01-01"
_ZONE = re.compile(
    r"^(?P<date>\s*\w+\s+since\s+-?\d+-\d+-\d+(?:[T ]+\d{1,2}(?::\d{1,2}(?::\d+(?:\.\d*)?)?)?(?![\d-]))?)"
    r"\s*(?P<zone>[A-Za-z]*\s*[+-]\d{1,2}(?::?\d{2})?)\s*$"
)
"""Units whose reference date ends in an offset from UTC, such as "hours since 2001-01-01 00:00:00 +09:00"."""


def microseconds(time: xr.DataArray) -> np.ndarray:
    """Microseconds since 1900 in the calendar of the times: int64, any shape."""
    if time.dtype.kind == "M":
        return np.asarray((time.values - np.datetime64("1900-01-01")).astype("timedelta64[us]").astype(np.int64))
    numbers = cftime.date2num(time.values, _EPOCH, calendar=time.values.flat[0].calendar)
    return np.asarray(numbers, dtype=np.int64)


def decoded(numbers: list[float], units: str, calendar: str) -> np.ndarray:
    """Microseconds since 1900 of numbers in units of time."""
    axis = xr.Variable("time", np.asarray(numbers), {"units": units, "calendar": calendar})
    coder = xr.coders.CFDatetimeCoder(time_unit="us")  # nanoseconds do not reach back before 1678
    return microseconds(xr.decode_cf(xr.Dataset({"t": axis}), decode_times=coder)["t"])


def units_of(time: xr.DataArray) -> tuple[str, str]:
    """Units and calendar that the file gives."""
    return str(time.encoding.get("units", "")), str(time.encoding.get("calendar", "standard"))


def offset_of(time: xr.DataArray) -> tuple[int, str]:
    """[microseconds] What must be added to come from what was decoded to the local time of the units, and the zone.

    What a decoder makes of an offset depends on how it is written and on the calendar, so the reference date itself is
    decoded with the offset and without it.
    """
    units, calendar = units_of(time)
    match = _ZONE.match(units)
    if match is None:
        return 0, ""
    local, made = (int(decoded([0], text, calendar)[0]) for text in (match["date"], units))
    return local - made, match["zone"].strip()


def float32_slack(time: xr.DataArray, stamps: np.ndarray) -> int:
    """[microseconds] Half the step between numbers of time in single precision, 0 where they are not single."""
    units, calendar = units_of(time)
    if not units or time.encoding.get("dtype") != np.dtype("float32"):
        return 0
    zero, one = decoded([0, 1], units, calendar)
    numbers = np.abs(stamps - zero) / (one - zero)
    return int(np.spacing(np.float32(numbers.max())) / 2 * (one - zero)) + 1


def rounded_to_minutes(stamps: np.ndarray, slack: int) -> np.ndarray:
    """Stamps rounded to the minute, and to midnight where it is nearer than what single precision can tell."""
    minutes = (stamps + MINUTE // 2) // MINUTE * MINUTE
    midnight = (stamps + DAY // 2) // DAY * DAY
    return np.where(np.abs(stamps - midnight) <= slack, midnight, minutes)


def plus(times: np.ndarray, steps_us: np.ndarray) -> np.ndarray:
    """Times moved by so many microseconds."""
    steps = steps_us.astype("timedelta64[us]")
    return np.asarray(times + (steps.astype(object) if times.dtype.kind == "O" else steps))


def long(length: float) -> str:
    """A length of time [microseconds] in words."""
    hours = length / HOUR
    if hours >= 48:
        return f"{hours / 24:.3g} days"
    if hours >= 1:
        return f"{hours:.3g} hour{'' if round(hours, 2) == 1 else 's'}"
    return f"{hours * 60:.3g} minutes"


def text(time: object) -> str:
    """A time to the minute."""
    return str(time)[:16].replace("T", " ")
