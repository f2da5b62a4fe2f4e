"""What the report needs of the JSON files that other stages wrote, and refuses where they are damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from rainsmith.base.json_files import Record, read_record
from rainsmith.diagnose.finding import Part, Verdict


class _Figure(Record):
    name: str
    value: float | None
    verdict: Verdict
    warn: list[float | None]
    origin: str


class _Finding(Record):
    name: str
    question: str
    verdict: Verdict
    advice: str
    figures: list[_Figure]
    part: Part = "members"
    change: dict[str, Any] = Field(default_factory=dict)


class _Diagnosis(Record):
    findings: list[_Finding]


class Notes(Record):
    """``evaluation/notes.json``.

    Attributes:
        not_applicable: for each baseline that the data do not allow, what it lacks.
        left_out: for each forecast, what was left out, and why.
    """

    not_applicable: dict[str, str] = Field(default_factory=dict)
    left_out: dict[str, list[str]] = Field(default_factory=dict)


def read_diagnosis(path: Path) -> dict[str, Any]:
    """``diagnosis.json``; empty where there is none.

    Raises:
        UserError: the file is damaged.
    """
    damaged = "delete it and run 'rainsmith diagnose' again"
    return read_record(path, _Diagnosis, damaged=damaged).model_dump() if path.exists() else {}


def read_notes(path: Path) -> Notes:
    """``evaluation/notes.json``; empty where there is none.

    Raises:
        UserError: the file is damaged.
    """
    damaged = "delete it and run 'rainsmith evaluate' again"
    return read_record(path, Notes, damaged=damaged) if path.exists() else Notes()
