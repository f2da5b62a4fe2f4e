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
from rainsmith.init.entries import Entry, Section, open_questions, write_yaml
from rainsmith.init.found_files import find_files
from rainsmith.init.propose import propose
from rainsmith.init.questions import Ask, whom_to_ask
from rainsmith.init.reference import translate


def init(files: Sequence[str | Path], out: Path, *, force: bool = False, ask: Ask | None = None) -> Path:
    """Write a configuration for files of data, with the reason of every choice as a comment.

    What the files do not settle is asked on a terminal. Elsewhere the most likely value is set, below a ``TODO``.

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
    _refuse_existing(out, force)
    grid_file = out.with_name(f"{out.stem}-grid.nc")
    found = find_files(files)
    paths = [path for path in found.paths if path != grid_file.absolute()]  # of an earlier call
    proposal = propose(paths, out, grid_file, whom_to_ask() if ask is None else ask)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    count = len(paths)
    made = f"Made by 'rainsmith init' on {today} from {count} file{'s' if count > 1 else ''}."
    if proposal.coarse.part is not None:
        _refuse_existing(grid_file, force)
        write_grid(proposal.coarse, grid_file)
    _write(made, proposal.sections, [*proposal.summary, *([found.notice] if found.notice else [])], out)
    return out


def init_from_reference(reference: Path, out: Path, *, force: bool = False) -> Path:
    """Write the configuration that does what one of the reference's scripts says.

    Args:
        reference: its YAML file.
        out: the YAML file that is written.
        force: whether an existing file is replaced.

    Returns:
        The path of the configuration.

    Raises:
        UserError: the file exists, or the reference's file is not understood.
    """
    _refuse_existing(out, force)
    _write(f"Made by 'rainsmith init --from-reference {reference.name}'.", translate(reference), [], out)
    return out


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


def _write(made: str, sections: Sequence[Section | Entry], summary: Sequence[str], out: Path) -> None:
    """Write a configuration that is known to be understood, and say what is in it and what is open."""
    todos = open_questions(sections)
    count = len(todos)
    still_open = (
        f"{count} choice{'s are' if count > 1 else ' is'} open: look for TODO." if count else "Nothing is open."
    )
    head = [
        f"{made} {still_open}",
        "The reason of each choice stands above it; docs/configuration.md lists all keys.",
        f"Next: rainsmith inspect {out.name} --run runs/{out.stem}",
        f"Then: rainsmith run --config {out.name} --run runs/{out.stem}",
    ]
    text = write_yaml(head, sections)
    parse(parse_yaml(text, str(out)), str(out))
    with atomic(out) as path:
        path.write_text(text, encoding="utf-8")
    following = f"next: rainsmith inspect {out} --run runs/{out.stem}"
    for line in [*summary, *(f"TODO: {todo}" for todo in todos), following]:
        console.print(f"init: {line}", soft_wrap=True, markup=False, highlight=False)


def _refuse_existing(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise UserError(f"{path} exists; give another name with -o, or --force to replace it")
