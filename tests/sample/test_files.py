"""Stores of samples: interrupted and gone on with, written by several processes, whole or not there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.scratch import remove_leftovers
from rainsmith.run_folder import Run
from rainsmith.sample import files as sample_files
from rainsmith.sample.attributes import form_of_members
from rainsmith.sample.files import SampleWriter
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.small import small_config


def opened(run: Run) -> xr.Dataset:
    return xr.open_zarr(run.sample_path("flat", "prior", "test"), consolidated=False)


def days_of(count: int) -> xr.Dataset:
    time = xr.date_range("2001-01-01", periods=count, use_cftime=False)
    return xr.Dataset(coords={"time": time, "y": [0.0, 1.0], "x": [0.0, 1.0, 2.0]})


def writer(target: Path, days: xr.Dataset, **more: Any) -> SampleWriter:
    settings: dict[str, Any] = {"members": 2, "batch_size": 2, "attrs": {"seed": 0}, **more}
    form = form_of_members(days, settings.pop("members"), settings.pop("attrs"))
    return SampleWriter(target, form, **settings)


def members(number: int, days: int = 2) -> dict[str, np.ndarray]:
    return {"precip": np.full((days, 2, 2, 3), float(number), dtype=np.float32)}


def test_batches_land_at_their_days_whatever_their_order(tmp_path: Path) -> None:
    target = tmp_path / "samples" / "made.zarr"
    made = writer(target, days_of(5))
    assert made.n_batches == 3
    for number in (2, 0, 1):
        assert not made.has(number) and not target.exists()
        made.write(number, members(number, days=1 if number == 2 else 2))
        assert made.has(number)
    made.close()
    with xr.open_zarr(target, consolidated=False) as written:
        assert written["precip"].isel(member=0, y=0, x=0).values.tolist() == [0, 0, 1, 1, 2]
        assert written["precip"].encoding["chunks"] == (2, 2, 2, 3)
    assert [path.name for path in target.parent.iterdir()] == ["made.zarr"]  # no trace of the work is left


def test_a_store_takes_the_place_of_an_older_one_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "made.zarr"
    for seed in (0, 1):
        made = writer(target, days_of(2), attrs={"seed": seed})
        if seed:
            with xr.open_zarr(target, consolidated=False) as before:
                assert before.attrs["seed"] == 0
        made.write(0, members(seed))
        made.close()
    with xr.open_zarr(target, consolidated=False) as after:
        assert after.attrs["seed"] == 1 and float(after["precip"].max()) == 1


@pytest.mark.parametrize(
    ("more", "goes_on"),
    [
        ({}, True),
        ({"attrs": {"seed": 0, "provenance": "another version"}}, True),
        ({"attrs": {"seed": 1}}, False),
        ({"batch_size": 1}, False),
    ],
)
def test_finished_batches_count_for_the_same_request_alone(tmp_path: Path, more: dict[str, Any], goes_on: bool) -> None:
    target = tmp_path / "made.zarr"
    writer(target, days_of(4)).write(0, members(7))
    assert writer(target, days_of(4), **more).has(0) == goes_on


def test_batches_of_other_days_do_not_count(tmp_path: Path) -> None:
    target = tmp_path / "made.zarr"
    writer(target, days_of(4)).write(0, members(7))
    assert not writer(target, days_of(6)).has(0)


def test_a_store_that_grows_opens_without_a_warning_and_with_its_coordinates(tmp_path: Path) -> None:
    """Warnings are errors in tests: a plain ``open_zarr`` must find consolidated metadata at any time."""
    target = tmp_path / "made.zarr"
    first, second = (writer(target, days_of(4), rank=rank, world=2) for rank in (0, 1))
    for number, process in enumerate((second, first)):
        process.write(1 - number, members(1 - number))
        with xr.open_zarr(first.part) as growing:
            assert growing["x"].values.tolist() == [0.0, 1.0, 2.0] and growing.attrs["seed"] == 0
            assert np.isfinite(growing["precip"].values[:, 0, 0, 0]).sum() == 2 * (number + 1)
    (first.marks / "closed-1").touch()
    first.close()
    with xr.open_zarr(target) as written:
        assert written["time_bnds"].values[0].tolist() == [
            np.datetime64(f"2001-01-0{day}", "ns").astype(int) for day in (1, 2)
        ]


def test_a_request_is_gone_on_with_whatever_its_history(tmp_path: Path) -> None:
    target = tmp_path / "made.zarr"
    writer(target, days_of(4), attrs={"seed": 0, "history": "yesterday"}).write(0, members(7))
    assert writer(target, days_of(4), attrs={"seed": 0, "history": "today"}).has(0)


def test_two_processes_write_one_store(tmp_path: Path) -> None:
    """The second process closes first; the first one waits for it and gives the store its name."""
    target = tmp_path / "made.zarr"
    first, second = (writer(target, days_of(4), rank=rank, world=2) for rank in (0, 1))
    second.write(1, members(1))
    closing = threading.Thread(target=second.close)
    closing.start()
    first.write(0, members(0))
    assert closing.is_alive() and not target.exists()
    first.close()
    closing.join(timeout=10)
    assert not closing.is_alive()
    with xr.open_zarr(target, consolidated=False) as written:
        assert written["precip"].isel(member=0, y=0, x=0).values.tolist() == [0, 0, 1, 1]


def test_a_process_that_never_comes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_files, "_WAIT_SECONDS", 0.1)
    made = writer(tmp_path / "made.zarr", days_of(4), world=2)
    made.write(0, members(0))
    with pytest.raises(UserError, match="another process did not finish its batches; run the same command again"):
        made.close()


def test_interrupted_sampling_keeps_finished_batches(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills after two batches: they stay, and the same command goes on from there."""
    run = copy_of(trained, tmp_path)
    config = small_config(sampling__days="heavy_x", sampling__batch_size=4, sampling__modes=["prior"])
    original = sample_files.SampleWriter.write
    written: list[int] = []

    def failing(self: sample_files.SampleWriter, batch: int, precip: np.ndarray) -> None:
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        written.append(batch)
        original(self, batch, precip)

    monkeypatch.setattr(sample_files.SampleWriter, "write", failing)
    with pytest.raises(OSError, match="No space"):
        sample(config, run)
    assert not run.sample_path("flat", "prior", "test").exists()
    monkeypatch.setattr(
        sample_files.SampleWriter, "write", lambda self, b, p: (written.append(b), original(self, b, p))
    )
    sample(config, run)
    assert written == list(range(len(written)))  # nothing was drawn twice
    assert np.isfinite(opened(run)["precip"].values[..., run.open_store()["mask"].values]).all()


def test_another_batch_size_draws_everything_again(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks of finished batches count batches of one size; with another, days would stay empty."""
    run = copy_of(trained, tmp_path)
    original = sample_files.SampleWriter.write

    def failing(self: sample_files.SampleWriter, batch: int, precip: np.ndarray) -> None:
        if batch == 3:
            raise OSError(28, "No space left on device")
        original(self, batch, precip)

    monkeypatch.setattr(sample_files.SampleWriter, "write", failing)
    with pytest.raises(OSError, match="No space"):
        sample(small_config(sampling__batch_size=4, sampling__modes=["prior"]), run)
    monkeypatch.setattr(sample_files.SampleWriter, "write", original)
    sample(small_config(sampling__batch_size=64, sampling__modes=["prior"]), run)
    assert np.isfinite(opened(run)["precip"].values[..., run.open_store()["mask"].values]).all()


def test_a_writer_that_is_killed_while_it_replaces_a_finished_store_leaves_a_whole_one(tmp_path: Path) -> None:
    """A real kill before each file operation of the end; the store is the old or the new one, and the same sampling
    goes through afterwards. What it leaves are scratch folders, which the next stage removes."""
    script = Path(__file__).with_name("killed_writer.py")
    shown = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    kills = [json.loads(line) for line in shown.stdout.splitlines()]
    assert len(kills) > 5
    for kill in kills:
        assert kill["code"] == -9 and kill["then"] in ([1.0], [2.0]), kill
        assert kill["again"] == 0 and kill["end"] == [2.0], (kill, shown.stderr)
    assert {tuple(kill["then"]) for kill in kills} == {(1.0,), (2.0,)}
    remove_leftovers(tmp_path / "trial")
    assert [path.name for path in (tmp_path / "trial").iterdir()] == ["made.zarr"]


@pytest.mark.parametrize("gone", ["store", "metadata"])
def test_marks_without_their_store_count_for_nothing(tmp_path: Path, gone: str) -> None:
    made = writer(tmp_path / "made.zarr", days_of(2))
    made.write(0, members(1))
    shutil.rmtree(made.part) if gone == "store" else (made.part / "zarr.json").unlink()
    again = writer(tmp_path / "made.zarr", days_of(2))
    assert not again.has(0)
    again.write(0, members(1))
    again.close()
    assert [path.name for path in tmp_path.iterdir()] == ["made.zarr"]


def test_marks_of_processes_that_were_stopped_do_not_close_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_files, "_WAIT_SECONDS", 0.2)
    first = writer(tmp_path / "made.zarr", days_of(2), world=2)
    (first.marks / "closed-1").touch()
    again = writer(tmp_path / "made.zarr", days_of(2), world=2)
    again.write(0, members(1))
    with pytest.raises(UserError, match="another process did not finish"):
        again.close()


def test_a_chunk_that_a_killed_process_left_half_written_does_not_reach_the_store(tmp_path: Path) -> None:
    made = writer(tmp_path / "made.zarr", days_of(2))
    (made.part / "precip" / "c").mkdir(exist_ok=True)
    (made.part / "precip" / "c" / "0.abc.partial").touch()
    made.write(0, members(1))
    made.close()
    assert not list((tmp_path / "made.zarr").rglob("*.partial"))


FULL_DISK = """
import errno, subprocess, sys
from pathlib import Path
import numpy as np
import xarray as xr
from rainsmith.sample.attributes import form_of_members
from rainsmith.sample.files import SampleWriter

disk = Path(sys.argv[1])
time = xr.date_range("2001-01-01", periods=30, use_cftime=False)
days = xr.Dataset(coords={"time": time, "y": np.arange(50.0), "x": np.arange(50.0)})

def draw():
    drawn = []
    writer = SampleWriter(disk / "made.zarr", form_of_members(days, 2, {"seed": 0}), batch_size=1)
    for batch in range(writer.n_batches):
        if not writer.has(batch):
            drawn.append(batch)
            writer.write(batch, {"precip": np.random.default_rng(batch).random((1, 2, 50, 50), dtype=np.float32)})
    writer.close()
    return drawn

subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500k", "none", str(disk)], check=True)
try:
    draw()
except OSError as error:
    assert error.errno == errno.ENOSPC, error
else:
    raise AssertionError("the disk did not fill")
assert not (disk / "made.zarr").exists()
subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
drawn = draw()
assert 3 < drawn[0] and drawn == list(range(drawn[0], 30)), drawn
with xr.open_zarr(disk / "made.zarr") as opened:
    for day, field in enumerate(opened["precip"].values):
        assert (field == np.random.default_rng(day).random((1, 2, 50, 50), dtype=np.float32)[0]).all(), day
assert [path.name for path in disk.iterdir()] == ["made.zarr"] and not list(disk.rglob("*.partial"))
print("whole")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs mount namespaces")
def test_a_disk_that_fills_for_real_keeps_finished_batches(tmp_path: Path) -> None:
    """A file system of 500 KiB fills while batches are written; when it has grown, the same request draws the rest."""
    line = ["unshare", "--mount", sys.executable, "-c", FULL_DISK, str(tmp_path)]
    shown = subprocess.run(line, capture_output=True, text=True)
    if "unshare:" in shown.stderr or "mount:" in shown.stderr:
        pytest.skip("this machine lets nobody mount a file system")
    assert shown.stdout == "whole\n", shown.stderr
