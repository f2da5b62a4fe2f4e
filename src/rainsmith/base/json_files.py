"""JSON files: written whole, and a damaged one is refused in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic

_NOT_JSON = (ValueError, RecursionError)  # cut off, no UTF-8, a number of thousands of digits, brackets without end


class Record(BaseModel):
    """What a kind of JSON file must hold to be read; further keys are kept as they are."""

    model_config = ConfigDict(extra="allow", strict=True)


AnyRecord = TypeVar("AnyRecord", bound=Record)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write one JSON object, whole or not at all; values that JSON does not know are written as their text."""
    with atomic(path) as scratch:
        scratch.write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")


def read_json(
    path: Path, advice: str = "run the command that writes it", damaged: str = "delete it and write it again"
) -> dict[str, Any]:
    """Read one JSON object.

    Args:
        path: the file.
        advice: what to do where it is missing.
        damaged: what to do where it is damaged.

    Raises:
        UserError: the file is missing or damaged, or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found; {advice}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {damaged}") from None
    except _NOT_JSON as error:
        raise UserError(f"{path} is cut off or not JSON ({str(error)[:200]}); {damaged}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}; expected a JSON object; {damaged}")
    return values


def read_record(
    path: Path,
    kind: type[AnyRecord],
    advice: str = "run the command that writes it",
    damaged: str = "delete it and write it again",
) -> AnyRecord:
    """Read one JSON object of a known kind.

    Args:
        path: the file.
        kind: what it must hold.
        advice: what to do where it is missing.
        damaged: what to do where it is damaged.

    Raises:
        UserError: the file is missing or damaged, lacks a key, or has a value of another type.
    """
    return _checked(read_json(path, advice, damaged), kind, str(path), damaged)


def read_jsonl(path: Path, kind: type[Record], damaged: str) -> list[dict[str, Any]]:
    """Rows of a JSON-lines file; none where there is no file.

    A process that was killed while it wrote a row leaves that row, the last one, cut off: it is dropped.

    Args:
        path: the file.
        kind: what each row must hold.
        damaged: what to do where a row is damaged.

    Raises:
        UserError: a whole row is damaged.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {damaged}") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_row(line, kind, f"{path}: line {number}", damaged))
        except UserError:
            if number < len(lines):  # a row ends with the end of its line
                raise
    return rows


def _row(line: bytes, kind: type[Record], where: str, damaged: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except _NOT_JSON as error:
        raise UserError(f"{where} is not JSON ({str(error)[:200]}); {damaged}") from None
    if not isinstance(row, dict):
        raise UserError(f"{where} holds a {type(row).__name__}; expected a JSON object; {damaged}")
    _checked(row, kind, where, damaged)
    return row


def _checked(values: dict[str, Any], kind: type[AnyRecord], where: str, damaged: str) -> AnyRecord:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise UserError(f"{where} lacks '{key}'; {damaged}") from None
        text = f"'{key}' is {first['input']!r:.60}, {first['msg'][0].lower()}{first['msg'][1:]}"
        raise UserError(f"{where} is damaged ({text}); {damaged}") from None
