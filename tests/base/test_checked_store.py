"""Chunks that are damaged after a store was opened, read wherever: the line names the file."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.checked_store import CheckedStore
from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr, write_region, write_zarr


@pytest.fixture
def store(tmp_path: Path) -> Path:
    rain = np.random.default_rng(0).gamma(0.5, 9, (4, 3, 3)).astype(np.float32)
    data = xr.Dataset(
        {"precip": (("time", "y", "x"), rain), "words": ("word", np.array(["rain", "snow"], dtype=object))}
    )
    write_zarr(tmp_path / "store.zarr", data, encoding={"precip": {"chunks": (2, 3, 3)}})
    return tmp_path / "store.zarr"


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut off": content[:-9], "empty": b"", "binary": b"\x80" * 99}.get(how, bytes(content)))


@pytest.mark.parametrize("chunk", ["precip/c/1/0/0", "words/c/0"])
@pytest.mark.parametrize("how", ["flipped", "cut off", "empty", "binary"])
def test_a_damaged_chunk_is_one_line(store: Path, chunk: str, how: str) -> None:
    opened = open_zarr(store, "run 'rainsmith prepare' again")
    damage(store / chunk, how)
    with pytest.raises(UserError, match=rf"{chunk} is damaged: .*; delete .* and run 'rainsmith prepare' again$"):
        opened[chunk.partition("/")[0]].load()


def test_the_line_comes_out_of_a_computation_in_several_threads(store: Path) -> None:
    opened = open_zarr(store, "run it")
    damage(store / "precip" / "c" / "1" / "0" / "0", "flipped")
    with pytest.raises(UserError, match="is damaged"):
        opened["precip"].mean().compute(scheduler="threads")
    assert float(opened["precip"][:2].mean()) > 0  # the other chunk is what it was


def test_a_chunk_that_is_lost_after_the_store_was_opened_is_missed(store: Path) -> None:
    opened = open_zarr(store, "run it")
    (store / "precip" / "c" / "1" / "0" / "0").unlink()
    with pytest.raises(UserError, match=r"precip/c/1/0/0 is missing; delete .* and run it"):
        opened["precip"].load()


def test_regions_have_checksums_too(tmp_path: Path) -> None:
    path, rain = tmp_path / "store.zarr", np.ones((4, 2), np.float32)
    whole = xr.Dataset({"precip": (("time", "x"), rain)}).chunk({"time": 2})
    write_zarr(path, whole, compute=False)
    for start in (0, 2):
        part = xr.Dataset({"precip": (("time", "x"), rain[start : start + 2] * np.nan)})
        write_region(path, part, {"time": slice(start, start + 2)})
    assert np.isnan(open_zarr(path, "run it")["precip"].values).all()
    damage(path / "precip" / "c" / "1" / "0", "flipped")
    with pytest.raises(UserError, match="is damaged"):
        open_zarr(path, "run it")["precip"].load()


def test_a_store_travels_to_other_processes(store: Path) -> None:
    checked = CheckedStore(store, summed={"precip"}, complete=True, advice="run it")
    assert pickle.loads(pickle.dumps(checked)).summed == {"precip"}
    assert checked.with_read_only(True).advice == "run it"
