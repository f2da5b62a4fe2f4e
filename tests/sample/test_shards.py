"""A store that shards write: finished by the last one, verified, and known when it is finished."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.shards import Shard
from rainsmith.base.zarr_files import open_zarr
from rainsmith.sample.attributes import form_of_members
from rainsmith.sample.files import SampleWriter


def writer(target: Path, shard: Shard | None, **more: Any) -> SampleWriter:
    time = xr.date_range("2001-01-01", periods=10, use_cftime=False)
    days = xr.Dataset(coords={"time": time, "y": [0.0, 1.0], "x": [0.0, 1.0, 2.0]})
    settings: dict[str, Any] = {"members": 2, "batch_size": 2, "attrs": {"seed": 0}, **more}
    form = form_of_members(days, settings.pop("members"), settings.pop("attrs"))
    return SampleWriter(target, form, shard=shard, **settings)


def worked(
    target: Path, shard: Shard | None, *, export: Any = lambda store: None, **more: Any
) -> tuple[list[int], bool]:
    """Draw what is left of a shard: the batches that were drawn, and whether the store is finished."""
    made, drawn = writer(target, shard, **more), []
    if made.is_written:
        return drawn, True
    with made.pieces.at_work():
        for batch in range(5) if shard is None else shard.of(range(5)):
            if not made.has(batch):
                made.write(batch, {"precip": np.full((2, 2, 2, 3), float(batch), dtype=np.float32)})
                drawn.append(batch)
        return drawn, made.close(export)


def values(target: Path) -> list[float]:
    return open_zarr(target, "").precip.isel(member=0, y=0, x=0).values.tolist()


def test_the_last_shard_finishes_the_store(tmp_path: Path) -> None:
    target = tmp_path / "made.zarr"
    assert worked(target, Shard(2, 2)) == ([1, 3], False)
    assert worked(target, Shard(2, 2)) == ([], False) and not target.exists()
    assert worked(target, Shard(1, 2)) == ([0, 2, 4], True)
    assert values(target) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4] and [path.name for path in tmp_path.iterdir()] == [
        "made.zarr"
    ]
    assert worked(target, Shard(2, 2)) == ([], True), "a finished store is left alone"
    assert worked(target, None) == ([0, 1, 2, 3, 4], True), "without a shard it is drawn again"


def test_without_a_shard_the_rest_is_drawn(tmp_path: Path) -> None:
    worked(tmp_path / "made.zarr", Shard(2, 3))
    assert worked(tmp_path / "made.zarr", None) == ([0, 2, 3], True)


def test_an_older_store_stays_until_all_shards_have_finished(tmp_path: Path) -> None:
    target = tmp_path / "made.zarr"
    worked(target, None, attrs={"seed": 7})
    worked(target, Shard(1, 2))
    assert open_zarr(target, "").attrs["seed"] == 7
    with pytest.raises(
        UserError, match=r"made.zarr.done holds pieces of another request \(seed is 0 there and 1 here\)"
    ):
        worked(target, Shard(2, 2), attrs={"seed": 1})
    worked(target, Shard(2, 2))
    assert open_zarr(target, "").attrs["seed"] == 0


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_batch_that_is_lost_or_damaged_is_drawn_again_by_its_shard(tmp_path: Path, damage: str) -> None:
    target = tmp_path / "made.zarr"
    worked(target, Shard(1, 2))
    chunk = tmp_path / "made.zarr.part" / "precip" / "c" / "2" / "0" / "0" / "0"
    if damage == "missing":
        chunk.unlink()
    else:
        chunk.write_bytes(chunk.read_bytes()[:-1] + b"!")
    with pytest.raises(UserError, match=f"precip/c/2/0/0/0 is {damage}; run shard 1/2 again"):
        worked(target, Shard(2, 2))
    assert worked(target, Shard(1, 2)) == ([2], True)
    assert values(target) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_shard_that_dies_while_it_exports_is_followed_by_another(tmp_path: Path) -> None:
    target, exported = tmp_path / "made.zarr", list[Path]()

    def fails(store: Path) -> None:
        raise RuntimeError("killed")

    worked(target, Shard(1, 2))
    with pytest.raises(RuntimeError, match="killed"):
        worked(target, Shard(2, 2), export=fails)
    assert worked(target, Shard(1, 2), export=exported.append) == ([], True)
    assert exported == [target] and [path.name for path in tmp_path.iterdir()] == ["made.zarr"]


def test_an_older_store_that_changed_places_with_the_new_one_is_removed(tmp_path: Path) -> None:
    """A process that was killed between the exchange and the removal leaves the older store as ``made.zarr.part``."""
    target = tmp_path / "made.zarr"
    worked(target, None, attrs={"seed": 7})
    shutil.copytree(target, tmp_path / "older")

    def killed(store: Path) -> None:
        (tmp_path / "older").rename(tmp_path / "made.zarr.part")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        worked(target, None, export=killed)
    assert worked(target, None) == ([], True)
    assert open_zarr(target, "").attrs["seed"] == 0 and [path.name for path in tmp_path.iterdir()] == ["made.zarr"]


def test_a_store_that_vanishes_is_said_in_one_line(tmp_path: Path) -> None:
    made = writer(tmp_path / "made.zarr", Shard(1, 2))
    shutil.rmtree(made.marks)
    with pytest.raises(UserError, match=r"made.zarr.part has gone: another process has finished the store"):
        made.write(0, {"precip": np.zeros((2, 2, 2, 3), dtype=np.float32)})
    shutil.rmtree(made.part)
    made = writer(tmp_path / "made.zarr", Shard(1, 2))
    made.write(0, {"precip": np.zeros((2, 2, 2, 3), dtype=np.float32)})
    shutil.rmtree(made.part)
    with pytest.raises(UserError, match=r"made.zarr.part is missing, found marks of its batches; delete "):
        writer(tmp_path / "made.zarr", Shard(1, 2))
