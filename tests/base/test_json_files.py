"""JSON files: written whole, and damaged ones refused in one line."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json, read_jsonl, write_json


def test_json_comes_back_and_other_types_are_written_as_text(tmp_path: Path) -> None:
    path = tmp_path / "values.json"
    write_json(path, {"a": [1, None, 0.1], "day": datetime.date(2001, 2, 3), "path": Path("x")})
    assert read_json(path) == {"a": [1, None, 0.1], "day": "2001-02-03", "path": "x"}


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (None, "not found"),
        (b'{"a": 1', "is cut off or not JSON"),
        (b"", "is cut off or not JSON"),
        (b"\x80\x81", "is cut off or not JSON"),
        (b"[1, 2]", "holds a list; expected a JSON object"),
    ],
)
def test_damaged_json_is_refused_in_one_line(tmp_path: Path, damaged: bytes | None, message: str) -> None:
    path = tmp_path / "values.json"
    if damaged is not None:
        path.write_bytes(damaged)
    with pytest.raises(UserError, match=message) as refused:
        read_json(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_json_lines_end_before_the_row_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_jsonl(path) == []
    rows = [{"epoch": epoch, "loss": epoch / 3} for epoch in range(3)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text)
    assert read_jsonl(path) == rows
    path.write_text(text[:-9])
    assert read_jsonl(path) == rows[:2]
