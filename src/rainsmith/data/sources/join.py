"""Files of one variable as one array, with one value a day."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.array_pieces import joined
from rainsmith.base.dims import TIME, X, Y, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.units import convert
from rainsmith.data.analogs import ordinals
from rainsmith.data.checks.valid_range import COUNTED
from rainsmith.data.checks.zero_fill_value import ZERO_FILL
from rainsmith.data.sources.days import refuse_short_steps


def join(pieces: list[xr.DataArray]) -> xr.DataArray:
    """Pieces of one variable, in order of time, as one array.

    Args:
        pieces: (time, y, x) each, whose encoding names the file; the list is emptied.

    Raises:
        UserError: they differ in grid, calendar or unit; the message names two files.
    """
    first = pieces[0]
    if any(ZERO_FILL in piece.attrs for piece in pieces):
        first.attrs[ZERO_FILL] = 1
    if COUNTED in first.attrs:
        first.attrs[COUNTED] = sum(piece.attrs[COUNTED] for piece in pieces)
    what = f"'{first.name}'"
    for piece in pieces[1:]:
        shared = [c for c in (Y, X, "latitude", "longitude") if c in first.coords and c in piece.coords]
        if piece.shape[1:] != first.shape[1:] or not all(
            np.allclose(piece[c], first[c], rtol=1e-5, atol=1e-4, equal_nan=True) for c in shared
        ):
            raise UserError(
                f"{what}: files lie on different grids ({first.sizes[Y]} x {first.sizes[X]} and {piece.sizes[Y]} x "
                f"{piece.sizes[X]} cells, or other coordinates, in {_files(first, piece)}); expected one grid; name "
                "one set of files"
            )
        calendars = first[TIME].dt.calendar, piece[TIME].dt.calendar
        units = tuple(str(one.attrs.get("units", "")).strip() for one in (first, piece))
        if calendars[0] != calendars[1]:
            raise UserError(
                f"{what}: calendar '{calendars[0]}' and '{calendars[1]}' in {_files(first, piece)}; expected one "
                "calendar; convert one of them, such as with 'cdo setcalendar'"
            )
        if units[0] != units[1] and not _mean_the_same(*units):
            raise UserError(
                f"{what}: units '{units[0]}' and '{units[1]}' in {_files(first, piece)}; expected one unit; convert "
                "the values of one of them, or, where only the text is wrong, say the unit with 'units:'"
            )
    if len(pieces) == 1:
        return first
    time = np.concatenate([piece[TIME].values for piece in pieces])
    arrays = [piece.values for piece in pieces]
    pieces.clear()
    values = joined(arrays)
    coords = {**{k: c for k, c in first.coords.items() if k != TIME}, TIME: (TIME, time, first[TIME].attrs)}
    return xr.DataArray(values, dims=first.dims, coords=coords, name=first.name, attrs=first.attrs)


def _files(first: xr.DataArray, other: xr.DataArray) -> str:
    return " and ".join(str(one.encoding.get("source", "one set of files")) for one in (first, other))


def _mean_the_same(unit: str, other: str) -> bool:
    """Whether two units are one in two spellings, such as Pa and pascal; a missing one is none."""
    if not unit or not other:
        return False
    probe = np.array([0.0, 1.0])
    try:
        return bool(np.array_equal(convert(probe, other, unit, name="a unit"), probe))
    except UserError:
        return False


def dates_of(span: tuple[int, ...] | None) -> str:
    """Days YYYYMMDD in words, "the files" for None."""
    if span is None:
        return "the files"
    return " to ".join(f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" for day in span)


def refuse_other_than_daily(da: xr.DataArray) -> None:
    """Every field needs one value a day.

    Raises:
        UserError: days are repeated, or the usual step is shorter or longer than a day.
    """
    refuse_short_steps(da[TIME], f"'{da.name}'")
    numbers = day_numbers(da[TIME])
    repeated = numbers[1:][numbers[1:] <= np.maximum.accumulate(numbers)[:-1]]
    if repeated.size:
        raise UserError(
            f"'{da.name}' has {repeated.size} repeated or overlapping days (first: {dates_of((repeated[0],))}); "
            "expected one value a day; form daily sums, or name each file once"
        )
    days = ordinals(da[TIME])
    if days.size > 2 and np.median(np.diff(days)) > 1:
        raise UserError(f"'{da.name}' has one value every {np.median(np.diff(days)):.0f} days; expected daily data")
