"""The period that target and predictors share, and whole years or whole seasons for training, validation and test."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cftime
import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.seasons import WHOLE, first_month, part_seasons, season_year
from rainsmith.init.sources import Source
from rainsmith.prepare.days import MOST_LOST

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.15
"""Shares of the years that test and validate, at least one year each; the rest trains."""
_MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True)
class Period:
    """The days that are used.

    Attributes:
        days: (time,) YYYYMMDD that the target and every predictor have, rising.
        ordinals: (time,) [days] the same since 1900.
        period: [first, last] date for ``data.period``, None where the target's files hold no other days.
        splits: for ``data.splits``.
        reasons: why the period is so.
        split_reasons: why the splits are so.
        todo: what is open about the splits, "".
        whole_year: whether days of all twelve months are there.
    """

    days: np.ndarray
    ordinals: np.ndarray
    period: list[str] | None
    splits: dict[str, Any]
    reasons: tuple[str, ...]
    split_reasons: tuple[str, ...]
    todo: str
    whole_year: bool

    @property
    def training(self) -> np.ndarray:
        """(time,) bool, the days of training."""
        first, last = _numbers_of(self.splits["train"])
        return (self.days >= first) & (self.days <= last)


def choose_period(target: Source, predictors: Sequence[Source]) -> Period:
    """Find the common days, and split them by whole years or whole seasons.

    Raises:
        UserError: target and predictors have no day in common; the message names a source.
    """
    days, ordinals = target.days, target.ordinals
    shared = np.ones(days.size, dtype=bool)
    limits: dict[str, None] = {}
    for source in predictors:
        there = np.isin(days, source.days)
        first, last = source.days[0], source.days[-1]
        if not (there & shared).any():
            raise UserError(
                f"{source.label} holds {_date(first)} to {_date(last)}, and no day that the target and the other "
                f"predictors have ({target.label}: {_date(days[0])} to {_date(days[-1])}); leave one of them out"
            )
        if first > days[0] or last < days[-1]:
            limits[f"{source.paths[0].name} holds {_date(first)} to {_date(last)}"] = None
        shared &= (days >= first) & (days <= last)
    begin, end = np.flatnonzero(shared)[[0, -1]]
    time = _time(target, days[begin : end + 1])
    starts = first_month(time)
    years = season_year(time, starts)
    names, counts = np.unique(years, return_counts=True)
    whole = names[counts >= WHOLE * counts.max()]
    kept = slice(begin, end + 1)
    dropped = int(names[-1]) if names[-1] not in whole and whole.size >= 3 else None
    if dropped is not None:  # the end of a year alone would test a part of the year
        kept = slice(begin, begin + int(np.flatnonzero(years != dropped)[-1]) + 1)
    splits, split_reasons, todo = _splits(days[kept], names, whole, starts)
    gaps = _gaps(names[:-1] if dropped is not None else names, years[: kept.stop - begin], whole, starts)
    cut = begin > 0 or kept.stop < days.size
    reasons: list[str] = []
    if limits:
        reasons.append(f"the days that all sources have: {'; '.join(limits)}")
    if begun := part_seasons(time[: kept.stop - begin]):
        split_reasons = (*split_reasons, f"{begun}: these days are used, and count as no whole season")
    if dropped is not None:
        reasons.append(f"{_name_of_year(dropped, starts)} is left out, since it is not whole")
    months = np.unique(days[kept] // 100 % 100)
    return Period(
        days=days[kept],
        ordinals=ordinals[kept],
        period=[_date(days[kept][0]), _date(days[kept][-1])] if cut else None,
        splits=splits,
        reasons=tuple(reasons),
        split_reasons=split_reasons,
        todo="; ".join(text for text in (todo, gaps) if text),
        whole_year=months.size == 12,
    )


def _gaps(names: np.ndarray, years: np.ndarray, whole: np.ndarray, starts: int) -> str:
    """Years or seasons between the first and the last of which the target lacks days, "" where there are none.

    Args:
        names: the years that have days.
        years: (time,) of the days that are used.
        whole: the years that are whole.
        starts: month in which a year begins.
    """
    if whole.size < 3:
        return ""
    full = max(int((years == year).sum()) for year in whole)
    between = range(int(names[0]) + 1, int(whole[-1]))
    poor = {_name_of_year(year, starts): int((years == year).sum()) for year in between if year not in whole}
    if not poor:
        return ""
    listed = ", ".join(f"{count} of {name}" for name, count in poor.items())
    kind = "year" if starts == 1 else "season"
    return (
        f"the target has only these days of what lies between its first and last: {listed} (a whole {kind} has "
        f"{full}); give the files that are missing, or leave the gap"
    )


def lacking(source: Source, period: Period) -> str:
    """What to say of a source that lacks more days of the period than may be lost, "" where it does not."""
    lost = ~np.isin(period.days, source.days)
    if lost.mean() <= MOST_LOST:
        return ""
    return (
        f"{source.label} lacks {lost.sum()} of {lost.size} days ({lost.mean():.0%}; first: "
        f"{_date(period.days[lost][0])}); prepare refuses more than {MOST_LOST:.0%}: give files of these days, shorten "
        "data.period, or leave this source out"
    )


def _splits(
    days: np.ndarray, names: np.ndarray, whole: np.ndarray, starts: int
) -> tuple[dict[str, Any], tuple[str, ...], str]:
    """Splits, their reasons, and what is open."""
    count = whole.size
    if count < 3:
        return _short_splits(days, count)
    test = max(1, round(TEST_SHARE * count))
    validation = max(1, round(VALIDATION_SHARE * count))
    first_test, first_validation = int(whole[-test]), int(whole[-test - validation])
    spans = {
        "train": (int(names[0]), first_validation - 1),
        "validation": (first_validation, first_test - 1),
        "test": (first_test, int(whole[-1])),
    }
    kind = "years" if starts == 1 else "seasons"
    reason = f"{count} whole {kind}: {count - test - validation} train, {validation} validate, {test} test"
    later = "the latest are kept for the test, since members are wanted for years that come"
    if starts == 1:
        return {name: list(span) for name, span in spans.items()}, (f"{reason}; {later}",), ""
    begin, end = _MONTHS[starts - 1], _MONTHS[starts - 2]
    dates = {
        name: [[f"{first - 1:04d}-{starts:02d}-01", f"{last:04d}-{starts - 1:02d}-{_last_day(starts - 1)}"]]
        for name, (first, last) in spans.items()
    }
    season = (
        f"the data are of a season that goes on over New Year, so a year is counted from {begin} to {end} and no "
        "season is divided"
    )
    return dates, (f"{reason}; {later}", season), ""


def _short_splits(days: np.ndarray, years: int) -> tuple[dict[str, Any], tuple[str, ...], str]:
    """Splits of a record of less than three years: by dates, with what speaks against them."""
    if days.size < 30:
        raise UserError(
            f"target and predictors have {days.size} days in common; expected at least three years to train, validate "
            "and test; give files of more days"
        )
    places = [0, int(0.6 * days.size), int(0.8 * days.size), days.size]
    spans = [[[_date(days[start]), _date(days[stop - 1])]] for start, stop in itertools.pairwise(places)]
    todo = (
        f"the record holds {years or 'no'} whole year{'s' if years != 1 else ''}, and three are needed for whole years "
        "in each split; these spans test one part of the year only, so that scores say little: give more years"
    )
    return dict(zip(("train", "validation", "test"), spans, strict=True)), (), todo


def _time(target: Source, days: np.ndarray) -> xr.DataArray:
    """Dates as times in the calendar of the target."""
    calendar = target.first.calendar
    if calendar in ("standard", "gregorian", "proleptic_gregorian"):
        calendar = "proleptic_gregorian"
    values = [cftime.datetime(n // 10000, n // 100 % 100, n % 100, calendar=calendar) for n in days.tolist()]
    time = xr.DataArray(np.array(values, dtype=object), dims=TIME)
    assert day_numbers(time).size == days.size
    return time


def _numbers_of(span: Any) -> tuple[int, int]:
    """First and last day YYYYMMDD of a split as this module writes it."""
    if isinstance(span[0], int):
        return span[0] * 10000 + 101, span[1] * 10000 + 1231
    first, last = (int(text.replace("-", "")) for text in span[0])
    return first, last


def _name_of_year(year: int, starts: int) -> str:
    return str(year) if starts == 1 else f"the season {year - 1}/{year % 100:02d}"


def _last_day(month: int) -> int:
    """A day that the month has in every calendar in which it may have more."""
    return {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)


def _date(number: int) -> str:
    number = int(number)
    return f"{number // 10000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"
