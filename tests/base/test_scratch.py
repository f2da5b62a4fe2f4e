"""Scratch folders: removed in the end, and after a kill by the next process that looks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rainsmith.base import scratch
from rainsmith.base.scratch import remove_leftovers, scratch_folder

WRITE = """
import os, signal, sys
from pathlib import Path
from rainsmith.base import replacing
from rainsmith.base.files import atomic
path, how = Path(sys.argv[1]), sys.argv[2]
if how == "between the renames":
    replacing.exchange = lambda one, other: False
    renames = []
    def hook(event, given):
        if event == "os.rename":
            renames.append(given)
            if len(renames) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
with atomic(path) as new:
    new.mkdir()
    (new / "text").write_text("new")
    if how != "between the renames":
        print("writes", flush=True)
        sys.stdin.read()
"""


def writer(path: Path, how: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", WRITE, str(path), how], **pipes)  # type: ignore[call-overload,no-any-return]


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*")]


def test_what_a_living_process_writes_stays_and_what_a_killed_one_left_goes(tmp_path: Path) -> None:
    path = tmp_path / "run" / "samples" / "made.zarr"
    with writer(path, "slowly") as process:
        assert process.stdout is not None and process.stdout.readline() == "writes\n"
        (name,) = hidden(tmp_path)
        assert name.startswith(".made.zarr.") and name.endswith(".scratch")
        remove_leftovers(tmp_path)
        assert hidden(tmp_path) == [name]
        process.kill()
        process.wait(30)
    remove_leftovers(tmp_path)
    assert hidden(tmp_path) == [] and not path.exists()


def test_what_a_killed_process_had_moved_aside_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    path.mkdir()
    (path / "text").write_text("old")
    with writer(path, "between the renames") as process:
        assert process.wait(60) == -9
    assert not path.exists()
    remove_leftovers(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["store.zarr"]
    assert (path / "text").read_text() == "old"


def test_only_scratch_folders_are_removed(tmp_path: Path) -> None:
    names = [".git", ".store.zarr.abcdefgh", "mine.scratch", "a.zarr/.b.x.scratch", ".cache/.b.x.scratch"]
    for name in (*names, ".b.x.scratch", "evaluation/.b.y.scratch"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".file.scratch").touch()
    remove_leftovers(tmp_path)
    assert all((tmp_path / name).is_dir() for name in names) and (tmp_path / ".file.scratch").is_file()
    assert not (tmp_path / ".b.x.scratch").exists() and not (tmp_path / "evaluation" / ".b.y.scratch").exists()
    remove_leftovers(tmp_path / "missing")


@pytest.mark.parametrize(("days", "goes"), [(6, False), (8, True)])
def test_without_flock_only_what_is_old_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, goes: bool
) -> None:
    """A file system without flock cannot be had here: the call says what it says there."""
    monkeypatch.setattr(scratch, "try_lock", lambda descriptor, shared=False: None)
    with scratch_folder(tmp_path, "made.zarr") as folder:
        then = time.time() - days * 24 * 3600
        os.utime(folder, (then, then))
        remove_leftovers(tmp_path)
        assert folder.exists() != goes


def test_the_longest_name_has_a_scratch_folder(tmp_path: Path) -> None:
    with scratch_folder(tmp_path, "ü" * 127) as folder:
        (folder / ("ü" * 127)).touch()
    assert list(tmp_path.iterdir()) == []
