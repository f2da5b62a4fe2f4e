"""Work that is sent to workers: its order, what stays, what is tried again, and what is said where it cannot go on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import pytest
import xarray as xr

from rainsmith.base import workers as module
from rainsmith.base.errors import UserError
from rainsmith.base.workers import active, in_order, workers


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A scheduler and one worker with two threads, in this process."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=":0"
    ) as started:
        yield started


def _slept(number: int, seconds: float = 0.05) -> tuple[int, str]:
    time.sleep(seconds)
    return number, threading.current_thread().name


def _pid(number: int) -> int:
    return os.getpid()


def _mean(field: xr.DataArray) -> tuple[float, str]:
    return float(field.mean()), threading.current_thread().name


def _fails(counter: Path, error: Exception, times: int) -> int:
    """Fail so many times; each call leaves a line."""
    with counter.open("a") as file:
        file.write("called\n")
    calls = len(counter.read_text().splitlines())
    if calls <= times:
        raise error
    return calls


def test_processes_of_this_machine_end_with_the_work() -> None:
    with dask.config.set(num_workers=1), workers("local"):
        [(_, pid)] = in_order(_pid, [(0,)], threads=1)
        assert pid != os.getpid()
        os.kill(pid, 0)  # it is there
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_results_come_in_the_order_of_the_jobs_and_fields_in_memory_stay(cluster: Any) -> None:
    field = xr.DataArray(np.arange(6.0), dims="time")
    with workers(cluster.scheduler_address):
        assert active()
        done = list(in_order(_slept, ((i, 0.05 * (i == 0)) for i in range(9)), threads=1))
        here = [result for _, result in in_order(_mean, [(field,)], threads=1)]
        there = [result for _, result in in_order(_mean, [(field.chunk(time=2),)], threads=1)]
    assert not active()
    assert [job[0] for job, _ in done] == [result[0] for _, result in done] == list(range(9))
    assert all("Dask" in result[1] for _, result in done)
    assert here == [(2.5, threading.current_thread().name)]
    assert there[0][0] == 2.5 and "Dask" in there[0][1]


def test_files_that_fail_are_read_again_and_mistakes_are_not(cluster: Any, tmp_path: Path) -> None:
    files, mistakes = tmp_path / "files", tmp_path / "mistakes"
    with workers(cluster.scheduler_address):
        [(_, calls)] = in_order(_fails, [(files, OSError(5, "input/output error"), 2)], threads=1)
        assert calls == 3
        with pytest.raises(UserError, match="as it was said"):
            list(in_order(_fails, [(mistakes, UserError("as it was said"), 9)], threads=1))
    assert len(mistakes.read_text().splitlines()) == 1


def test_what_travels_is_small(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of a store travels as its path, however large it is."""
    path, sizes, packed = tmp_path / "store.zarr", [], module.cloudpickle.dumps
    xr.DataArray(np.ones((64, 100, 100)), dims=("time", "y", "x"), name="a").chunk(time=16).to_zarr(
        path, zarr_format=3, consolidated=False
    )
    field = xr.open_zarr(path, consolidated=False)["a"]
    monkeypatch.setattr(module.cloudpickle, "dumps", lambda job: sizes.append(len(packed(job))) or packed(job))
    with workers(cluster.scheduler_address):
        jobs = ((field.isel(time=slice(start, start + 16)),) for start in range(0, 64, 16))
        assert [result[0] for _, result in in_order(_mean, jobs, threads=1)] == [1.0] * 4
    assert len(sizes) == 4 and max(sizes) < 20_000


@pytest.mark.parametrize(("loss", "words"), [("workers", r"no worker for 0\.2 s"), ("scheduler", "scheduler was lost")])
def test_where_nobody_is_left_the_work_ends_in_one_line(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, loss: str, words: str
) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.1)
    monkeypatch.setattr(module, "_NO_WORKER_S", 0.2)
    monkeypatch.setattr("rainsmith.base.cluster._CONNECT_S", 2)
    with pytest.raises(UserError, match=words), workers(cluster.scheduler_address):
        for job, _ in in_order(_slept, ((i,) for i in range(100)), threads=1):
            if job[0] == 1:
                cluster.scale(0) if loss == "workers" else cluster.close()
