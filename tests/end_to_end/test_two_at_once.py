"""Two commands at once in one run folder: one of them is refused with the name of the other, or both are right."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from rainsmith.base.zarr_files import open_zarr
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.processes import Command
from tests.small import small_config

Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command on a run folder; what still runs in the end is killed."""
    config = tmp_path / "small.yaml"
    short = {"sampling__days": "heavy_x", "train__epoch_steps": 2, "train__validation_days": 8}
    config.write_text(yaml.safe_dump(small_config(**short).model_dump(mode="json", by_alias=True)))
    started = []

    def start(command: str, run: Run, *more: str) -> Command:
        started.append(Command(command, "--config", str(config), "--run", str(run.folder), *more))
        return started[-1]

    yield start
    for process in started:
        process.close()


def stopped_at(process: Command, lock: Path) -> None:
    """Let a process stand still when it holds a lock."""
    end = time.monotonic() + 120
    while True:
        assert not process.ended() and time.monotonic() < end, process.errors()
        try:
            if json.loads(lock.read_text())["process"] == process.pid:
                break
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.01)
    process.send(signal.SIGSTOP)


def refused(process: Command, by: Command) -> str:
    """The one line with which a command is refused, which names the process that is in its way."""
    code, errors = process.wait()
    assert code == 2, errors
    (line,) = [line for line in errors.splitlines() if line.startswith("rainsmith: ")]
    assert f"(process {by.pid} on " in line and "Traceback" not in errors
    return line


def ended(process: Command) -> None:
    process.send(signal.SIGCONT)
    code, errors = process.wait(300)
    assert code == 0, errors


def hidden(run: Run) -> list[Path]:
    return [path for path in run.folder.rglob("*") if path.name.startswith(".") or path.suffix in (".part", ".done")]


def test_two_samplings_of_the_same_members(trained: Run, tmp_path: Path, start: Start) -> None:
    run = copy_of(trained, tmp_path / "run")
    target = run.sample_path("flat", "prior", "test")
    first = start("sample", run, "--mode", "prior", "--set", "sampling.seed=1")
    stopped_at(first, target.with_name(f".{target.name}.lock"))
    line = refused(start("sample", run, "--mode", "prior", "--set", "sampling.seed=2"), first)
    assert f"{target} is being written by 'rainsmith sample'" in line
    assert f"{run.store} is being read by 'rainsmith sample'" in refused(start("prepare", run), first)
    ended(start("sample", run, "--mode", "posterior"))  # of other members
    ended(first)
    assert open_zarr(target, "").attrs["sampling_seed"] == 1
    assert hidden(run) == []


def test_two_trainings_in_one_folder(prepared: Run, tmp_path: Path, start: Start) -> None:
    run = copy_of(prepared, tmp_path / "run")
    first = start("train", run)
    stopped_at(first, run.folder / ".checkpoints.lock")
    for again in ((), ("--resume",)):
        line = refused(start("train", run, *again), first)
        assert f"{run.checkpoints} is being written by 'rainsmith train'" in line
    ended(first)
    assert [json.loads(row)["epoch"] for row in run.metrics_log.read_text().splitlines()] == [0, 1]
    assert json.loads((run.folder / "stages" / "train.json").read_text())["finished"]
    assert hidden(run) == []
