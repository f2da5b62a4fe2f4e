"""Which day belongs to which split, and which days are left as a gap between two splits."""

from __future__ import annotations

import datetime
import itertools
import re

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME
from rainsmith.base.errors import UserError
from rainsmith.config import DateSpan, Splits

Span = tuple[int, int]
"""First and last day, as YYYYMMDD."""


def day_of(text: str, where: str) -> int:
    """A date YYYY-MM-DD of any calendar as the integer YYYYMMDD.

    Args:
        text: the date.
        where: the key of the configuration, for error messages.

    Raises:
        UserError: the text is no date.
    """
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text.strip())
    if match is None or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        raise UserError(f"{where} has '{text}'; expected a date such as 2010-01-31")
    return int(match[1]) * 10000 + int(match[2]) * 100 + int(match[3])


def span_of(span: DateSpan, where: str) -> Span:
    """[first, last] date as two integers YYYYMMDD.

    Raises:
        UserError: a date is malformed, or the last day comes before the first.
    """
    first, last = day_of(span[0], where), day_of(span[1], where)
    if last < first:
        raise UserError(f"{where} ends ({span[1]}) before it begins ({span[0]}); swap the two dates")
    return first, last


def split_spans(splits: Splits) -> dict[str, list[Span]]:
    """Spans of days of each split, both ends included.

    Raises:
        UserError: a span ends before it begins, a date is malformed, or two spans share days.
    """
    spans: dict[str, list[Span]] = {}
    for name in SPLITS:
        given = getattr(splits, name)
        where = f"data.splits.{name}"
        if len(given) == 2 and all(isinstance(year, int) for year in given):
            if given[1] < given[0]:
                raise UserError(f"{where} ends ({given[1]}) before it begins ({given[0]}); swap the two years")
            spans[name] = [(given[0] * 10000 + 101, given[1] * 10000 + 1231)]
        else:
            spans[name] = [span_of(span, where) for span in given]
    every = sorted((span, name) for name in SPLITS for span in spans[name])
    for (one, a), (two, b) in itertools.pairwise(every):
        if two[0] <= one[1]:
            raise UserError(
                f"data.splits: {a} ({_text(one)}) and {b} ({_text(two)}) overlap; expected separate days; "
                "move one of them"
            )
    return spans


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
            held = _text((int(numbers.min()), int(numbers.max()))) if numbers.size else "no day"
            raise UserError(
                f"split '{name}' has no day; the data hold {held}; correct data.splits, data.period or data.months"
            )


def shifted_days(time: xr.DataArray, days: int) -> np.ndarray:
    """The date of each time plus a number of days in its own calendar: (time,) YYYYMMDD."""
    index = time.to_index() + datetime.timedelta(days=days)
    shifted = xr.DataArray(index, dims=TIME).dt
    return np.asarray(shifted.year * 10000 + shifted.month * 100 + shifted.day, dtype=np.int64)


def _text(span: Span) -> str:
    return " to ".join(f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" for day in span)
