"""Dates and spans of days, as the configuration gives them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rainsmith.base.errors import UserError

Span = tuple[int, int]
"""First and last day, as YYYYMMDD."""
_DAYS = (31, 30, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Most days of each month in any CF calendar: February has 30 where the year has 360."""


def day_of(text: str, where: str) -> int:
    """A date YYYY-MM-DD of any calendar as the integer YYYYMMDD.

    Args:
        text: the date.
        where: the key of the configuration, for error messages.

    Raises:
        UserError: the text is no date, or there is no such day in any calendar.
    """
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text.strip())
    if match is None or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= _DAYS[int(match[2]) - 1]):
        raise UserError(f"{where} has '{text[:60]}'; expected a date such as 2010-01-31")
    return int(match[1]) * 10000 + int(match[2]) * 100 + int(match[3])


def span_of(span: tuple[str, str], where: str) -> Span:
    """[first, last] date as two integers YYYYMMDD.

    Raises:
        UserError: a date is malformed, or the last day comes before the first.
    """
    first, last = day_of(span[0], where), day_of(span[1], where)
    if last < first:
        raise UserError(f"{where} ends ({span[1]}) before it begins ({span[0]}); swap the two dates")
    return first, last


def spans_of_splits(splits: Mapping[str, Sequence[Any]]) -> dict[str, list[Span]]:
    """Spans of days of each split, both ends included.

    Args:
        splits: by name, [first, last] years, or a list of [first, last] dates.

    Raises:
        UserError: a span ends before it begins, a date is malformed, or two spans share days.
    """
    spans: dict[str, list[Span]] = {}
    for name, given in splits.items():
        where = f"data.splits.{name}"
        if len(given) == 2 and all(isinstance(year, int) for year in given):
            if given[1] < given[0]:
                raise UserError(f"{where} ends ({given[1]}) before it begins ({given[0]}); swap the two years")
            spans[name] = [(given[0] * 10000 + 101, given[1] * 10000 + 1231)]
        else:
            spans[name] = [span_of(span, where) for span in given]
    every = sorted((span, name) for name, parts in spans.items() for span in parts)
    for (one, a), (two, b) in itertools.pairwise(every):
        if two[0] <= one[1]:
            raise UserError(
                f"data.splits: {a} ({shown_span(one)}) and {b} ({shown_span(two)}) overlap; expected separate days; "
                "move one of them"
            )
    return spans


def shown_span(span: Span) -> str:
    """A span as text: YYYY-MM-DD to YYYY-MM-DD."""
    return " to ".join(f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" for day in span)
