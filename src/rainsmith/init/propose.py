"""From files to the sections of a configuration: each step takes what the steps before it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rainsmith.base.errors import UserError
from rainsmith.data.sources.files import open_file
from rainsmith.init.coarse import CoarseGrid, choose_grid, uncovered
from rainsmith.init.days_of_predictors import align
from rainsmith.init.entries import Entry, Section
from rainsmith.init.evidence import Evidence, gather
from rainsmith.init.look import look_into
from rainsmith.init.periods import Period, choose_period, lacking
from rainsmith.init.places import Root, pattern_of, root_of
from rainsmith.init.questions import Ask
from rainsmith.init.roles import COARSER, Roles, tell_apart, types_of
from rainsmith.init.sources import Source, group
from rainsmith.init.static_maps import choose_maps
from rainsmith.init.target import target_entry, unlikely_mean
from rainsmith.init.uses import Use, entries_of, use_of

_CREDIT_KEYS = ("title", "source", "institution", "references", "license", "licence")
_LONGEST_CREDIT = 300


@dataclass
class Proposal:
    """What is written.

    Attributes:
        sections: of the configuration.
        summary: what was found, one line each, for the terminal.
        coarse: the coarse grid, of which a part may have to be written to a file.
    """

    sections: list[Section | Entry] = field(default_factory=list)
    summary: list[str] = field(default_factory=list)
    coarse: CoarseGrid | None = None


def propose(paths: Sequence[Path], config: Path, grid_file: Path, ask: Ask) -> Proposal:
    """Look into files, and propose a configuration.

    Args:
        paths: files of data.
        config: where the configuration will stand.
        grid_file: where a coarse grid is written that no source has.
        ask: answers questions.

    Raises:
        UserError: a file cannot be read, there is no daily precipitation, or no day that all sources have.
    """
    variables, tables = [], []
    for path in paths:
        try:
            variables += look_into(path)
        except UserError as error:
            if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
                raise
            tables.append(f"{path.name}: {error}")
    roles = tell_apart(group(variables), ask)
    target = roles.target
    assert target.grid is not None
    _leave_out_uncovering(roles)
    _leave_out_of_the_target(roles)
    period = choose_period(target, roles.predictors)
    entry = target_entry(target, roles.told, ask)
    uses = [
        use_of(source, ask, rain=source in roles.coarse_rain)
        for source in roles.predictors
        if not _only_named(source, roles)
    ]
    evidence = gather(
        {"files": list(map(str, _of_days(target, period))), **entry.values},
        [use.values(list(map(str, use.source.paths))) for use in uses],
        target.grid,
        period,
    )
    uses, settled = align(uses, evidence)
    for number, problem in evidence.problems.items():
        roles.left_out.append((uses[number].source, problem))
    uses = [use for number, use in enumerate(uses) if number not in evidence.problems]
    uses = [use.leaving_open(lacking(use.source, period)) for use in uses]
    rain = [use.source for use in uses if use.rain]
    coarse = choose_grid(rain, [use.source for use in uses if not use.rain], target.grid)
    uses.sort(key=lambda use: (use.source is not coarse.source, use.source.grid is None))
    root = root_of([*target.paths, *(path for use in uses for path in use.source.paths)], config)
    data = Section("data")
    data.add("kind", "gridded")
    data.add("root", root.text, root.reason)
    odd = unlikely_mean(evidence.mean)
    data.add(
        "target",
        {"files": pattern_of(target.paths, root), **entry.values},
        *entry.reasons,
        todo=" ".join((*entry.todos, *([odd] if odd else []))),
    )
    _add_predictors(data, uses, coarse, root, grid_file, target)
    data.add("season", period.whole_year, _season(period))
    maps, no_maps = choose_maps(roles.maps, evidence.precip, evidence.settings, target.km, root)
    roles.left_out += no_maps
    if maps:
        data.add("statics", maps)
    if period.period is not None:
        data.add("period", period.period, *period.reasons)
    data.add("splits", period.splits, *period.split_reasons, todo=period.todo)
    if credit := _credit(target):
        data.add("credit", credit, "what the target's files say of themselves; the report shows it")
    _add_left_out(data, roles, tables)
    share = f"about {settled:.2f} of the variance of log1p rain" if uses else "most of the rain"
    model = Entry(
        "model",
        "auto",
        (
            f"the recipe chooses the network and its objective from the days, the grid and what the predictors settle ({share} on training days left out); train prints what it chose and why",
        ),
    )
    train = Entry(
        "train",
        "auto",
        ("as many epochs as the recipe says for so many days; 'train: {epochs: auto, max_minutes: 60}' sets a limit",),
    )
    summary = _summary(target, uses, period, evidence)
    return Proposal([Entry("seed", 0), data, model, train], summary, coarse)


def _leave_out_uncovering(roles: Roles) -> None:
    """Leave out predictors that do not reach the target."""
    assert roles.target.grid is not None
    for held in (roles.coarse_rain, roles.maybe_rain, roles.fields):
        for source in list(held):
            if why := uncovered(source, roles.target.grid, None):
                held.remove(source)
                roles.left_out.append((source, why))


def _leave_out_of_the_target(roles: Roles) -> None:
    """Leave out fields on cells as small as the target's: no coarse input, and seldom there in another period."""
    for source in list(roles.fields):
        if source.km < COARSER * roles.target.km:
            roles.fields.remove(source)
            why = (
                f"its cells ({source.km:.3g} km) are as small as the target's, and a coarse grid of them would be too "
                "large; average it over blocks ('cdo gridboxmean') to use it"
            )
            roles.left_out.append((source, why))


def _only_named(source: Source, roles: Roles) -> bool:
    """Whether a column of types stands beside columns of amounts; it is named among what is left out."""
    count = types_of(source.first)
    if not count or all(types_of(other.first) or other.paths != source.paths for other in roles.series):
        return False
    why = (
        f"{count} types would be as many channels, beside amounts in the same file; to use them add a source with "
        f"'variable: {source.name}, categories: [{source.name}]'"
    )
    roles.left_out.append((source, why))
    return True


def _of_days(source: Source, period: Period) -> list[Path]:
    """The files of a source that hold a day of training."""
    days = period.days[period.training]
    return [part.path for part in source.parts if part.days[-1] >= days[0] and part.days[0] <= days[-1]]


def _add_predictors(
    data: Section, uses: Sequence[Use], coarse: CoarseGrid, root: Root, grid_file: Path, target: Source
) -> None:
    """Predictors from files, or block means of the target where there are none."""
    if not uses:
        data.entries += _block_means(target)
        return
    said = coarse.reasons[0] if coarse.reasons else ""
    one_cell = "no source has a grid, so the coarse grid is one cell over the target" if coarse.source is None else ""
    separate = coarse.part is not None or coarse.different > 1
    entries = entries_of(uses, root, one_cell or ("" if separate else said))
    data.add("predictors", entries)
    if coarse.part is not None:
        data.add("coarse_grid", str(grid_file.absolute()), *coarse.reasons, "rainsmith init wrote this file")
    elif coarse.different > 1 and coarse.source is not None:
        data.add("coarse_grid", pattern_of(coarse.source.paths[:1], root), *coarse.reasons)
    elif coarse.different > 1:
        todo = "no grid of a source is covered by all others around the target; name a file of the grid that is wanted"
        data.add("", None, todo=todo)


def _block_means(target: Source) -> list[Entry]:
    """Coarse rain made of the target itself, and what happens at the border."""
    assert target.grid is not None
    shape = target.grid.shape
    side = next((side for side in (8, 4, 2) if min(shape) >= 5 * side), 2)
    entry = Entry(
        "",
        {"from": "target", "coarsen": side, "lags": [-1, 0, 1], "min_valid_cells": 1},
        (
            f"no predictors among the files: the input is the mean of {side} x {side} cells of the target itself, of the "
            "day, the day before and the day after; results are super-resolution with a perfect coarse input",
        ),
    )
    padded = [-(-n // side) * side for n in shape]
    entries = [Entry("predictors", [entry])]
    if tuple(padded) != shape:
        why = f"{shape[0]} x {shape[1]} cells are padded to {padded[0]} x {padded[1]}, so that blocks of {side} divide them"
        entries.append(Entry("fit", "pad", (why,)))
    return entries


def _season(period: Period) -> str:
    if period.whole_year:
        return "the days cover the whole year, so its sine and cosine are two more predictors"
    months = sorted(set((period.days // 100 % 100).tolist()))
    return f"the days cover {len(months)} months only, so the day of the year tells little"


def _credit(target: Source) -> str:
    with open_file(target.paths[0]) as ds:
        said = [str(ds.attrs[key]).strip() for key in _CREDIT_KEYS if str(ds.attrs.get(key, "")).strip()]
    text = "; ".join(dict.fromkeys(" ".join(one.split()) for one in said))
    plain = "".join(letter for letter in text if letter.isprintable())
    return plain if len(plain) <= _LONGEST_CREDIT else plain[: _LONGEST_CREDIT - 3] + "..."


def _add_left_out(data: Section, roles: Roles, tables: Sequence[str]) -> None:
    lines = [f"- {source.label}: {why}" for source, why in roles.left_out] + [f"- {table}" for table in tables]
    if lines:
        data.add("", None, "Not used:", *lines)


def _summary(target: Source, uses: Sequence[Use], period: Period, evidence: Evidence) -> list[str]:
    assert target.grid is not None
    ny, nx = target.grid.shape
    size = f"{ny} x {nx} cells" + (f" of {target.km:.3g} km" if np.isfinite(target.km) else "")
    lines = [
        f"target: '{target.name}', {size}, mean {evidence.mean:.2f} mm/day",
        f"predictors: {', '.join(dict.fromkeys(use.source.name for use in uses)) or 'block means of the target'}",
    ]
    spans: dict[str, Any] = period.splits
    lines.append(f"{period.days.size} days; " + ", ".join(f"{name} {_shown(span)}" for name, span in spans.items()))
    return lines


def _shown(span: Any) -> str:
    first, last = span if isinstance(span[0], int) else span[0]
    return f"{first} to {last}"
