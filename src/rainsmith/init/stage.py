"""The command ``init``: look into files, and write a commented configuration that runs."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.console import console
from rainsmith.base.dims import X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.config import parse, parse_yaml
from rainsmith.init.coarse import CoarseGrid
from rainsmith.init.entries import open_questions, write_yaml
from rainsmith.init.found_files import find_files
from rainsmith.init.propose import Proposal, propose
from rainsmith.init.questions import Ask, whom_to_ask


def init(files: Sequence[str | Path], out: Path, *, force: bool = False, ask: Ask | None = None) -> Path:
    """Write a configuration for files of data, with the reason of every choice as a comment.

    What the files do not settle is asked on a terminal; elsewhere the most likely value is set below a comment ``TODO``.

    Args:
        files: paths, globs or folders of NetCDF files, Zarr stores and CSV tables.
        out: the YAML file that is written. A coarse grid that no source has is written beside it.
        force: whether existing files are replaced.
        ask: answers questions; None takes the terminal where there is one.

    Returns:
        The path of the configuration.

    Raises:
        UserError: the file exists, nothing is found, a file cannot be read, or no configuration can be proposed.
    """
    if not files:
        raise UserError("no files are given; expected paths, globs or folders, such as 'rainsmith init data/'")
    grid_file = out.with_name(f"{out.stem}-grid.nc")
    _refuse_existing([out], force)
    found = find_files(files)
    proposal = propose(found.paths, out, grid_file, whom_to_ask() if ask is None else ask)
    needs_grid = proposal.coarse is not None and proposal.coarse.part is not None
    _refuse_existing([grid_file] if needs_grid else [], force)
    todos = open_questions(proposal.sections)
    text = write_yaml(_head(out, len(found.paths), len(todos)), proposal.sections)
    parse(parse_yaml(text, str(out)), str(out))  # what is written is understood
    if needs_grid:
        assert proposal.coarse is not None
        write_grid(proposal.coarse, grid_file)
    write_text(out, text)
    _say(proposal, found.notice, todos, out)
    return out


def write_text(out: Path, text: str) -> None:
    """Write a configuration whole or not at all."""
    with atomic(out) as path:
        path.write_text(text, encoding="utf-8")


def write_grid(coarse: CoarseGrid, path: Path) -> None:
    """Write the part of a grid that is the coarse grid, as a NetCDF file that ``data.coarse_grid`` can name."""
    assert coarse.grid is not None and coarse.part is not None
    names = {Y_LR: Y, X_LR: X, "latitude_lr": "latitude", "longitude_lr": "longitude", "crs_lr": "crs"}
    coords = xr.Dataset(coords=coarse.grid.coords()).isel({Y_LR: coarse.part[0], X_LR: coarse.part[1]})
    grid = coords.rename({old: new for old, new in names.items() if old in coords.variables})
    cells = (grid.sizes[Y], grid.sizes[X])
    mapping = {"grid_mapping": "crs"} if "crs" in grid.variables else {}
    grid["cells"] = ((Y, X), np.zeros(cells, dtype=np.int8), {"long_name": "cells of the coarse grid", **mapping})
    with atomic(path) as scratch:
        grid.to_netcdf(scratch)


def _refuse_existing(paths: Sequence[Path], force: bool) -> None:
    for path in paths:
        if path.exists() and not force:
            raise UserError(f"{path} exists; give another name with -o, or --force to replace it")


def _head(out: Path, files: int, todos: int) -> list[str]:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    open_line = f"{todos} choice{'s are' if todos > 1 else ' is'} open: look for TODO." if todos else "Nothing is open."
    return [
        f"Made by 'rainsmith init' on {today} from {files} file{'s' if files > 1 else ''}; the reason of each choice stands above it. {open_line}",
        f"Next: rainsmith prepare --config {out.name} --run runs/{out.stem}",
        f"Then: rainsmith run --config {out.name} --run runs/{out.stem}",
        "All keys: docs/configuration.md",
    ]


def _say(proposal: Proposal, notice: str, todos: Sequence[str], out: Path) -> None:
    lines = [*proposal.summary, *([notice] if notice else []), *(f"TODO: {todo}" for todo in todos)]
    for line in lines:
        console.print(f"init: {line}", soft_wrap=True, markup=False, highlight=False)
    console.print(
        f"init: next: rainsmith prepare --config {out} --run runs/{out.stem}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
