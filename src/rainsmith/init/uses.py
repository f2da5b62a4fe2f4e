"""Predictor sources as entries of ``data.predictors``: levels, names, days, and which of them are one entry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rainsmith.init.entries import Entry
from rainsmith.init.places import Root, pattern_of
from rainsmith.init.questions import Ask, Choice, Question, settle
from rainsmith.init.roles import types_of
from rainsmith.init.sources import Source
from rainsmith.prepare.day_lags import LagFit

MOST_LEVELS = 4
USUAL_LEVELS_HPA = (500.0, 700.0, 850.0, 1000.0)
_LEVEL = re.compile(r"lev|pres|isobar|height|altitude|depth", re.IGNORECASE)
_MEMBERS = ("member", "number", "realiz", "realis", "ensemble", "model")


@dataclass(frozen=True, eq=False)
class Use:
    """One source and how it is used.

    Attributes:
        source: it.
        rain: whether it is coarse rain.
        select: the values of further dimensions.
        offsets: [days] the days of it that become channels.
        reasons: why, in words.
        fits: how its fields go with the rain a day before, on the day and a day after.
        todos: what is open.
    """

    source: Source
    rain: bool = False
    select: dict[str, Any] = field(default_factory=dict)
    offsets: tuple[int, ...] = (0,)
    reasons: tuple[str, ...] = ()
    fits: tuple[LagFit, ...] = ()
    todos: tuple[str, ...] = ()

    def because(self, *reasons: str) -> Use:
        """The same with further reasons."""
        return replace(self, reasons=(*self.reasons, *(reason for reason in reasons if reason)))

    def leaving_open(self, *todos: str) -> Use:
        """The same with further things to decide."""
        return replace(self, todos=(*self.todos, *(todo for todo in todos if todo)))

    @property
    def is_types(self) -> bool:
        return bool(types_of(self.source.first))

    def values(self, files: str | list[str]) -> dict[str, Any]:
        """The entry of the configuration."""
        entry: dict[str, Any] = {"files": files, "variable": self.source.name}
        entry |= {"select": self.select} if self.select else {}
        entry |= {"categories": [self.source.name]} if self.is_types else {}
        entry |= {"day_offsets": list(self.offsets)} if self.offsets != (0,) else {}
        entry |= {"rain": True} if self.rain else {}
        return entry


def use_of(source: Source, ask: Ask, *, rain: bool = False) -> Use:
    """A source with the levels or members that are taken."""
    use = Use(source, rain)
    for dim, values in source.first.levels.items():
        if source.grid is None:
            continue  # stations: all of them
        chosen, todo = _levels(source, dim, values, ask)
        use = replace(use, select={**use.select, dim: chosen}).leaving_open(todo)
        held = ", ".join(f"{_plain(value)}" for value in values[:8])
        use = use.because(f"it holds {dim} {held}{' and more' if len(values) > 8 else ''}")
    return use


def _levels(source: Source, dim: str, values: list[Any], ask: Ask) -> tuple[Any, str]:
    """The values of a dimension that are taken, and what is open about it."""
    numbers = [value for value in values if isinstance(value, int | float)]
    is_member = any(word in dim.lower() for word in _MEMBERS)
    if is_member or len(numbers) < len(values):
        choices = tuple(Choice(str(value), f"{dim} {value}") for value in values[:8])
        answer = settle(Question(f"Which {dim} of {source.label} is taken?", choices), ask)
        return values[answer.number], answer.todo
    if len(values) <= MOST_LEVELS:
        return [_plain(value) for value in values], ""
    unit = 100.0 if max(numbers) > 2000 else 1.0
    near = [min(numbers, key=lambda held, wanted=level: abs(held - wanted * unit)) for level in USUAL_LEVELS_HPA]  # type: ignore[misc]
    chosen = [_plain(value) for value in sorted(dict.fromkeys(near))]
    listed = ", ".join(f"{value:g}" for value in numbers)
    return chosen, f"of the {len(values)} values of '{dim}' these are taken; it holds {listed}"


def _plain(value: Any) -> Any:
    """A whole number without decimals."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def entries_of(uses: Sequence[Use], root: Root, coarse: str) -> list[Entry]:
    """Uses as entries; variables of the same files that are used alike are one entry.

    Args:
        uses: in the order of the configuration.
        root: below which files are named.
        coarse: what to say of the coarse grid above the first entry, "".
    """
    together: dict[tuple[Any, ...], list[Use]] = {}
    for use in uses:
        alone = () if not (use.rain or use.is_types or use.select) else (use.source.name,)
        key = (tuple(map(str, use.source.paths)), use.offsets, alone)
        together.setdefault(key, []).append(use)
    entries = []
    names: set[str] = set()
    for same in together.values():
        first = same[0]
        values = first.values(pattern_of(first.source.paths, root))
        if len(same) > 1:
            values["variable"] = [use.source.name for use in same]
        elif first.source.name in names and (level := _level_of(first.source)):
            values["name"] = f"{first.source.name}_{level}"
        names |= {use.source.name for use in same}
        about = described(first.source) if len(same) == 1 else _described_all([use.source for use in same])
        reasons = [about, *dict.fromkeys(reason for use in same for reason in use.reasons), _correlations(same)]
        todos = tuple(dict.fromkeys(todo for use in same for todo in use.todos))
        entries.append(Entry("", values, tuple(filter(None, reasons)), todos))
    if coarse and entries:
        entries[0] = replace(entries[0], reasons=(coarse, *entries[0].reasons))
    return entries


def _correlations(uses: Sequence[Use]) -> str:
    """The correlations of the fields of one entry, of which that of each source is named that fits best."""
    best = [max(use.fits, key=lambda fit: fit.strength) for use in uses if use.fits]
    if not best:
        return ""
    figures = "; ".join(f"{fit.label} {' '.join(f'{r:.2f}' for r in fit.correlations)}" for fit in best)
    return f"correlation with the mean rain on the day before, the same day and the day after: {figures}"


def described(source: Source) -> str:
    """One line about a source: what, unit, grid, period and files."""
    about = source.first.about.attrs
    name = str(about.get("long_name", about.get("standard_name", ""))).strip()
    what = f"{name or source.name} [{source.first.units or 'no unit'}]"
    level = _level_of(source)
    return f"{what}{f' at level {level}' if level else ''}: {_where_and_when(source)}"


def _described_all(sources: Sequence[Source]) -> str:
    return f"{len(sources)} variables: {_where_and_when(sources[0])}"


def _where_and_when(source: Source) -> str:
    parts = []
    if source.grid is None:
        stations = next(iter(source.first.levels.items()), None)
        parts.append(
            "time series without a grid" if stations is None else f"series, {len(stations[1])} along '{stations[0]}'"
        )
    else:
        size = f"{source.grid.shape[0]} x {source.grid.shape[1]} cells"
        parts.append(f"{size} of {source.km:.3g} km" if np.isfinite(source.km) else size)
    days = source.days
    parts.append(f"{shown(days[0])} to {shown(days[-1])}")
    if source.first.hour != "00:00":
        parts.append(f"stamped at {source.first.hour}")
    if source.first.calendar not in ("standard", "gregorian", "proleptic_gregorian"):
        parts.append(f"calendar {source.first.calendar}")
    if source.first.day_rule:
        parts.append(f"days: {source.first.day_rule}")
    parts.append(f"{len(source.parts)} files" if len(source.parts) > 1 else "1 file")
    return ", ".join(parts)


def _level_of(source: Source) -> str:
    """The single level of a source, "" where it has none."""
    for key, value in source.first.single.items():
        if _LEVEL.search(key):
            return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)
    return ""


def shown(day: int) -> str:
    """A day YYYYMMDD as YYYY-MM-DD."""
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"
