"""Arrays that come in pieces become the one array that they are pieces of, in memory and in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.array_pieces import Shelf, joined, read_float32
from rainsmith.base.large_arrays import large_arrays_in, pages_of

PIECES = [np.random.default_rng(i).random((days, 3, 4)).astype(np.float32) for i, days in enumerate((5, 1, 7))]


@pytest.mark.parametrize("limit", [0, 100, 2**20])
def test_what_lies_on_a_shelf_comes_back(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_arrays, "IN_MEMORY", limit)
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 100)
    shelf = Shelf()
    with large_arrays_in(tmp_path):
        for piece in PIECES:
            shelf.add(piece)
        arrays = shelf.arrays()
        assert all(np.array_equal(a, b) for a, b in zip(arrays, PIECES, strict=True)) and len(arrays) == 3
        assert (pages_of(arrays[0]) is not None) == (limit < 2**20)
        whole, turned = joined(list(arrays)), joined(arrays[::-1])
    assert np.array_equal(whole, np.concatenate(PIECES)) and np.array_equal(turned, np.concatenate(PIECES[::-1]))
    if limit < 2**20:
        assert np.shares_memory(whole, arrays[1]) and not np.shares_memory(turned, arrays[1])
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_all_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 0)
    shelf = Shelf()
    for piece in PIECES:
        shelf.add(piece)
    assert all(a is b for a, b in zip(shelf.arrays(), PIECES, strict=True))


@pytest.mark.parametrize("chunks", [(1, 8, 9), (40, 3, 3), (7, 8, 4), None])
def test_a_file_is_read_in_whole_chunks(
    chunks: tuple[int, ...] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(0).random((40, 8, 9))
    encoding = {} if chunks is None else {"pr": {"chunksizes": chunks}}
    xr.Dataset({"pr": (("time", "y", "x"), values)}).to_netcdf(tmp_path / "a.nc", encoding=encoding)
    with xr.open_dataset(tmp_path / "a.nc") as ds:
        expected = ds["pr"].transpose("x", "time", "y").values.astype(np.float32)
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 0)
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 4 * 200)
    with xr.open_dataset(tmp_path / "a.nc") as ds:
        read = read_float32(ds["pr"].transpose("x", "time", "y"))
    assert read.dtype == np.float32 and np.array_equal(read, expected)
