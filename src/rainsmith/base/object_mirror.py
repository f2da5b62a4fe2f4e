"""A folder of the user that mirrors what was read of buckets and web servers.

Files are fetched into it once, and again where they have changed. Of a Zarr store only the metadata are fetched; its
chunks are read where they lie. All else of the program sees local files and folders.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainsmith.base.buckets import Object, children, fetch, objects_below, read
from rainsmith.base.checked_store import CHUNKS_AT, CheckedStore
from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.mirror_places import CACHE_VARIABLE, place_of, url_of_mirrored
from rainsmith.base.urls import Url
from rainsmith.base.zarr_metadata import ROOT

MOST_OBJECTS = 100_000
"""Chunks of a Zarr store that are listed to see whether it has changed; a store of more tells it by its metadata."""
_SECOND_VERSION = (".zgroup", ".zarray", ".zattrs")


@dataclass(frozen=True)
class MirroredStore:
    """A Zarr store in a bucket.

    Attributes:
        folder: the mirror of its metadata.
        url: where its chunks are.
        version: a hash that changes with its objects.
        names: names of its objects below its folder; None where it has more than are listed.
    """

    folder: Path
    url: Url
    version: str
    names: frozenset[str] | None


def mirror_file(found: Object) -> Path:
    """Fetch a file, unless the mirror has this version of it already.

    Raises:
        UserError: the file cannot be fetched, or the disk cannot hold it.
    """
    path = place_of(found.url)
    noted = path.with_name(f".{path.name}.object")
    note = {"size": found.size, "version": found.version}
    if path.is_file() and path.stat().st_size == found.size and _noted(noted) == note:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(path.parent).free) < 1.05 * found.size:
        raise UserError(
            f"{found.url} has {found.size / 2**20:.0f} MiB, and {free / 2**20:.0f} MiB are free in {path.parent}; free "
            f"some space, or set {CACHE_VARIABLE} to a folder on another disk"
        )
    console.print(f"fetch {found.url} ({found.size / 2**20:.1f} MiB)", soft_wrap=True, markup=False, highlight=False)
    with atomic(path) as scratch:
        fetch(found, scratch)
    with atomic(noted) as scratch:  # after the file: where it is missing, the file is fetched again
        scratch.write_text(json.dumps(note), encoding="utf-8")
    return path


def mirror_store(url: Url, most: int | None = MOST_OBJECTS) -> MirroredStore | None:
    """Fetch the metadata of a Zarr store in a bucket, or of a group of one; None where there is none.

    Consolidated metadata, where there are some, stand for those of the arrays.

    Args:
        url: of its folder.
        most: objects that are listed; None lists all.

    Raises:
        UserError: the bucket refuses or cannot be reached, or the metadata are not JSON.
    """
    documents = dict(_documents(url))
    if not documents:
        return None
    objects = list(itertools.islice(objects_below(url), None if most is None else most + 1))
    listed = (
        None if most is not None and len(objects) > most else [(one.url.key, one.size, one.version) for one in objects]
    )
    version = hashlib.sha256(json.dumps([documents, listed], sort_keys=True).encode()).hexdigest()[:16]
    folder = place_of(url)
    if _noted(folder / CHUNKS_AT) != {"url": str(url), "version": version}:
        with atomic(folder) as scratch:
            for name, text in documents.items():
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                (scratch / name).write_text(text, encoding="utf-8")
            (scratch / CHUNKS_AT).write_text(json.dumps({"url": str(url), "version": version}), encoding="utf-8")
    names = None if listed is None else frozenset(one.url.key.removeprefix(f"{url.key}/") for one in objects)
    return MirroredStore(folder, url, version, names)


def chunks_at(folder: Path) -> tuple[Url, str] | None:
    """Where the chunks of a mirrored Zarr store are, and its version; None for other folders and for files."""
    noted = _noted(folder / CHUNKS_AT) if folder.is_dir() else None
    url = None if noted is None else url_of_mirrored(folder)
    return None if noted is None or url is None else (url, str(noted["version"]))


def zarr_source(path: Path) -> Path | CheckedStore:
    """What Zarr opens of a path: the folder itself, or a store that reads the chunks of a mirrored one."""
    remote = chunks_at(path)
    return path if remote is None else CheckedStore(path, chunks_at=remote)


def _documents(url: Url) -> Iterator[tuple[str, str]]:
    """Names and texts of the metadata of a store; nothing where the folder is none."""
    if (text := read(url / ROOT)) is not None:
        root = _json(text, url / ROOT)
        yield ROOT, json.dumps(root)
        if isinstance(consolidated := root.get("consolidated_metadata"), dict):
            yield from _consolidated(consolidated, url, lambda name: f"{name}/{ROOT}")
        elif root.get("node_type") != "array":
            yield from _documents_below(url)
    elif (text := read(url / ".zmetadata")) is not None:
        yield from _consolidated(_json(text, url / ".zmetadata"), url, lambda name: name)
    else:
        found = {name: text for name in _SECOND_VERSION if (text := read(url / name)) is not None}
        for name, text in found.items():
            yield name, json.dumps(_json(text, url / name))
        if ".zgroup" in found:
            yield from _documents_below(url)


def _consolidated(document: Mapping[str, Any], url: Url, file_of: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    metadata = document.get("metadata")
    for name, one in metadata.items() if isinstance(metadata, dict) else ():
        if {"", ".", ".."} & set(name.split("/")):
            raise UserError(f"{url}: its consolidated metadata name '{name}'; expected names of arrays")
        yield file_of(name), json.dumps(one)


def _documents_below(url: Url) -> Iterator[tuple[str, str]]:
    """Those of the arrays and groups in a group. Arrays hold chunks and no further array, so none is listed."""
    for below in children(url)[1]:
        for name, text in _documents(below):
            yield f"{below.name}/{name}", text


def _json(text: bytes, url: Url) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{url} is not JSON ({type(error).__name__}); expected the metadata of Zarr") from None
    if not isinstance(document, dict):
        raise UserError(f"{url} holds a {type(document).__name__}; expected the metadata of Zarr")
    return document


def _noted(path: Path) -> dict[str, Any] | None:
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return noted if isinstance(noted, dict) else None
