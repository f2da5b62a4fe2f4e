"""JSON files: written whole, and damaged ones refused in one line."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.json_files import Record, read_json, read_jsonl, read_record, write_json


class Row(Record):
    """A row of a log."""

    epoch: int
    loss: float | None = None


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
        (b"[" * 100_000, "is cut off or not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is cut off or not JSON"),
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


def test_a_folder_in_the_place_of_a_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\); delete it"):
        read_json(tmp_path, damaged="delete it")
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\); delete it"):
        read_jsonl(tmp_path, Row, "delete it")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "lacks 'epoch'; do it again"),
        ({"epoch": "1"}, "is damaged \\('epoch' is '1', input should be a valid integer\\); do it again"),
        ({"epoch": True}, "'epoch' is True"),
        ({"epoch": 1, "loss": [1]}, "'loss' is \\[1\\]"),
        ({"epoch": {"a" * 999: 1}}, "'epoch' is {'aaaa"),
    ],
)
def test_a_record_of_another_form_is_one_line(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    write_json(tmp_path / "a.json", values)
    with pytest.raises(UserError, match=message) as refused:
        read_record(tmp_path / "a.json", Row, damaged="do it again")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300
    write_json(tmp_path / "a.json", {"epoch": 3, "more": "text"})
    assert read_record(tmp_path / "a.json", Row).model_dump() == {"epoch": 3, "loss": None, "more": "text"}


def test_json_lines_end_before_the_row_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_jsonl(path, Row, "") == []
    rows = [{"epoch": epoch, "loss": epoch / 3} for epoch in range(3)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text)
    assert read_jsonl(path, Row, "") == rows
    path.write_text(text[:-9])
    assert read_jsonl(path, Row, "") == rows[:2]
    path.write_text(text[:-1])  # whole but for the end of its line
    assert read_jsonl(path, Row, "") == rows


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (b'{"epoch": 1', "line 2 is not JSON"),
        (b"\x80", "line 2 is not JSON"),
        (b"", "line 2 is not JSON"),
        (b"17", "line 2 holds a int; expected a JSON object"),
        (b'{"loss": 1.0}', "line 2 lacks 'epoch'"),
    ],
)
def test_a_damaged_row_before_the_end_is_refused(tmp_path: Path, damaged: bytes, message: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"epoch": 0}\n' + damaged + b'\n{"epoch": 2}\n')
    with pytest.raises(UserError, match=f"metrics.jsonl: {message}.*; delete that line") as refused:
        read_jsonl(path, Row, "delete that line")
    assert "\n" not in str(refused.value)
