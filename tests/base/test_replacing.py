"""Replacing: the old or the new one is there at any moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rainsmith.base import replacing
from rainsmith.base.replacing import exchange, replace

WATCH = """
import os, sys
name, seen = sys.argv[1], set()
print("ready", flush=True)
while not os.path.exists(name + ".end"):
    seen.add(os.path.isdir(name))
print(seen)
"""


def folder(path: Path, text: str) -> Path:
    path.mkdir(parents=True)
    (path / "text").write_text(text)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets folders change places in one step")
def test_a_folder_that_is_replaced_is_never_missing(tmp_path: Path) -> None:
    """Another process looks all the time while the folder is replaced 300 times."""
    path = folder(tmp_path / "store.zarr", "old")
    watcher = subprocess.Popen([sys.executable, "-c", WATCH, str(path)], stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None and watcher.stdout.readline() == "ready\n"
    for number in range(300):
        new = folder(tmp_path / f"scratch-{number}" / "store.zarr", str(number))
        replace(path, new, new.parent / "aside")
        assert (path / "text").read_text() == str(number)
    (tmp_path / "store.zarr.end").touch()
    assert watcher.communicate(timeout=60)[0] == "{True}\n"


def test_folders_change_places(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one", "1"), folder(tmp_path / "other", "2")
    if not exchange(one, other):
        pytest.skip("this file system cannot let folders change places")
    assert [(path / "text").read_text() for path in (one, other)] == ["2", "1"]
    assert not exchange(one, tmp_path / "missing")


@pytest.mark.parametrize("in_one_step", [True, False])
def test_what_is_missing_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool) -> None:
    if not in_one_step:
        monkeypatch.setattr(replacing, "exchange", lambda one, other: False)
    path = folder(tmp_path / "store.zarr", "old")
    with pytest.raises(FileNotFoundError):
        replace(path, tmp_path / "missing", tmp_path / "aside")
    assert (path / "text").read_text() == "old" and not (tmp_path / "aside").exists()


def test_without_exchange_a_folder_goes_aside_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "exchange", lambda one, other: False)
    path, new = folder(tmp_path / "store.zarr", "old"), folder(tmp_path / "new", "new")
    replace(path, new, tmp_path / "aside")
    assert (path / "text").read_text() == "new"
    assert (tmp_path / "aside" / "store.zarr" / "text").read_text() == "old"
