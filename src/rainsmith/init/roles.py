"""Which source is the target, which are coarse rain and other predictors, and which are left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rainsmith.base.errors import UserError
from rainsmith.base.units import mm_per_day_factor
from rainsmith.data.checks.not_amounts import DIRECTION
from rainsmith.data.sources.rain_names import is_total, speaks_of_total
from rainsmith.data.sources.series import MOST_TYPES
from rainsmith.data.sources.tables import missing, numbers_of
from rainsmith.init.look import Variable
from rainsmith.init.questions import Ask, Choice, Question, Settled, settle
from rainsmith.init.sources import Source

SAME_SIZE = 1.2
"""Cells of two grids are of one size up to this factor; wider ones are coarse."""
_NO_PREDICTOR = re.compile(
    r"error|uncertain|quality|\bflag|\bqc\b|count|number_of|\bnobs\b|status_flag|stations?$|cell_?area|areacell",
    re.IGNORECASE,
)
_OTHER_WATER = re.compile(
    r"conv|strat|large.?scale|\b(prc|cp|lsp|prsn|sf)\b|evap|evsp|runoff|snow|drainage|discharge|melt|\bsoil|\bpet\b|\bet0?\b|sublimation|swe\b|moisture|vapou?r|precipitable|\bwtr\b|cloud|\bice\b",
    re.IGNORECASE,
)
_TYPES = re.compile(r"type|class|regime|cluster|categor|\bwt\b|grosswetter|pattern", re.IGNORECASE)


@dataclass
class Roles:
    """What each source is for.

    Attributes:
        target: daily precipitation on the finest grid.
        told: how it was told apart; what is open about it.
        coarse_rain: total precipitation on coarser grids.
        maybe_rain: fields on coarser grids whose unit is one of rain; their values decide.
        fields: other predictors on grids.
        series: predictors without a grid.
        maps: maps without time.
        left_out: sources that are not used, and why.
    """

    target: Source
    told: Settled
    coarse_rain: list[Source] = field(default_factory=list)
    maybe_rain: list[Source] = field(default_factory=list)
    fields: list[Source] = field(default_factory=list)
    series: list[Source] = field(default_factory=list)
    maps: list[Source] = field(default_factory=list)
    left_out: list[tuple[Source, str]] = field(default_factory=list)

    @property
    def predictors(self) -> list[Source]:
        return [*self.coarse_rain, *self.maybe_rain, *self.fields, *self.series]


def tell_apart(sources: Sequence[Source], ask: Ask) -> Roles:
    """Find the target, and sort the other sources.

    Raises:
        UserError: no source can be the target; the message lists what there is.
    """
    usable = [source for source in sources if not source.first.problem]
    target, told = _target(usable, sources, ask)
    roles = Roles(target, told)
    for source in sources:
        if source is not target:
            _place(source, roles)
    return roles


def _place(source: Source, roles: Roles) -> None:
    """Put one source into its list."""
    variable, target = source.first, roles.target
    if variable.problem:
        roles.left_out.append((source, variable.problem))
    elif source.is_map:
        roles.maps.append(source)
    elif why := why_no_predictor(variable):
        roles.left_out.append((source, why))
    elif variable.calendar != target.first.calendar and not _agree(variable.calendar, target.first.calendar):
        why = f"its calendar is '{variable.calendar}', that of the target '{target.first.calendar}'"
        roles.left_out.append((source, f"{why}, and their dates do not name the same days; give files of one calendar"))
    elif variable.kind != "field":
        roles.series.append(source)
    elif is_total(variable.about) or may_be_total(variable) or speaks_of_rain(variable):
        coarser = not source.km <= SAME_SIZE * target.km  # an unknown size counts as coarser
        if not coarser:
            why = "it is rain on cells of the size of the target's, so that it would tell nearly the target itself"
            roles.left_out.append((source, why))
        else:
            (roles.coarse_rain if is_total(variable.about) else roles.maybe_rain).append(source)
    else:
        roles.fields.append(source)


def _agree(one: str, other: str) -> bool:
    """Whether a date names the same day in both calendars; those without leap days lack the 29 February alone."""
    usual = {"standard", "gregorian", "proleptic_gregorian", "noleap", "365_day"}
    return one in usual and other in usual


def _target(usable: Sequence[Source], every: Sequence[Source], ask: Ask) -> tuple[Source, Settled]:
    """The rain on the finest grid, and how it was told.

    Raises:
        UserError: there is none.
    """
    fields = [source for source in usable if source.first.kind == "field" and not source.is_map]
    named = [source for source in fields if is_total(source.first.about)]
    spoken = [source for source in fields if source not in named and speaks_of_rain(source.first)]
    by_unit = [source for source in fields if source not in [*named, *spoken] and may_be_total(source.first)]
    candidates = [*named, *spoken] or by_unit
    if not candidates:
        refused = [f"'{s.name}' ({s.first.problem})" for s in every if s.first.problem and is_total(s.first.about)]
        what = f"; {'; '.join(refused)}" if refused else ""
        held = ", ".join(dict.fromkeys(source.name for source in every)) or "no variable"
        raise UserError(
            f"found no daily precipitation on a grid{what}; the files hold {held}; give a file of daily precipitation "
            "in mm, kg m-2 s-1 or the like, or write the configuration by hand (docs/configuration.md)"
        )
    equal = _finest(candidates)
    finer = [s for s in by_unit if s not in equal and SAME_SIZE * s.km < equal[0].km]
    if finer:  # it is what is to be modelled more often than not; its names do not say so
        equal = [*_finest(finer), *equal]
    elif sure := [source for source in equal if source in named]:
        equal = sure
    if len(equal) > 1:
        choices = tuple(Choice(source.label, _described(source)) for source in equal)
        answer = settle(Question("Which of these is the precipitation that is to be modelled?", choices), ask)
        return equal[answer.number], answer
    if equal[0] in named:
        return equal[0], Settled(0)
    if equal[0] in spoken:
        return equal[0], Settled(0, reason=f"taken as precipitation by words of its names, '{_names(equal[0].first)}'")
    todo = (
        f"'{equal[0].name}' was taken as daily precipitation because of its unit '{equal[0].first.units}' alone; if it "
        "is another quantity, name the right variable"
    )
    return equal[0], Settled(0, todo=todo)


def _finest(candidates: Sequence[Source]) -> list[Source]:
    """Those on the finest grid, the one with the most days first; all where no size is known."""
    known = [source.km for source in candidates if np.isfinite(source.km)]
    equal = [source for source in candidates if not known or source.km <= SAME_SIZE * min(known)]
    return sorted(equal, key=lambda source: -source.days.size)


def speaks_of_rain(variable: Variable) -> bool:
    """Whether words of the names speak of total precipitation, and nothing else that they say objects."""
    names = _names(variable)
    return speaks_of_total(variable.about) and not _OTHER_WATER.search(names) and not _NO_PREDICTOR.search(names)


def why_no_predictor(variable: Variable) -> str:
    """Why a variable is no predictor by what it says of itself, "" where it may be one."""
    attrs = variable.about.attrs
    names = [variable.name, str(attrs.get("standard_name", "")), str(attrs.get("long_name", ""))]
    if any(DIRECTION.search(name) for name in names[:2]):
        return "a direction in degrees, of which 359 and 1 are neighbours; give its components u and v"
    if any(_NO_PREDICTOR.search(name) for name in names):
        return "it tells of errors, counts, areas or quality, and of no weather"
    if np.size(attrs.get("flag_values", ())) > 2 and variable.kind == "field":
        return "it holds flags on a grid, of which a mean is none"
    if variable.column is not None:
        return _why_no_column(variable)
    return ""


def types_of(variable: Variable) -> int:
    """The number of types where a column seems to hold types of weather, 0 where it holds amounts."""
    if variable.column is None:
        return 0
    known = variable.column[~missing(variable.column)]
    distinct = known.nunique()
    numbers = numbers_of(variable.column, variable.path)
    if numbers is None:
        return int(distinct) if 1 < distinct <= MOST_TYPES else 0
    finite = numbers[np.isfinite(numbers)]
    whole = bool(finite.size) and bool((finite % 1 == 0).all())
    return int(distinct) if whole and 1 < distinct <= MOST_TYPES and _TYPES.search(variable.name) else 0


def _why_no_column(variable: Variable) -> str:
    assert variable.column is not None
    try:
        numbers = numbers_of(variable.column, variable.path)
    except UserError as error:
        return str(error)
    if numbers is None:
        return "" if types_of(variable) else "it holds text that is neither numbers nor a few types"
    if not np.isfinite(numbers).any() or np.nanmin(numbers) == np.nanmax(numbers):
        return "it never changes"
    return ""


def may_be_total(variable: Variable) -> bool:
    """Whether the unit is one of rain, and the names speak of no part of it and no other water."""
    if _OTHER_WATER.search(_names(variable)) or not variable.units or not is_total(variable.about.rename("pr")):
        return False
    try:
        mm_per_day_factor(variable.units)
    except UserError:
        return False
    return variable.units.strip().lower() not in ("m", "m s-1", "m/s", "m s**-1", "in", "cm")


def _names(variable: Variable) -> str:
    """Its name, standard name and long name as words."""
    attrs = variable.about.attrs
    names = (variable.name, str(attrs.get("standard_name", "")), str(attrs.get("long_name", "")))
    return " ".join(name.replace("_", " ").strip() for name in names if name.strip())


def _described(source: Source) -> str:
    days = source.days
    size = f"{source.km:.3g} km" if np.isfinite(source.km) else "cells of unknown size"
    about = source.first.about.attrs
    name = str(about.get("long_name", about.get("standard_name", ""))).strip()
    what = f"{name}, " if name else ""
    unit = source.first.units or "no unit"
    return f"{what}{unit}, {size}, {days[0] // 10000} to {days[-1] // 10000}"
