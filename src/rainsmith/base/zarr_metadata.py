"""What the metadata of a Zarr store say before anything in it is decoded: codecs that run code, and its seal.

The seal is a SHA-256 of the metadata. It stands beside the consolidated metadata, which every other writer of Zarr
drops or replaces: a store that somebody has changed on purpose has none, and is read like any foreign store.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from rainsmith.base.checksums import sha256_of_json
from rainsmith.base.errors import UserError

ROOT = "zarr.json"
"""The file of the metadata of a group or an array, in the third version of Zarr."""
_METADATA = (".zarray", ".zmetadata", ROOT)
_SEAL = "sha256"
_NOT_SEALED = ("history", "provenance")
"""Attributes that hold times: without them equal data have equal seals."""
_CODEC_KEYS = ("filters", "compressor", "compressors", "codecs", "serializer")
_OBJECT_CODECS = {"vlen-utf8", "vlen-bytes", "vlen-array", "json2", "msgpack2", "categorize"}
"""Codecs of the second version that decode texts, bytes and lists, and nothing that runs."""


def refuse_codecs_that_run_code(store: Path) -> None:
    """Refuse a Zarr store that would run commands when it is opened: ``pickle`` decodes any object, with its code.

    Args:
        store: the folder of the store, of either version of Zarr.

    Raises:
        UserError: an array or the consolidated metadata name such a codec, or metadata are no JSON.
    """
    for path, document in _documents(store, set()):
        for codec in _named_codecs(document):
            if "pickle" in codec.casefold():
                raise UserError(
                    f"{path} asks for the codec '{codec}', which can run commands that are hidden in the data; "
                    "expected numbers, or texts of the codec vlen-utf8; do not open this store with other programs, "
                    "and have it written again without that codec"
                )
        for codec in _of_objects(document):
            raise UserError(
                f"{path} holds Python objects with the codec '{codec}'; expected numbers, or texts of the codec "
                "vlen-utf8; write the store again without objects"
            )


def seal(store: Path) -> None:
    """Keep a hash of the metadata of a store whose metadata are consolidated."""
    root = _read(store / ROOT)
    root["consolidated_metadata"].pop(_SEAL, None)
    root["consolidated_metadata"][_SEAL] = _sum_of(root)
    (store / ROOT).write_text(json.dumps(root, indent=2), encoding="utf-8")


def check_seal(store: Path, names: Collection[str] | None = None) -> bool:
    """Whether a store has a seal. A sealed store must have the metadata and all the chunks that it was written with.

    Args:
        store: the folder of the store.
        names: names of all files below it, where they do not lie there; None looks for them.

    Raises:
        UserError: the metadata are not those of the seal, or a chunk is missing.
    """
    root = _read(store / ROOT) if (store / ROOT).is_file() else {}
    consolidated = root.get("consolidated_metadata")
    if not isinstance(consolidated, dict) or _SEAL not in consolidated:
        return False
    if consolidated.pop(_SEAL) not in (_sum_of(root), sha256_of_json(root)):  # earlier seals counted all attributes
        raise UserError(f"{store / ROOT} was damaged or changed by hand: its checksum does not match")
    for name, array in consolidated["metadata"].items():
        if _read(store / name / ROOT) != array:
            raise UserError(
                f"{store / name / ROOT} was damaged or changed by hand: it differs from {ROOT} of the store"
            )
        if array["node_type"] == "array":
            there = _files_below(store / name) if names is None else names
            _refuse_missing_chunks(name, array, there, store)
    return True


def _sum_of(root: Mapping[str, Any]) -> str:
    attributes = {name: value for name, value in root.get("attributes", {}).items() if name not in _NOT_SEALED}
    return sha256_of_json({**root, "attributes": attributes})


def arrays_with_checksums(store: Path) -> set[str]:
    """Names of the arrays of a store each of whose chunks ends in its CRC32C."""
    names = set()
    for path in store.glob(f"*/{ROOT}"):
        codecs = _read(path).get("codecs") or [{}]
        if isinstance(codecs[-1], dict) and codecs[-1].get("name") == "crc32c":
            names.add(path.parent.name)
    return names


def _files_below(folder: Path) -> set[str]:
    """Names below the parent of a folder."""
    start = len(str(folder.parent)) + 1
    return {os.path.join(at, file)[start:].replace(os.sep, "/") for at, _, files in os.walk(folder) for file in files}


def _refuse_missing_chunks(name: str, array: Mapping[str, Any], there: Collection[str], store: Path) -> None:
    shape, chunks = array["shape"], array["chunk_grid"]["configuration"]["chunk_shape"]
    grid = itertools.product(*(range(-(-length // chunk)) for length, chunk in zip(shape, chunks, strict=True)))
    wanted = ["/".join((name, "c", *map(str, place))) for place in grid]
    missing = [chunk for chunk in wanted if chunk not in there]
    if missing:
        raise UserError(f"{store / missing[0]} is missing ({len(missing)} of {len(wanted)} chunks of {name})")


def _documents(folder: Path, seen: set[Path]) -> Iterator[tuple[Path, Any]]:
    """The metadata of a group and of all below it; arrays hold chunks and no further array, so none is searched."""
    real = folder.resolve()
    if real in seen:  # a link that leads back
        return
    seen.add(real)
    holds_chunks = False
    for name in _METADATA:
        if (folder / name).is_file():
            document = _read(folder / name)
            holds_chunks |= name == ".zarray" or document.get("node_type") == "array"
            yield folder / name, document
    if not holds_chunks:
        for below in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
            yield from _documents(below, seen)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: it is missing, cut off or not JSON ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise UserError(f"{path} holds a {type(document).__name__}; expected the metadata of Zarr")
    return document


def _named_codecs(document: Any, *, inside: bool = False) -> Iterator[str]:
    """Every text below the keys that hold codecs, and those codecs that are held by codecs."""
    if isinstance(document, str) and inside:
        yield document
    elif isinstance(document, Mapping):
        for key, value in document.items():
            if key != "attributes" and not str(key).endswith(".zattrs"):
                yield from _named_codecs(value, inside=inside or key in _CODEC_KEYS)
    elif isinstance(document, list):
        for value in document:
            yield from _named_codecs(value, inside=inside)


def _of_objects(document: Any) -> Iterator[str]:
    """Codecs of arrays of Python objects (second version) that are not known to be harmless."""
    if isinstance(document, Mapping):
        if "|O" in json.dumps(document.get("dtype", "")):
            named = [f.get("id", "") if isinstance(f, Mapping) else "" for f in document.get("filters") or [{}]]
            yield from (str(codec) or "none" for codec in named[:1] if codec not in _OBJECT_CODECS)
        for key, value in document.items():
            if key != "attributes" and not str(key).endswith(".zattrs"):
                yield from _of_objects(value)
