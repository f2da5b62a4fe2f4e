"""Shards that are killed at random moments and begun again end in the files of one process, byte for byte."""

from __future__ import annotations

import importlib
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rainsmith.base.errors import UserError
from rainsmith.base.shards import Shard
from rainsmith.pipeline import run_stage
from rainsmith.run_folder import Run
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.processes import Command
from tests.small import small_config

CHANGES: dict[str, Any] = {
    "sampling__modes": ["prior"],
    "sampling__batch_size": 2,
    "sampling__days": [f"2003-04-{day:02d}" for day in range(1, 25)],
    "sampling__members": 2,
    "evaluate__baselines": ["climatology"],
    "evaluate__climate": False,
    "sweep__members": 2,
    "augment": {"ratio": 0.1, "tries": 2, "checks": ["physical_range"]},
}
PIECE = "evaluation/metrics.csv.done/flat-prior-test.npz"
"""The first piece of an evaluation."""
Shards = Callable[..., Command]


@pytest.fixture(scope="module")
def sampled(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = copy_of(trained, tmp_path_factory.mktemp("sampled"))
    sample(small_config(**CHANGES), run)
    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Shards]:
    """Starts a stage in a run folder; what still runs in the end is killed."""
    config = tmp_path / "small.yaml"
    config.write_text(yaml.safe_dump(small_config(**CHANGES).model_dump(mode="json", by_alias=True)))
    started: list[Command] = []

    def start(stage: str, run: Run, *more: str) -> Command:
        started.append(Command(stage, "--config", str(config), "--run", str(run.folder), *more))
        return started[-1]

    yield start
    for process in started:
        process.close()


def contents(run: Run, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], list[str]]:
    """Hashes of all finished files, without what says when they were made, and the names of scratch."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    finished, scratch = importlib.import_module("products").contents(run.folder)
    return {name: found for name, found in finished.items() if not name.startswith("stages/")}, scratch


def ended(process: Command) -> str:
    code, errors = process.wait()
    assert code == 0, errors
    return " ".join(errors.split())


def test_killed_shards_end_in_the_files_of_one_process(
    sampled: Run, tmp_path: Path, start: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both shards are killed, the first after a piece of its work, the second at a random moment. The second goes on; a
    process without a shard does what the first has left, and joins."""
    alone, shared = copy_of(sampled, tmp_path / "alone"), copy_of(sampled, tmp_path / "shared")
    run_stage("evaluate", small_config(**CHANGES), alone)
    piece = shared.folder / PIECE
    product = piece.parent.with_suffix("")

    first, second = (start("evaluate", shared, "--shard", f"{number}/2") for number in (1, 2))
    first.wait_for(piece)
    first.send(signal.SIGKILL)
    time.sleep(random.uniform(0.0, 0.5))
    if not second.ended():
        second.send(signal.SIGKILL)
    first.wait(), second.wait()
    assert not product.exists() and (piece.parent / "of-2").exists()

    said = ended(start("evaluate", shared, "--shard", "2/2"))
    assert "1 of 2 finished; 1 to go; not at work: 1/2; run the same command with --shard 1/2, or without" in said
    assert not product.exists()
    ended(start("evaluate", shared))
    (wanted, _), (found, left) = contents(alone, monkeypatch), contents(shared, monkeypatch)
    assert [name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)] == []
    assert left == []


@pytest.mark.parametrize("stage", ["sample", "sweep", "augment"])
def test_shards_end_in_the_files_of_one_process(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    alone, shared = copy_of(trained, tmp_path / "alone"), copy_of(trained, tmp_path / "shared")
    config = small_config(**CHANGES)
    run_stage(stage, config, alone)
    assert [run_stage(stage, config, shared, shard=Shard(number, 2)) is None for number in (2, 1)] == [True, False]
    (wanted, _), (found, left) = contents(alone, monkeypatch), contents(shared, monkeypatch)
    assert [name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)] == []
    assert left == []


def test_a_shard_of_a_torchrun_is_refused(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="--shard 1/2 was given to torchrun, which shares out work itself"):
        run_stage("sweep", small_config(), trained, shard=Shard(1, 2))
