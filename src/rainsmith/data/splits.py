"""Which day belongs to which split, and which days are left as a gap between two splits."""

from __future__ import annotations

import datetime
from typing import Any

import cftime
import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME
from rainsmith.base.errors import UserError
from rainsmith.config import Data, Splits
from rainsmith.config.spans import Span, day_of, shown_span, span_of, spans_of_splits

__all__ = [
    "Span",
    "assign",
    "day_of",
    "leave_gaps",
    "refuse_empty",
    "refuse_no_dates",
    "shifted_days",
    "span_of",
    "split_spans",
]


def split_spans(splits: Splits) -> dict[str, list[Span]]:
    """Spans of days of each split, both ends included.

    Raises:
        UserError: a span ends before it begins, a date is malformed, or two spans share days.
    """
    return spans_of_splits({name: getattr(splits, name) for name in SPLITS})


def refuse_no_dates(settings: Data, calendar: str) -> None:
    """Refuse dates of ``data.period`` and ``data.splits`` that the calendar of the days does not have.

    The last days of the usual months are understood in any calendar.

    Raises:
        UserError: such as 30 February outside a calendar of 360 days.
    """
    given: dict[str, Any] = {f"data.splits.{name}": getattr(settings.splits, name) for name in SPLITS}
    given["data.period"] = [settings.period] if settings.period else []
    for where, spans in given.items():
        for text in (date for span in spans if not isinstance(span, int) for date in span):
            number = day_of(text, where)
            if not any(_has_day(number, one) for one in (calendar, "standard")):
                raise UserError(
                    f"{where} has '{text}', which the calendar of the data ({calendar}) does not have; "
                    "expected one of its days; correct the date"
                )


def _has_day(number: int, calendar: str) -> bool:
    if number < 10101:  # year 0
        return False
    try:
        cftime.datetime(number // 10000, number // 100 % 100, number % 100, calendar=calendar)
    except ValueError:
        return False
    return True


def assign(numbers: np.ndarray, spans: dict[str, list[Span]]) -> np.ndarray:
    """Index of the split of each day YYYYMMDD, -1 for none: int8 of the same shape."""
    split = np.full(numbers.shape, -1, dtype=np.int8)
    for index, name in enumerate(SPLITS):
        for first, last in spans[name]:
            split[(numbers >= first) & (numbers <= last)] = index
    return split


def leave_gaps(split: np.ndarray, reads: list[np.ndarray], spans: dict[str, list[Span]]) -> np.ndarray:
    """Take training and validation days whose predictors hold rain of another split out of their split (-1).

    On the last day of a split, block means of the target at lag +1 are the rain of the first day of the next split,
    where that rain is scored. Such days are neither trained on nor used to choose a checkpoint. A test day may read the
    past (its lag -1 can be a validation day), because nothing is fitted to it and that rain is known when it is used.

    Args:
        split: (time,) index of the split of each day.
        reads: the day YYYYMMDD (time,) whose rain each day reads, one array for each channel of rain.
        spans: the spans of days of each split.

    Returns:
        (time,) as ``split``, with -1 at the days that were taken out.
    """
    result = split.copy()
    for numbers in reads:
        other = assign(numbers, spans)
        result[(split != SPLITS.index("test")) & (other >= 0) & (other != split)] = -1
    return result


def refuse_empty(split: np.ndarray, numbers: np.ndarray) -> None:
    """Refuse splits without days.

    Args:
        split: (time,) index of the split of each day.
        numbers: (time,) the days YYYYMMDD.

    Raises:
        UserError: a split has no day; the message says which days there are.
    """
    for index, name in enumerate(SPLITS):
        if not (split == index).any():
            held = shown_span((int(numbers.min()), int(numbers.max()))) if numbers.size else "no day"
            raise UserError(
                f"split '{name}' has no day; the data hold {held}; correct data.splits, data.period or data.months"
            )


def shifted_days(time: xr.DataArray, days: int) -> np.ndarray:
    """The date of each time plus a number of days in its own calendar: (time,) YYYYMMDD."""
    index = time.to_index() + datetime.timedelta(days=days)
    shifted = xr.DataArray(index, dims=TIME).dt
    return np.asarray(shifted.year * 10000 + shifted.month * 100 + shifted.day, dtype=np.int64)
