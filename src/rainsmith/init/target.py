"""The entry ``data.target``: files, variable, unit and further dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.base.errors import UserError
from rainsmith.base.units import mm_per_day_factor
from rainsmith.data.sources.files import open_variable
from rainsmith.init.questions import Ask, Choice, Question, Settled, settle
from rainsmith.init.sources import Source
from rainsmith.init.uses import described

LIKELY_MM, POSSIBLE_MM = 2.5, (0.01, 60.0)
"""[mm/day] Mean rain of a region that is likely, and the least and most of one year that is believed."""
_UNITS = {
    "mm/day": "a daily sum in millimetres",
    "kg m-2 s-1": "a mean flux of mass",
    "m": "a daily sum in metres",
    "mm h-1": "a mean rate",
    "0.1 mm": "tenths of a millimetre",
    "inch": "a daily sum in inches",
}
_DAYS_READ = 400


@dataclass(frozen=True)
class TargetEntry:
    """The target's part of the configuration.

    Attributes:
        values: its keys, without ``files``.
        reasons: why.
        todos: what is open.
    """

    values: dict[str, Any]
    reasons: tuple[str, ...]
    todos: tuple[str, ...]


def target_entry(source: Source, told: Settled, ask: Ask) -> TargetEntry:
    """Variable, unit and further dimensions of the target.

    Raises:
        UserError: its values cannot be read.
    """
    values: dict[str, Any] = {"variable": source.name}
    reasons, todos = ["target: the daily precipitation on the finest grid", described(source)], [told.todo]
    if told.reason:
        reasons.append(told.reason)
    select: dict[str, Any] = {}
    for dim, held in source.first.levels.items():
        choices = tuple(Choice(str(value), f"{dim} {value}") for value in held[:8])
        answer = settle(Question(f"Which {dim} of the target is modelled?", choices), ask)
        select[dim] = held[answer.number]
        todos.append(answer.todo)
    values |= {"select": select} if select else {}
    unit, answer = _unit(source, select, ask)
    if unit != source.first.units:
        values["units"] = unit
        said = f"the file says '{source.first.units}'" if source.first.units else "the file names no unit"
        reasons.append(f"units: {said}{f'; {answer.reason}' if answer.reason else ''}")
    todos.append(answer.todo)
    return TargetEntry(values, tuple(reasons), tuple(todo for todo in todos if todo))


def _unit(source: Source, select: dict[str, Any], ask: Ask) -> tuple[str, Settled]:
    """The unit of the file, or one that makes the mean rain likely where the file has none or a very unlikely one."""
    part = source.parts[0]
    last = int(part.days[min(_DAYS_READ, part.days.size) - 1])
    rain = open_variable(str(part.path), part.name, part.path.parent, "mm/day", span=(0, last), select=select)
    mean = float(np.nanmean(rain.values)) if np.isfinite(rain.values).any() else float("nan")
    own = source.first.units
    try:
        if not mean > 0 or POSSIBLE_MM[0] <= mean * mm_per_day_factor(own) <= POSSIBLE_MM[1]:
            return own, Settled(0)
        doubt = f"'{source.name}' says '{own}', so that its mean would be {mean * mm_per_day_factor(own):.3g} mm/day. "
    except UserError:
        doubt = ""
    means = {unit: mean * mm_per_day_factor(unit) for unit in _UNITS}
    order = sorted(_UNITS, key=lambda unit: abs(np.log(max(means[unit], 1e-12) / LIKELY_MM)))
    choices = tuple(Choice(unit, f"{_UNITS[unit]}; the mean is then {means[unit]:.3g} mm/day") for unit in order)
    answer = settle(Question(f"{doubt}What is the unit of '{source.name}'?", choices), ask)
    return order[answer.number], answer
