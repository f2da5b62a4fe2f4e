"""Which day each value of a file belongs to: time bounds, offsets of the units, rounded stamps, and refused steps."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.data.sources.bounds import HALF_DAY, MAKE_DAILY, SHORTEST_DAY, days_of_bounds, read_bounds, refuse_bounds
from rainsmith.data.sources.instants import (
    DAY,
    HOUR,
    float32_slack,
    long,
    microseconds,
    offset_of,
    plus,
    rounded_to_minutes,
    units_of,
)
from rainsmith.data.sources.rain_names import may_be_rain

_AMBIGUOUS = re.compile(r"since\s+(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}")
_EVENING = 18
"""[hour] Two hours of the evening that take turns are midnights of a local time with and without summer time."""


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
    stamps = microseconds(time)
    refuse_short_steps(stamps, f"{path}: '{name}'")
    _refuse_ambiguous_reference(time, where)
    offset, zone = offset_of(time)
    slack = float32_slack(time, stamps)
    rounded = rounded_to_minutes(stamps + offset, slack)
    bounds, missing = read_bounds(time, ds, where)
    if bounds is None:
        _refuse_summer_time(rounded, where)
    days = np.zeros_like(stamps) if bounds is None else days_of_bounds(bounds, rounded, slack) - rounded // DAY
    moved = rounded + days * DAY
    lengths = np.full_like(stamps, DAY) if bounds is None else bounds.T[1] - bounds.T[0]
    halves = (lengths >= HALF_DAY * HOUR) & (lengths < SHORTEST_DAY * HOUR)
    notes = {
        "days for which its forecasts hold, and not those of their beginning": time.attrs.pop("lead_time", 0),
        f"local dates of the offset {zone} in its units": offset != 0,
        "stamps just before midnight, rounded to it": (rounded // DAY != (stamps + offset) // DAY).any(),
        f"days of the middle of the time bounds, {_moves(days)} from those of the stamps": days.any(),
        "bounds from noon to noon, whose days are those of their end": _from_noon(bounds, rounded),
        f"bounds of {long(float(lengths[np.argmax(halves)]))}, taken as values of the day": halves.any(),
        f"days of the stamps, since the bounds '{missing}' are missing": missing and (rounded % DAY == 0).all(),
    }
    result = time if (moved == stamps).all() else time.copy(data=plus(time.values, moved - stamps))
    rules = [note for note, holds in notes.items() if holds]
    if rules:
        result = result.assign_attrs(day_rule="; ".join(rules))
    if bounds is not None:
        numbers = day_numbers(xr.DataArray(result.values, dims=TIME))
        wanted = slice(None) if span is None else (numbers >= span[0]) & (numbers <= span[1])
        shortest = SHORTEST_DAY if may_be_rain(ds[name]) else HALF_DAY
        refuse_bounds(bounds[wanted], rounded[wanted], time.values[wanted], slack, where, shortest=shortest)
        if halves[wanted].any():
            result.attrs["hours_of_bounds"] = float(lengths[wanted].min()) / HOUR
    return result


def refuse_short_steps(stamps: xr.DataArray | np.ndarray, what: str) -> None:
    """Refuse values of steps that are shorter than a day.

    Args:
        stamps: (time,) times, or microseconds.
        what: what has these steps, for the error message.

    Raises:
        UserError: the usual step is shorter than 18 hours.
    """
    numbers = microseconds(stamps) if isinstance(stamps, xr.DataArray) else stamps
    different = np.unique(numbers)  # repeated and unsorted days are refused elsewhere, by their own names
    if different.size < 2:
        return
    step = float(np.median(np.diff(different)))
    if 0 < step < SHORTEST_DAY * HOUR:
        raise UserError(f"{what} has one value every {long(step)}; expected one value a day; {MAKE_DAILY}")


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


def _refuse_ambiguous_reference(time: xr.DataArray, where: str) -> None:
    """Refuse a reference date that is read in two ways, such as 03-04-2001.

    Raises:
        UserError: the units hold one.
    """
    units, _ = units_of(time)
    match = _AMBIGUOUS.search(units)
    if match and match[1] != match[2] and max(int(match[1]), int(match[2])) <= 12:
        raise UserError(
            f"{where} has units '{units}', whose date can be read in two ways; expected year, month and day; correct "
            "them in the file, such as with 'ncatted'"
        )


def _refuse_summer_time(stamps: np.ndarray, where: str) -> None:
    """Refuse midnights of a local time that were written in UTC, where summer time shows them: 22:00 and 23:00.

    Raises:
        UserError: the stamps stand at two neighbouring hours of the evening, each for a part of the year.
    """
    hours, counts = np.unique(stamps % DAY // HOUR, return_counts=True)
    if hours.size == 2 and hours[0] >= _EVENING and hours[1] - hours[0] == 1 and counts.min() > 0.2 * stamps.size:
        raise UserError(
            f"{where} has stamps at {hours[0]}:00 and at {hours[1]}:00, as midnights of a local time have that are "
            "written in UTC, so that their dates are a day early; expected local dates or time bounds; correct them, "
            f"such as with 'cdo shifttime,{24 - hours[0]}hour'"
        )


def _from_noon(bounds: np.ndarray | None, stamps: np.ndarray) -> bool:
    """Whether intervals lie half in one day and half in the next, so that neither is the better one."""
    if bounds is None:
        return False
    start, end = bounds.T
    return bool((end - start == DAY).all() and ((start // 2 + end // 2) % DAY == 0).all())


def _moves(days: np.ndarray) -> str:
    steps = [f"{day:+d} day{'' if abs(day) == 1 else 's'}" for day in np.unique(days[days != 0])[:3]]
    return " or ".join(steps)
