"""Which files are looked into: paths, globs and folders as files of data."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rainsmith.base.errors import UserError
from rainsmith.base.urls import url_of
from rainsmith.data.sources.objects import fetch_matches
from rainsmith.data.sources.tables import SUFFIXES as TABLES

NETCDF = frozenset({".nc", ".nc3", ".nc4", ".cdf", ".netcdf"})
"""Endings of the names of NetCDF files; a file that is named by its path may have any."""
_ZARR_METADATA = ("zarr.json", ".zgroup", ".zmetadata")
_OF_A_RUN = ("store.zarr", "augmented.zarr")
_MOST_NAMED = 4


@dataclass(frozen=True)
class FoundFiles:
    """Files that may hold data.

    Attributes:
        paths: files, tables and Zarr stores, in order and once each.
        passed_over: names of the files of folders that are neither NetCDF, Zarr nor tables.
    """

    paths: tuple[Path, ...]
    passed_over: tuple[str, ...]

    @property
    def notice(self) -> str:
        """One line about what was passed over, "" where nothing was."""
        if not self.passed_over:
            return ""
        named = ", ".join(self.passed_over[:_MOST_NAMED])
        more = f" and {len(self.passed_over) - _MOST_NAMED} more" if len(self.passed_over) > _MOST_NAMED else ""
        return f"not looked into, as they are neither NetCDF, Zarr nor tables: {named}{more}"


def find_files(given: Sequence[str | Path]) -> FoundFiles:
    """Files that paths, globs and folders stand for.

    A folder stands for all files of data below it. A Zarr store is one file, and what a run folder holds is left out.
    What URLs name is fetched.

    Raises:
        UserError: a path or glob matches nothing, or nothing of it may hold data.
    """
    paths: dict[Path, None] = {}
    passed_over: list[str] = []
    for one in map(str, given):
        if (url := url_of(one)) is not None:
            paths |= dict.fromkeys(fetch_matches(url))
            continue
        matches = [one] if os.path.exists(one) else sorted(glob.glob(one, recursive=True))
        if not matches:
            raise UserError(f"no file matches {one}; expected paths, globs or folders of NetCDF, Zarr or CSV files")
        for match in (Path(match).absolute() for match in matches):
            if not match.is_dir() or is_store(match):
                paths[Path(os.path.normpath(match))] = None
                continue
            held, others = _in_folder(match)
            paths |= dict.fromkeys(held)
            passed_over += others
    if not paths:
        where = ", ".join(map(str, given)) or "nothing was given"
        raise UserError(f"no file of data found ({where}); expected NetCDF files (*.nc), Zarr stores or CSV tables")
    return FoundFiles(tuple(paths), tuple(passed_over))


def is_store(folder: Path) -> bool:
    """Whether a folder is a Zarr store."""
    return folder.suffix.lower() == ".zarr" or any((folder / name).is_file() for name in _ZARR_METADATA)


def _in_folder(folder: Path) -> tuple[list[Path], list[str]]:
    """Files of data below a folder, and the names of other files; nothing hidden."""
    held: list[Path] = []
    others: list[str] = []
    for place, folders, files in os.walk(folder, followlinks=True):
        here = Path(os.path.normpath(place))
        is_run = (here / "config.yaml").is_file() and any((here / name).is_dir() for name in (*_OF_A_RUN, "stages"))
        stores = sorted(name for name in folders if is_store(here / name))
        held += [] if is_run else [here / name for name in stores]
        folders[:] = [] if is_run else sorted(n for n in folders if n not in stores and not n.startswith("."))
        for name in [] if is_run else sorted(n for n in files if not n.startswith(".")):
            wanted = Path(name).suffix.lower() in NETCDF | TABLES
            (held if wanted else others).append(here / name if wanted else name)  # type: ignore[arg-type]
    return sorted(held), others
