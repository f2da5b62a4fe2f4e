"""Which days of the files are wanted, and how many of them may be lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.splits import Span, assign, refuse_empty, span_of, split_spans

MOST_LOST = 0.05
"""Largest share of the wanted days that may lack the target, a predictor or a lag."""
_MOST_NAMED = 3


def wanted_days(time: xr.DataArray, settings: Data, what: str) -> np.ndarray:
    """Positions of the days within ``data.period`` and ``data.months``.

    Args:
        time: (time,) the days of the files.
        settings: the section ``data`` of the configuration.
        what: whose days they are, for error messages.

    Returns:
        (day,) positions along time.

    Raises:
        UserError: no day is wanted; the message says which days there are.
    """
    numbers = day_numbers(time)
    wanted = np.ones(len(numbers), dtype=bool)
    if settings.period is not None:
        first, last = span_of(settings.period, "data.period")
        wanted &= (numbers >= first) & (numbers <= last)
    if settings.months is not None:
        wanted &= np.isin(numbers // 100 % 100, settings.months)
    if not wanted.any():
        held = f"{_date(numbers[0])} to {_date(numbers[-1])}"
        raise UserError(
            f"no day lies within data.period {settings.period} and data.months {settings.months}; {what} {held}"
        )
    return np.flatnonzero(wanted)


@dataclass(frozen=True)
class SplitDays:
    """The wanted days of the target, and the split of each.

    Attributes:
        positions: (day,) positions along the time of the target.
        time: (time,) these days.
        split: (day,) index into ``dims.SPLITS``, -1 for none.
        spans: the spans of days of each split.
    """

    positions: np.ndarray
    time: xr.DataArray
    split: np.ndarray
    spans: dict[str, list[Span]]


def split_days(precip: xr.DataArray, settings: Data) -> SplitDays:
    """Choose the wanted days of the target, and split them.

    Raises:
        UserError: no day is wanted, or a split has none.
    """
    positions = wanted_days(precip[TIME], settings, "the files hold")
    time = precip[TIME][positions]
    spans = split_spans(settings.splits)
    numbers = day_numbers(time)
    split = assign(numbers, spans)
    refuse_empty(split, numbers)
    return SplitDays(positions, time, split, spans)


def refuse_many_lost(kept: np.ndarray, time: xr.DataArray, lacking: Mapping[str, int] | None = None) -> int:
    """Count the days that cannot be used, and refuse more than 5 % of them.

    Args:
        kept: (time,) bool, True for a day that has everything.
        time: (time,) the days.
        lacking: the number of days that each channel lacks, for the message; those that lack none are left out.

    Returns:
        The number of days that are lost.

    Raises:
        UserError: too many days are lost; the message gives the first and the last of them, and what lacks most.
    """
    lost = int((~kept).sum())
    if lost > MOST_LOST * len(kept):
        numbers = day_numbers(time)[~kept]
        worst = sorted((lacking or {}).items(), key=lambda item: -item[1])[:_MOST_NAMED]
        named = "".join(f"; '{name}' lacks {count}" for name, count in worst if count)
        raise UserError(
            f"{lost} of {len(kept)} days ({lost / len(kept):.0%}) lack the target, a predictor or a lag (first: "
            f"{_date(numbers[0])}, last: {_date(numbers[-1])}{named}); at most {MOST_LOST:.0%} may be lost; "
            "give files that cover the period, or shorten data.period"
        )
    return lost


def name_lost(kept: np.ndarray, time: xr.DataArray) -> str:
    """The first of the days that cannot be used, for the notices; "" where all can.

    Args:
        kept: (time,) bool, True for a day that has everything.
        time: (time,) the days.
    """
    dates = [_date(number) for number in day_numbers(time)[~kept]]
    named, rest = dates[:_MOST_NAMED], len(dates) - _MOST_NAMED
    return f"dropped: {', '.join(named)}{f' and {rest} more' if rest > 0 else ''}" if dates else ""


def _date(number: int) -> str:
    return f"{number // 10000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"
