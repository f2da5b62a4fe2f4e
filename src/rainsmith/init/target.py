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

LIKELY_MM = (0.2, 25.0)
"""[mm/day] Mean rain of a region that is likely."""
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
    try:
        mm_per_day_factor(source.first.units)
    except UserError:
        unit, answer = _unit(source, select, ask)
        values["units"] = unit
        said = f"the file says '{source.first.units}'" if source.first.units else "the file names no unit"
        reasons.append(f"units: {said}{f'; {answer.reason}' if answer.reason else ''}")
        todos.append(answer.todo)
    return TargetEntry(values, tuple(reasons), tuple(todo for todo in todos if todo))


def unlikely_mean(mean: float) -> str:
    """What to say where the mean rain is not that of a region on earth, "" where it may be."""
    if LIKELY_MM[0] / 20 <= mean <= 2 * LIKELY_MM[1]:
        return ""
    return (
        f"the mean of all values is {mean:.3g} mm/day, as no region on earth has; if the unit in the file is wrong, "
        "say the right one with 'units:'"
    )


def _unit(source: Source, select: dict[str, Any], ask: Ask) -> tuple[str, Settled]:
    """The unit that makes the mean rain likely."""
    part = source.parts[0]
    last = int(part.days[min(_DAYS_READ, part.days.size) - 1])
    rain = open_variable(str(part.path), part.name, part.path.parent, "mm/day", span=(0, last), select=select)
    mean = float(np.nanmean(rain.values))
    means = {unit: mean * mm_per_day_factor(unit) for unit in _UNITS}
    middle = np.log(LIKELY_MM[0] * LIKELY_MM[1]) / 2
    order = sorted(_UNITS, key=lambda unit: abs(np.log(max(means[unit], 1e-12)) - middle))
    choices = tuple(Choice(unit, f"{_UNITS[unit]}; the mean is then {means[unit]:.3g} mm/day") for unit in order)
    answer = settle(Question(f"What is the unit of '{source.name}'?", choices), ask)
    return order[answer.number], answer
