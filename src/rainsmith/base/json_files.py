"""JSON files: written whole, and a damaged one is refused in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write one JSON object, whole or not at all; values that JSON does not know are written as their text."""
    with atomic(path) as scratch:
        scratch.write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")


def read_json(path: Path, advice: str = "run the command that writes it") -> dict[str, Any]:
    """Read one JSON object.

    Args:
        path: the file.
        advice: what to do where it is missing.

    Raises:
        UserError: the file is missing or damaged, or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found; {advice}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is cut off or not JSON ({error}); delete it and write it again") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}; expected a JSON object; write the file again")
    return values


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON-lines file, up to the first damaged one; none where there is no file.

    A process that was killed while it wrote a row leaves that row, the last one, cut off.
    """
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
