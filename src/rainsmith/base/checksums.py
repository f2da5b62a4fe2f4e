"""Checksums: what a file or a value was when it was written, so that damage is noticed when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LAST_LINE = b"\nsha256 %b\n"
_LINE_BYTES = len(_LAST_LINE % (b"0" * 64))


def sha256_of_file(path: Path, *, end: int | None = None) -> str:
    """SHA-256 of a file, or of its first ``end`` bytes, read a piece at a time."""
    digest, left = hashlib.sha256(), path.stat().st_size if end is None else end
    with path.open("rb") as file:
        while left > 0 and (piece := file.read(min(left, 2**20))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def sha256_of_json(values: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON object, whatever the order of its keys and the spaces between them."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def sign(path: Path) -> None:
    """Add a last line with the SHA-256 of all before it. Readers of zip archives do not mind it."""
    line = _LAST_LINE % sha256_of_file(path).encode()
    with path.open("ab") as file:
        file.write(line)


def is_intact(path: Path) -> bool:
    """Whether a signed file is what it was. A file without a last line of that kind counts as intact: it is older."""
    end = path.stat().st_size - _LINE_BYTES
    if end < 0:
        return True
    with path.open("rb") as file:
        file.seek(end)
        line = file.read()
    if not line.startswith(_LAST_LINE[:8]) or not line.endswith(b"\n"):
        return True
    return line == _LAST_LINE % sha256_of_file(path, end=end).encode()
