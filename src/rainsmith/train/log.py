"""The log of a training, ``metrics.jsonl``: one row an epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from rainsmith.base.json_files import Record, read_jsonl

_DAMAGED = "delete that line; the report and the diagnosis then do without its epoch"


class _Validation(Record):
    prior: dict[str, float | None] | None = None
    posterior: dict[str, float | None] | None = None
    observed: dict[str, float | None] | None = None
    best: list[str] | None = None


class _Row(Record):
    epoch: int = Field(ge=0)
    train: dict[str, float | None]
    validation: _Validation | None = None
    kl_per_dimension: list[float | None] | None = None


def read_log(path: Path) -> list[dict[str, Any]]:
    """The rows of ``metrics.jsonl``; none where there is no file. A last row that was cut off is dropped.

    Raises:
        UserError: a whole row is damaged.
    """
    return read_jsonl(path, _Row, _DAMAGED)
