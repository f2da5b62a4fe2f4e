"""Notices and progress bars go to standard error, and can be silenced."""

from __future__ import annotations

import pytest

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
    assert all((part in err) is shown for part in ("epochs", "4/4", "CRPS 1.2"))
