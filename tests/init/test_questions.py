"""Questions on a real terminal, and comments with a TODO where there is none."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from rainsmith.config import read_yaml
from tests.init.made import days, pressure, rain, wide


def command(folder: Path, out: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "rainsmith.cli.main", "init", str(folder), "-o", out]


def test_a_terminal_is_asked(tmp_path: Path) -> None:
    time, folder = days(last="2003-12-31"), tmp_path / "data"
    folder.mkdir()
    rain(time).to_netcdf(folder / "a.nc")
    rain(time, name="rr").to_netcdf(folder / "b.nc")
    pressure(time, *wide()).to_netcdf(folder / "psl.nc")
    here, there = pty.openpty()
    os.write(here, b"seven\n2\n")  # what is no answer is asked again
    ran = subprocess.run(
        command(folder, "asked.yaml"), cwd=tmp_path, stdin=there, capture_output=True, text=True, timeout=120
    )
    os.close(here)
    os.close(there)
    assert ran.returncode == 0 and ran.stdout.strip() == "asked.yaml"
    assert ran.stderr.count("1 to 2 [1]:") == 2 and "'rr' of b.nc: mm, 7.65 km, 2001 to 2003" in ran.stderr
    text = (tmp_path / "asked.yaml").read_text()
    assert read_yaml(tmp_path / "asked.yaml")["data"]["target"]["variable"] == "rr" and "TODO" not in text
