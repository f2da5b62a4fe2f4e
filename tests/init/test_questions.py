"""Questions on a real terminal."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from rainsmith.cli import main as cli
from rainsmith.config import read_yaml
from tests.init.made import days, pressure, rain, wide


def test_a_terminal_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    time, folder = days(last="2003-12-31"), tmp_path / "data"
    folder.mkdir()
    rain(time).to_netcdf(folder / "a.nc")
    rain(time, name="rr").to_netcdf(folder / "b.nc")
    pressure(time, *wide()).to_netcdf(folder / "psl.nc")
    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"seven\n2\n")  # what is no answer is asked again
    out = tmp_path / "asked.yaml"
    with os.fdopen(terminal) as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        cli.main(["init", str(folder), "-o", str(out)])
    os.close(keyboard)
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1].endswith(str(out))
    assert shown.err.count("1 to 2 [1]:") == 2 and "'rr' of b.nc: mm, 7.65 km, 2001 to 2003" in shown.err
    assert read_yaml(out)["data"]["target"]["variable"] == "rr" and "TODO" not in out.read_text()
