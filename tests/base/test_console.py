"""Progress where the output is no terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rainsmith.base import console as module


def test_lines_come_with_every_note_and_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    written, clock = io.StringIO(), iter(range(0, 10_000, 25))
    monkeypatch.setattr(module, "console", Console(file=written, width=80))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.delenv("RAINSMITH_QUIET", raising=False)
    with module.progress() as bar:
        task = bar.add_task("train", total=4, note="")
        for step in range(1, 9):
            bar.update(task, completed=step / 4)
        bar.update(task, completed=2, note="loss 7.1")
        bar.update(task, completed=2, note="loss 7.1")
    lines = written.getvalue().splitlines()
    assert len(lines) == 3 and all(line.startswith("train: ") for line in lines)
    assert lines[-1].startswith("train: 2 of 4 after 0:0") and lines[-1].endswith("left; loss 7.1")


def test_nothing_is_said_where_quiet_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(module, "console", Console(file=written))
    monkeypatch.setenv("RAINSMITH_QUIET", "1")
    with module.progress() as bar:
        bar.update(bar.add_task("train", total=1, note=""), completed=1, note="done")
    assert not written.getvalue()
