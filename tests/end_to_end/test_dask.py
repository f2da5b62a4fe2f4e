"""Real workers of dask: the same stores and scores as without them, also where one is killed, and errors in one line."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import distributed
import pytest
import xarray as xr

from rainsmith.base.cluster import connected
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.data.store import fingerprint_of
from rainsmith.evaluate.stage import evaluate
from rainsmith.metrics import tally
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config as config_of_files
from tests.data.made import mapped, rain
from tests.fake_run import config_of, members_of, store_of, write_run
from tests.fake_run import rain as daily_rain
from tests.processes import start_server

SPLITS = {
    "train": [["2001-01-01", "2001-04-30"]],
    "validation": [["2001-05-01", "2001-05-31"]],
    "test": [["2001-06-01", "2001-07-10"]],
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A scheduler and two worker processes, which are forked, as is the one in the place of one that is killed."""
    start_server()
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", memory_limit="2GiB"
        ) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def config() -> Config:
    return config_of(
        data={"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9},
        evaluate={"resamples": 50, "baselines": ["scaled-analogs"]},
    )


@pytest.fixture(scope="module")
def run(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run folder whose members lie in chunks of four days."""
    store = store_of(daily_rain(200, 10, 9), config)
    made = write_run(tmp_path_factory.mktemp("run"), config, store, modes=())
    members = members_of(store, "prior").chunk(time=4)
    members.to_zarr(made.sample_path("flat", "prior", "test"), zarr_format=3, consolidated=False)
    return made


def _files(folder: Path) -> dict[str, Any]:
    """What an evaluation wrote, but for the time of day in the history."""
    tables = {path.name: path.read_bytes() for path in sorted(folder.glob("*.*")) if path.suffix != ".nc"}
    maps = {path.name: xr.load_dataset(path).drop_attrs(deep=False) for path in sorted(folder.glob("*.nc"))}
    return tables | maps


def _kill_one_at_work(scheduler: Any, pids: dict[str, int], killed: list[str]) -> None:
    """Kill a worker that has a block, once the first blocks are done."""
    end = time.monotonic() + 60
    while time.monotonic() < end and not killed:
        blocks = scheduler.task_prefixes.get("work")  # of the function _work
        busy = [worker.address for worker in list(scheduler.workers.values()) if worker.processing]
        if busy and blocks is not None and blocks.duration_average > 0:
            os.kill(pids[busy[0]], signal.SIGKILL)
            killed.append(busy[0])
        time.sleep(0.002)


def test_scores_are_those_of_threads_though_a_worker_is_killed(
    config: Config, run: Run, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "_MOST_DAYS", 4)  # many blocks
    evaluate(config, run)
    by_threads = _files(run.evaluation)
    with distributed.Client(cluster, set_as_default=False) as client:
        pids = client.run(os.getpid)
    killed: list[str] = []
    killer = threading.Thread(target=_kill_one_at_work, args=(cluster.scheduler, pids, killed))
    killer.start()
    evaluate(config, run, scheduler=cluster.scheduler_address)
    killer.join()
    assert killed and killed[0] not in cluster.scheduler.workers, "no worker was killed at work"
    by_workers = _files(run.evaluation)
    assert by_workers.keys() == by_threads.keys()
    for name, held in by_threads.items():
        same = held.identical(by_workers[name]) if isinstance(held, xr.Dataset) else held == by_workers[name]
        assert same, name


def test_stores_are_those_without_workers(tmp_path: Path, cluster: Any) -> None:
    days = mapped(rain())
    for part, when in enumerate((slice(0, 20), slice(20, 45), slice(45, None))):
        days.isel(time=when).to_netcdf(tmp_path / f"rain_{part}.nc")
    config = config_of_files(tmp_path, target={"files": "rain_*.nc"})
    alone = prepare(config, Run(tmp_path / "alone"))
    together = prepare(config, Run(tmp_path / "together"), scheduler=cluster.scheduler_address)
    assert fingerprint_of(xr.open_zarr(alone)) == fingerprint_of(xr.open_zarr(together))
    chunks = [path.relative_to(alone) for path in alone.rglob("c/**/*") if path.is_file()]
    assert chunks and all((alone / chunk).read_bytes() == (together / chunk).read_bytes() for chunk in chunks)


def test_a_mistake_that_a_worker_meets_arrives_as_it_is(config: Config, run: Run, cluster: Any, tmp_path: Path) -> None:
    store = run.open_store().load()
    other = write_run(tmp_path / "run", config, store, modes=())
    members = members_of(store, "prior")
    members["precip"][30, 2, 8:10, 8] = -1
    members.chunk(time=8).to_zarr(other.sample_path("flat", "prior", "test"), zarr_format=3, consolidated=False)
    with pytest.raises(UserError, match=r"flat-prior-test.zarr holds 2 values that are no amounts of rain .* again$"):
        evaluate(config, other, scheduler=cluster.scheduler_address)
    (tmp_path / "rain.nc").write_bytes(b"CDF\x01 no such file")
    with pytest.raises(UserError, match=r"rain\.nc"):
        prepare(config_of_files(tmp_path), Run(tmp_path / "out"), scheduler=cluster.scheduler_address)


def test_what_workers_do_not_see_is_refused_before_the_work(cluster: Any, tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match=r"worker tcp://.* does not see .*elsewhere; .* under the same path"),
        connected(cluster.scheduler_address, [tmp_path / "elsewhere"]),
    ):
        pass
