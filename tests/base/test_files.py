"""Files: whole or not at all, and damaged ones refused in one line."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import files
from rainsmith.base.errors import UserError
from rainsmith.base.files import (
    atomic,
    check_disk,
    open_zarr,
    read_json,
    read_jsonl,
    write_json,
    write_netcdf,
    write_zarr,
)


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


def test_json_comes_back_and_other_types_are_written_as_text(tmp_path: Path) -> None:
    path = tmp_path / "values.json"
    write_json(path, {"a": [1, None, 0.1], "day": datetime.date(2001, 2, 3), "path": Path("x")})
    assert read_json(path) == {"a": [1, None, 0.1], "day": "2001-02-03", "path": "x"}


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (None, "not found"),
        (b'{"a": 1', "is cut off or not JSON"),
        (b"", "is cut off or not JSON"),
        (b"\x80\x81", "is cut off or not JSON"),
        (b"[1, 2]", "holds a list; expected a JSON object"),
    ],
)
def test_damaged_json_is_refused_in_one_line(tmp_path: Path, damaged: bytes | None, message: str) -> None:
    path = tmp_path / "values.json"
    if damaged is not None:
        path.write_bytes(damaged)
    with pytest.raises(UserError, match=message) as refused:
        read_json(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_json_lines_end_before_the_row_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_jsonl(path) == []
    rows = [{"epoch": epoch, "loss": epoch / 3} for epoch in range(3)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text)
    assert read_jsonl(path) == rows
    path.write_text(text[:-9])
    assert read_jsonl(path) == rows[:2]


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


def test_a_written_store_opens_plainly_without_a_warning(tmp_path: Path) -> None:
    """Warnings are errors in tests; without consolidated metadata xarray warns."""
    rain = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    coords = {"time": xr.date_range("2001-01-01", periods=2, use_cftime=False), "y": [1.0, 2.0], "x": [3.0, 4.0]}
    data = xr.Dataset({"precip": (("time", "y", "x"), rain)}, coords=coords)
    write_zarr(tmp_path / "store.zarr", data, encoding={"precip": {"chunks": (1, 2, 2)}})
    write_netcdf(tmp_path / "store.nc", data, compress=["precip"])
    with xr.open_zarr(tmp_path / "store.zarr") as store, xr.open_dataset(tmp_path / "store.nc") as netcdf:
        assert store["precip"].encoding["chunks"] == (1, 2, 2) and netcdf["precip"].encoding["complevel"] == 4
        for opened in (store, netcdf):
            np.testing.assert_array_equal(opened["precip"].values, rain)
            assert opened["time_bnds"].dims == ("time", "bnds")
            assert not any("_FillValue" in opened[name].encoding for name in ("time", "y", "x", "time_bnds"))
    xr.testing.assert_equal(open_zarr(tmp_path / "store.zarr", "").load(), data)


def test_a_store_is_opened_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    written = xr.Dataset({"rain": ("x", np.arange(3.0)), "wait": ((), 5, {"units": "days"})})
    written.to_zarr(path, zarr_format=3, consolidated=False)
    opened = open_zarr(path, "run 'rainsmith prepare' first")
    xr.testing.assert_identical(opened.load(), written)


def test_a_missing_or_damaged_store_is_refused_with_the_advice(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    with pytest.raises(UserError, match=r"store.zarr not found; run 'rainsmith prepare' first"):
        open_zarr(path, "run 'rainsmith prepare' first")
    path.mkdir()
    with pytest.raises(UserError, match=r"cannot be read \(.*\); delete it and run 'rainsmith prepare' first"):
        open_zarr(path, "run 'rainsmith prepare' first")
