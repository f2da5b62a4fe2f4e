"""What was found as sections of the configuration, each key with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rainsmith.data.sources.files import open_file
from rainsmith.init.coarse import CoarseGrid
from rainsmith.init.entries import Entry, Section
from rainsmith.init.periods import Period
from rainsmith.init.places import Root, pattern_of
from rainsmith.init.sources import Source
from rainsmith.init.target import TargetEntry
from rainsmith.init.uses import Use, entries_of

BLOCKS = (8, 4, 2)
"""[fine cells] Sides of blocks of the target, where it is its own input; at least ``LEAST_BLOCKS`` a side."""
LEAST_BLOCKS = 5
_CREDIT_KEYS = ("title", "source", "institution", "references", "license", "licence")
_LONGEST_CREDIT = 300


@dataclass(frozen=True)
class Findings:
    """What was found in the files.

    Attributes:
        target: the precipitation that is modelled.
        entry: its part of the configuration.
        uses: the predictors, the one whose grid is the coarse grid first.
        coarse: the coarse grid.
        period: days and splits.
        maps: entries of static maps.
        mean_rain: [mm/day] of some training days.
        settled: share of the variance of log1p rain that the predictors explain on training days left out.
        unused: number of sources with times that are not used.
        left_out: what is not used, and why.
    """

    target: Source
    entry: TargetEntry
    uses: Sequence[Use]
    coarse: CoarseGrid
    period: Period
    maps: Sequence[Entry]
    mean_rain: float
    settled: float
    unused: int
    left_out: Sequence[str]


@dataclass(frozen=True)
class Proposal:
    """What is written.

    Attributes:
        sections: of the configuration.
        summary: what was found, one line each, for the terminal.
        coarse: the coarse grid, of which a part may have to be written to a file.
    """

    sections: Sequence[Section | Entry]
    summary: Sequence[str]
    coarse: CoarseGrid


def sections_of(found: Findings, root: Root, grid_file: Path) -> list[Section | Entry]:
    """The sections of the configuration.

    Args:
        found: in the files.
        root: below which files are named.
        grid_file: where a coarse grid is written that no source has.
    """
    data = Section("data")
    data.add("kind", "gridded")
    data.add("root", root.text, root.reason)
    target = {"files": pattern_of(found.target.paths, root), **found.entry.values}
    data.add("target", target, *found.entry.reasons, todos=found.entry.todos)
    data.entries += _predictors(found, root, grid_file) if found.uses else _block_means(found.target, found.unused)
    data.add("season", found.period.whole_year, _why_season(found.period))
    if found.maps:
        data.add("statics", list(found.maps))
    if found.period.period is not None:
        data.add("period", found.period.period, *found.period.reasons)
    data.add("splits", found.period.splits, *found.period.split_reasons, todos=[found.period.todo])
    if credit := _credit(found.target):
        data.add("credit", credit, "what the target's files say of themselves; the report shows it")
    if found.left_out:
        data.add("", None, "Not used:", *(f"- {line}" for line in found.left_out))
    explained = f"about {found.settled:.2f} of the variance of log1p rain on training days left out"
    why_model = (
        "the recipe chooses network and objective by the days, the grid and what the predictors settle"
        + (f" ({explained})" if found.uses else "")
        + "; train prints what it chose, and why"
    )
    why_train = "as many epochs as the recipe says; 'train: {epochs: auto, max_minutes: 60}' sets a limit"
    return [Entry("seed", 0), data, Entry("model", "auto", (why_model,)), Entry("train", "auto", (why_train,))]


def summary_of(found: Findings) -> list[str]:
    """What was found, one line each."""
    assert found.target.grid is not None
    ny, nx = found.target.grid.shape
    size = f"{ny} x {nx} cells" + (f" of {found.target.km:.3g} km" if np.isfinite(found.target.km) else "")
    names = dict.fromkeys(use.source.name for use in found.uses)
    splits = [f"{name} {_shown(span)}" for name, span in found.period.splits.items()]
    return [
        f"target: '{found.target.name}', {size}, mean {found.mean_rain:.2f} mm/day",
        f"predictors: {', '.join(names) or 'block means of the target'}",
        f"{found.period.days.size} days: {', '.join(splits)}",
        *(f"not used: {line}" for line in found.left_out),
    ]


def _predictors(found: Findings, root: Root, grid_file: Path) -> list[Entry]:
    """Predictors from files, and the coarse grid where it is not simply theirs."""
    coarse = found.coarse
    simple = coarse.part is None and coarse.different <= 1
    alone = "no source has a grid, so the coarse grid is one cell over the target"
    above = (coarse.reasons[0] if coarse.reasons else alone) if simple else ""
    entries = [Entry("predictors", entries_of(found.uses, root, above))]
    if coarse.part is not None:
        reasons = (*coarse.reasons, "this file was written beside the configuration")
        entries.append(Entry("coarse_grid", str(grid_file.absolute()), reasons))
    elif not simple and coarse.source is not None:
        entries.append(Entry("coarse_grid", pattern_of(coarse.source.paths[:1], root), coarse.reasons))
    elif not simple:
        todo = (
            "predictors lie on different grids, and around the target there is no part of one of them that all others "
            "cover; name a file of the grid that is wanted with 'coarse_grid:', or leave a source out"
        )
        entries.append(Entry(todos=(todo,)))
    return entries


def _block_means(target: Source, unused: int) -> list[Entry]:
    """Coarse rain made of the target itself, and what happens at the border; an open choice where files are unused."""
    assert target.grid is not None
    shape = target.grid.shape
    side = next((side for side in BLOCKS if min(shape) >= LEAST_BLOCKS * side), BLOCKS[-1])
    why = (
        f"no predictors that can be used among the files: the input is the mean of {side} x {side} cells of the target "
        "itself, of the day, the day before and the day after; results are super-resolution with a perfect coarse input"
    )
    values = {"from": "target", "coarsen": side, "lags": [-1, 0, 1], "min_valid_cells": 1}
    todo = "the reasons below 'Not used' say what the other files lack; mend them to have them as predictors"
    entries = [Entry("predictors", [Entry("", values, (why,), (todo,) if unused else ())])]
    padded = tuple(-(-n // side) * side for n in shape)
    if padded != shape:
        sizes = f"{shape[0]} x {shape[1]} cells are padded to {padded[0]} x {padded[1]}"
        entries.append(Entry("fit", "pad", (f"{sizes}, so that blocks of {side} divide them",)))
    return entries


def _why_season(period: Period) -> str:
    if period.whole_year:
        return "the days cover the whole year, so its sine and cosine are two more predictors"
    months = len(set((period.days // 100 % 100).tolist()))
    return f"the days cover {months} month{'s' if months > 1 else ''} only, so that the day of the year tells little"


def _credit(target: Source) -> str:
    """What the first file says of its origin, in one line."""
    with open_file(target.paths[0]) as ds:
        said = [" ".join(str(ds.attrs.get(key, "")).split()) for key in _CREDIT_KEYS]
    text = "; ".join(dict.fromkeys(one for one in said if one))
    plain = "".join(letter for letter in text if letter.isprintable())
    return plain if len(plain) <= _LONGEST_CREDIT else plain[: _LONGEST_CREDIT - 3] + "..."


def _shown(span: Any) -> str:
    first, last = span if isinstance(span[0], int) else span[0]
    return f"{first} to {last}"
