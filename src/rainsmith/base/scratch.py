"""Scratch folders: where a file grows before it takes its place, and what a killed process left of them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rainsmith.base.locks import shortened, try_lock

ENDING = ".scratch"
ASIDE = "replaced"
"""Folder in a scratch folder that holds, for a moment, what is being replaced."""
_LEFT_AFTER = 7 * 24 * 3600.0
"""[s] Age at which a scratch folder counts as left behind where the file system knows no locks."""


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder beside a file of some name, on the same disk; it is removed in the end.

    It is locked as long as its process lives, so that ``remove_leftovers`` leaves it alone.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{shortened(name)}.", suffix=ENDING, dir=parent))
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue  # taken for a leftover before it was locked
        if try_lock(descriptor) is False or not folder.exists():
            os.close(descriptor)
            continue
        break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove the scratch folders in a folder and below it that no living process holds.

    A process that was killed may have moved a product aside and not put the new one in its place: such a product goes
    back. Zarr stores and hidden folders are not searched, and what cannot be removed stays.
    """
    for base, folders, _ in os.walk(folder):
        for name in [name for name in folders if name.startswith(".") and name.endswith(ENDING)]:
            _remove_if_left(Path(base) / name)
        folders[:] = [name for name in folders if not name.startswith(".") and not name.endswith(".zarr")]


def _remove_if_left(scratch: Path) -> None:
    try:
        descriptor = os.open(scratch, os.O_RDONLY)
    except OSError:
        return
    try:
        is_free = try_lock(descriptor)
        if is_free or (is_free is None and time.time() - scratch.stat().st_mtime > _LEFT_AFTER):
            for kept in (scratch / ASIDE).iterdir() if (scratch / ASIDE).is_dir() else ():
                if not (scratch.parent / kept.name).exists():
                    kept.rename(scratch.parent / kept.name)
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(descriptor)
