"""Objects are fetched in pieces of one version, written, listed and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base import buckets
from rainsmith.base.buckets import delete, fetch, look_up, objects_below, read, write_files
from rainsmith.base.errors import UserError
from rainsmith.base.urls import Url
from tests.object_stores import web_server

FILE = Url("s3", "data", "x.nc")


def test_a_file_comes_in_pieces(bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_PIECE", 1000)
    content = bytes(range(256)) * 41 + b"end"
    (bucket / "x.nc").write_bytes(content)
    found = look_up(FILE)
    assert found is not None
    fetch(found, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    (bucket / "x.nc").write_bytes(content[::-1])
    with pytest.raises(UserError, match=r"x.nc has just changed; run the same command again"):
        fetch(found, tmp_path / "mixed")
    (bucket / "x.nc").unlink()
    with pytest.raises(UserError, match="has just been deleted"):
        fetch(found, tmp_path / "gone")


def test_a_file_of_a_web_server_comes_whole(tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    (tmp_path / "a b.nc").write_bytes(b"rain" * 1000)
    with web_server(tmp_path) as address:
        url = Url("http", address.removeprefix("http://"), "a b.nc")
        found = look_up(url)
        assert found is not None and found.size == 4000 and found.version == found.changed
        fetch(found, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"rain" * 1000
        assert look_up(url / "none") is None


def test_files_are_written_listed_read_and_deleted(bucket: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    (folder / "a" / "c").mkdir(parents=True)
    (folder / "a" / "c" / "0").write_bytes(b"0" * 7_000_000)  # more than one request takes
    (folder / "zarr.json").write_text("{}")
    to = Url("s3", "data", "out/store.zarr")
    write_files([file for file in folder.rglob("*") if file.is_file()], folder, to)
    assert (bucket / "out" / "store.zarr" / "a" / "c" / "0").stat().st_size == 7_000_000
    assert {one.url: one.size for one in objects_below(to)} == {to / "a/c/0": 7_000_000, to / "zarr.json": 2}
    assert read(to / "zarr.json") == b"{}" and read(to / "none") is None
    delete(to, ["zarr.json"])
    assert [one.url for one in objects_below(to)] == [to / "a/c/0"]
