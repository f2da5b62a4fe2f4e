"""Run folders in which nothing can be written: every command says so in one line, before any work."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rainsmith.cli.commands import COMMANDS
from rainsmith.cli.main import main
from rainsmith.pipeline import BY_NAME

STAGES = [name for name in BY_NAME if name in COMMANDS]

EVERY_STAGE = """
import contextlib, io, os, sys
from rainsmith.cli.main import main
before, command, folder = sys.argv[1], sys.argv[2].split(), sys.argv[3]
if before:
    os.system(before) and sys.exit("cannot " + before)
for stage in command:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
        try:
            main([stage, "--run", folder])
        except BaseException as error:
            code = getattr(error, "code", repr(error))
    lines = [line for line in said.getvalue().splitlines() if line.startswith("rainsmith: ")]
    print(stage, code, *lines, sep=" | ")
"""


def without_the_rights_of_root() -> None:
    """Make root obey permissions from its next program on (capabilities 1 and 2 are those to pass them over)."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


def every_stage(
    folder: Path, before: str = "", prefix: tuple[str, ...] = (), obey: Callable[[], None] | None = None
) -> dict[str, list[str]]:
    """Exit code and lines of every stage on a folder, in a process of its own."""
    line = [*prefix, sys.executable, "-c", EVERY_STAGE, before, " ".join(STAGES), str(folder)]
    shown = subprocess.run(line, capture_output=True, text=True, preexec_fn=obey, env=os.environ)
    if "cannot mount" in shown.stderr or "unshare" in shown.stderr:
        pytest.skip("this machine lets nobody mount a file system")
    assert shown.returncode == 0, shown.stderr
    return {line.split(" | ")[0]: line.split(" | ")[1:] for line in shown.stdout.splitlines() if " | " in line}


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl, or a user who is not root")
def test_a_folder_of_somebody_else_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for inside in ("", "samples", "checkpoints", "evaluation", "experiment", "downscale", "stages", "store.zarr"):
        (folder / inside).mkdir(exist_ok=True)
        (folder / inside).chmod(0o555)
    folder.chmod(0o555)
    said = every_stage(folder, obey=without_the_rights_of_root if os.geteuid() == 0 else None)
    assert list(said) == STAGES
    for stage, (code, *lines) in said.items():
        assert code == "2" and len(lines) == 1, (stage, code, lines)
        assert f"no permission for {folder}" in lines[0] and "or give another --run folder" in lines[0]


@pytest.mark.skipif(sys.platform != "linux", reason="needs mount namespaces")
def test_a_file_system_that_can_only_be_read_is_one_line(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o ro none {tmp_path}"
    said = every_stage(tmp_path, before=mount, prefix=("unshare", "--mount"))
    assert list(said) == STAGES
    for stage, (code, *lines) in said.items():
        assert code == "2" and len(lines) == 1, (stage, code, lines)
        assert (
            lines[0].startswith(f"rainsmith: {tmp_path}") and "lies on a file system that can only be read" in lines[0]
        )


def test_a_file_where_the_folder_should_be_and_a_name_that_is_too_long_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").touch()
    expected = {"run": "found a file where a folder is needed", "x" * 300: "is too long for this file system"}
    for name, message in expected.items():
        for stage in STAGES:
            with pytest.raises(SystemExit) as stopped:
                main([stage, "--run", str(tmp_path / name)])
            lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rainsmith: ")]
            assert stopped.value.code == 2 and len(lines) == 1 and message in lines[0], (stage, lines)
