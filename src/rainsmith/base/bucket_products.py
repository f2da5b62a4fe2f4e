"""Zarr stores that the program writes into a bucket, and the link that stands in their place in the run folder.

A store in a bucket is finished when its ``zarr.json`` is there, which is written last. The link is a small file with
the name of the store: whatever reads the run folder follows it, and other programs see that it is no store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from rainsmith.base.buckets import delete, objects_below, write_files
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.urls import Url, url_of
from rainsmith.base.zarr_metadata import ROOT

_KEY = "rainsmith_store_at"
_MOST_LINK_BYTES = 8192


def linked_store(path: Path) -> Url | None:
    """Where the store of a link is; None for everything else."""
    if not path.is_file() or path.stat().st_size > _MOST_LINK_BYTES:
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    named = held.get(_KEY) if isinstance(held, dict) else None
    return url_of(named) if isinstance(named, str) else None


def store_below(folder: str | None, path: Path) -> Url | None:
    """Where a product of the run folder goes below a URL of the configuration; None where that gives none."""
    url = None if folder is None else url_of(folder)
    return None if url is None else url / path.name


def refuse_foreign(url: Url, path: Path) -> list[str]:
    """Refuse to write where something lies that this run has not written.

    Args:
        url: where a store is to be.
        path: its place in the run folder.

    Returns:
        Names of the objects of this run that lie there.

    Raises:
        UserError: something else lies there, or the bucket refuses.
    """
    held = [found.url.key.removeprefix(f"{url.key}/") for found in objects_below(url)]
    if held and linked_store(path) != url:
        raise UserError(
            f"{url} holds {len(held)} objects that this run has not written; expected nothing there; delete them, or "
            "name another folder with 'to:'"
        )
    return held


def claim(url: Url, path: Path) -> None:
    """Make room for a store, and put the link in its place: what this run has written there before is deleted.

    The ``zarr.json`` goes first. Until the new one is written the link leads to no store.

    Args:
        url: where the store is to be.
        path: its place in the run folder; an older product is replaced.

    Raises:
        UserError: something else lies there, or the bucket refuses.
    """
    held = refuse_foreign(url, path)
    delete(url, [name for name in held if name == ROOT])
    delete(url, [name for name in held if name != ROOT])
    with atomic(path) as link:
        link.write_text(json.dumps({_KEY: str(url)}) + "\n", encoding="utf-8")


def move_files(files: Iterable[Path], folder: Path, url: Url) -> None:
    """Write files of a growing store to its place in the bucket, and remove them here.

    Raises:
        UserError: the bucket refuses, or cannot be reached.
    """
    moved = list(files)
    write_files(moved, folder, url)
    for file in moved:
        file.unlink()


def finish(folder: Path, url: Url) -> None:
    """Write what is left of a store to the bucket, its ``zarr.json`` last.

    Args:
        folder: the store as it is here.
        url: its place in the bucket, claimed.

    Raises:
        UserError: the bucket refuses, or cannot be reached.
    """
    files = [file for file in folder.rglob("*") if file.is_file()]
    write_files([file for file in files if file != folder / ROOT], folder, url)
    write_files([folder / ROOT], folder, url)


def remove_link(path: Path) -> None:
    """Make way for a folder where a link stands: a file cannot be replaced by a folder in one step."""
    if linked_store(path) is not None:
        path.unlink()
