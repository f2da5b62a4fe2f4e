"""Files: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rainsmith.base import files
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk


def contents(folder: Path) -> dict[str, str]:
    """Text of every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    with atomic(path) as scratch:
        scratch.write_text("half")
        assert not path.exists()
        scratch.write_text("whole")
    assert contents(tmp_path) == {"new/table.csv": "whole"}


def test_a_block_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(path) as scratch:
        scratch.write_text("half")
        raise KeyboardInterrupt
    assert contents(tmp_path) == {"table.csv": "old"}


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    path.mkdir()
    (path / "old").write_text("old")
    with atomic(path) as scratch:
        scratch.mkdir()
        (scratch / "new").write_text("new")
        assert contents(path) == {"old": "old"}
    assert contents(tmp_path) == {"store.zarr/new": "new"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["store.zarr"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_block_that_writes_nothing_leaves_what_was_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "result"
    if kind == "folder":
        path.mkdir()
    (path / "old" if kind == "folder" else path).write_text("old")
    before = contents(tmp_path)
    with pytest.raises(FileNotFoundError), atomic(path):
        pass
    assert contents(tmp_path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["result"]


@pytest.mark.parametrize(("free", "fits"), [(1.11, True), (1.08, False)])
def test_a_tenth_more_than_needed_must_be_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, fits: bool
) -> None:
    asked: list[Path] = []

    class Usage:
        def __init__(self, path: Path) -> None:
            asked.append(path)
            self.free = free * 50 * 2**20

    monkeypatch.setattr(files.shutil, "disk_usage", Usage)
    folder = tmp_path / "not" / "yet" / "there"
    if fits:
        check_disk(folder, 50 * 2**20, "sampling")
    else:
        with pytest.raises(
            UserError, match=r"sampling needs about 50 MiB in .*there, where 54 MiB are free; free some"
        ):
            check_disk(folder, 50 * 2**20, "sampling")
    assert asked == [tmp_path]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_a_file_has_the_permissions_of_the_umask_whoever_made_it(tmp_path: Path, umask: int, mode: int) -> None:
    """safetensors gives a file to its owner alone; a colleague must be able to read it where the umask allows it."""
    before = os.umask(umask)
    try:
        for made_with in (0o600, 0o666):
            with atomic(tmp_path / "weights.safetensors") as scratch:
                os.close(os.open(scratch, os.O_CREAT | os.O_WRONLY, made_with))
            assert (tmp_path / "weights.safetensors").stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.safetensors"]
