"""Notices and progress go to standard error, and can be silenced; where that is no terminal, progress is lines."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rainsmith.base import console as module
from rainsmith.base.console import console, progress


def test_notices_leave_standard_output_to_results(capsys: pytest.CaptureFixture[str]) -> None:
    console.print("prepare: 365 days")
    shown = capsys.readouterr()
    assert shown.out == "" and "prepare: 365 days" in shown.err


@pytest.mark.parametrize(
    ("quiet", "variable", "shown"),
    [(False, "", True), (True, "", False), (False, "1", False), (False, "0", True)],
)
def test_a_bar_is_silenced_by_its_caller_or_by_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quiet: bool, variable: str, shown: bool
) -> None:
    monkeypatch.setenv("RAINSMITH_QUIET", variable)
    with progress(quiet=quiet) as bar:
        bar.advance(bar.add_task("epochs", total=4, note="CRPS 1.2"), 4)
    out, err = capsys.readouterr()
    assert out == ""
    assert all((part in err) is shown for part in ("epochs", "4 of 4", "CRPS 1.2"))


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
