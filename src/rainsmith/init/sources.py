"""Variables of many files as sources: the same variable on the same grid, year after year, is one source."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import Grid
from rainsmith.init.look import Variable, cell_km

_YEARS_AND_DATES = re.compile(r"(?<!\d)((1[5-9]|2[01])\d\d(-?(0[1-9]|1[0-2])(-?[0-3]\d)?)?)(?!\d)")


@dataclass(frozen=True, eq=False)
class Source:
    """One variable over all its files.

    Attributes:
        parts: the variable in each file, in order of time.
    """

    parts: tuple[Variable, ...]

    @property
    def first(self) -> Variable:
        return self.parts[0]

    @property
    def name(self) -> str:
        return self.first.name

    @property
    def grid(self) -> Grid | None:
        return self.first.grid

    @property
    def days(self) -> np.ndarray:
        """(time,) YYYYMMDD, rising."""
        return np.concatenate([part.days for part in self.parts])

    @property
    def ordinals(self) -> np.ndarray:
        """(time,) [days] since 1900."""
        return np.concatenate([part.ordinals for part in self.parts])

    @property
    def paths(self) -> list[Path]:
        return [part.path for part in self.parts]

    @property
    def is_map(self) -> bool:
        return len(self.parts) == 1 and self.first.is_map

    @property
    def km(self) -> float:
        """[km] Distance between neighbouring cells; NaN without a grid or a place."""
        return float("nan") if self.grid is None else cell_km(self.grid)

    @property
    def label(self) -> str:
        """The variable and where it is from, for people."""
        files = self.paths[0].name if len(self.parts) == 1 else f"{self.paths[0].name} and {len(self.parts) - 1} more"
        return f"'{self.name}' of {files}"


def group(variables: Sequence[Variable]) -> list[Source]:
    """Variables as sources, in the order in which they were found.

    Files of one variable, grid, unit and level are one source where no day is in two of them. Where a day is, files
    whose names differ in more than dates are sources of their own.

    Raises:
        UserError: two files of one name hold the same days.
    """
    buckets: dict[tuple[Any, ...], list[Variable]] = {}
    grids: list[Grid] = []
    for variable in variables:
        levels = tuple((name, tuple(map(str, values))) for name, values in variable.levels.items())
        single = tuple(sorted((name, str(value)) for name, value in variable.single.items()))
        key = (variable.name, variable.kind, variable.units, levels, single, _number(variable.grid, grids))
        buckets.setdefault((*key, variable.calendar, variable.days.size == 0), []).append(variable)
    sources = []
    for held in buckets.values():
        together = [held] if not _overlap(held) else _by_name(held)
        sources += [Source(tuple(sorted(one, key=_first_day))) for one in together]
    places = {(variable.path, variable.name): place for place, variable in enumerate(variables)}
    return sorted(sources, key=lambda source: min(places[part.path, part.name] for part in source.parts))


def _by_name(held: list[Variable]) -> list[list[Variable]]:
    """The variables by the names of their files without dates.

    Raises:
        UserError: files of one such name hold the same days.
    """
    parts: dict[str, list[Variable]] = {}
    for variable in held:
        parts.setdefault(_without_dates(variable.path), []).append(variable)
    for same in parts.values():
        if pair := _overlap(same):
            one, two = pair
            if not one.days.size:  # maps without time
                continue
            day = int(np.intersect1d(one.days, two.days)[0])
            raise UserError(
                f"{one.path} and {two.path} both hold '{one.name}' on {day // 10000:04d}-{day // 100 % 100:02d}-"
                f"{day % 100:02d}; expected each day once; name only one of them"
            )
    return [one for same in parts.values() for one in ([same] if same[0].days.size else [[v] for v in same])]


def _without_dates(path: Path) -> str:
    return str(path.parent / _YEARS_AND_DATES.sub("#", path.stem))


def _overlap(held: Sequence[Variable]) -> tuple[Variable, Variable] | None:
    """Two variables that hold the same day, or are both maps without time; None where there are none."""
    ordered = sorted(held, key=_first_day)
    for one, two in itertools.pairwise(ordered):
        if (
            not one.days.size
            or not two.days.size
            or (one.days[-1] >= two.days[0] and np.isin(two.days, one.days).any())
        ):
            return one, two
    return None


def _first_day(variable: Variable) -> int:
    return int(variable.days[0]) if variable.days.size else 0


def _number(grid: Grid | None, grids: list[Grid]) -> int:
    """The number of a grid among the different ones, to which it is added where it is new; -1 without a grid."""
    if grid is None:
        return -1
    for number, known in enumerate(grids):
        if known.same_as(grid):
            return number
    grids.append(grid)
    return len(grids) - 1
