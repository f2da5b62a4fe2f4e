"""Pools: several networks, one checkpoint; stopped and resumed, side by side and one after another."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.locks import try_lock
from rainsmith.config import Config, Sampling
from rainsmith.models import checkpoint
from rainsmith.models.noise import network_of_member
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler, shares
from rainsmith.sweep.stage import saved_epochs
from rainsmith.train import pool
from rainsmith.train.joining import join_networks
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.processes import FORKED_NETWORKS, Command
from tests.small import small_config

SMALL = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1], "x_blocks": 1}


def config_of(**more: object) -> Config:
    settings = {"train__pool": 2, "train__epochs": 2, "train__lr": 2e-3, "train__min_heavy_fraction": 0.0}
    short = {"train__epoch_steps": 4, "train__batch_size": 24, "train__validation_days": 8}
    return small_config(model=SMALL, **{**settings, **short, **more})


@pytest.fixture(scope="module")
def pooled(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = copy_of(prepared, tmp_path_factory.mktemp("pool"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "networks_at_once", lambda config: 1)
        train(config_of(), run)
    return run


def test_one_name_holds_all_networks(pooled: Run) -> None:
    joined = checkpoint.load(pooled.checkpoints / "best_prior")
    parts = [checkpoint.load(pooled.network(number).checkpoints / "best_prior") for number in range(2)]
    assert len(joined.networks) == 2
    for together, alone in zip(joined.networks, parts, strict=True):
        assert together.keys() == alone.networks[0].keys()
        assert all(torch.equal(together[name], alone.networks[0][name]) for name in together)
    assert not torch.equal(joined.networks[0]["last.weight"], joined.networks[1]["last.weight"])
    assert len({part.config.seed for part in parts}) == 2 and joined.config.seed == config_of().seed
    assert pooled.metrics_log.read_bytes() == pooled.network(0).metrics_log.read_bytes()


def test_every_member_is_drawn_by_the_network_that_its_number_names(pooled: Run) -> None:
    loaded = checkpoint.load(pooled.checkpoints / "best_prior")
    days = in_split(pooled.open_store(), "test").isel(time=slice(0, 6))
    x = torch.from_numpy(days["predictors"].values)
    numbers = np.arange(20030101, 20030107)
    whole = Sampler(loaded, Sampling(seed=4), "cpu").draw(x, numbers, range(5))
    chosen = network_of_member(4, numbers, range(5), 2)
    for number in range(2):
        alone = checkpoint.load(pooled.network(number).checkpoints / "best_prior")
        drawn = Sampler(alone, Sampling(seed=4), "cpu").draw(x, numbers, range(5))
        assert (chosen == number).any()
        np.testing.assert_allclose(whole[chosen == number], drawn[chosen == number], rtol=1e-4, atol=1e-4)
    some = Sampler(loaded, Sampling(seed=4), "cpu").draw(x[[4, 1]], numbers[[4, 1]], [3, 0])
    np.testing.assert_allclose(some, whole[[4, 1]][:, [3, 0]], rtol=1e-4, atol=1e-4)


def test_members_choose_their_networks_alike_and_independently() -> None:
    days = np.arange(20010101, 20010101 + 400)
    chosen = network_of_member(0, days, range(20), 4)
    counts = np.bincount(chosen.ravel(), minlength=4)
    assert np.abs(counts - 2000).max() < 4 * np.sqrt(8000 * 3 / 16)
    same = np.mean(chosen[:, :-1] == chosen[:, 1:])
    assert same == pytest.approx(0.25, abs=4 * np.sqrt(3 / 16 / 7600))
    assert (network_of_member(0, days[::-1], [7, 2], 4) == chosen[::-1][:, [7, 2]]).all()
    assert (network_of_member(1, days, range(20), 4) != chosen).any()
    assert (network_of_member(0, days, range(20), 1) == 0).all()


def test_shares_hold_every_member_once() -> None:
    chosen = network_of_member(0, np.arange(20010101, 20010131), range(7), 3)
    found = np.full(chosen.shape, -1)
    for number, days, members in shares(range(3), chosen, 4):
        assert len(days) <= 4
        assert (found[days[:, None], members] == -1).all()
        found[days[:, None], members] = number
    assert (found == chosen).all()


def test_a_pool_that_is_there_is_resumed_or_refused(pooled: Run, prepared: Run, trained: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds a training already; add --resume"):
        train(config_of(), pooled)
    with pytest.raises(UserError, match="holds a training of one network; expected a pool"):
        train(config_of(), trained)
    with pytest.raises(UserError, match="there is nothing to resume"):
        train(config_of(), copy_of(prepared, tmp_path / "new"), resume=True)


def test_a_training_of_one_network_does_not_go_into_the_folder_of_a_pool(pooled: Run) -> None:
    with pytest.raises(UserError, match="holds a pool of networks"):
        train(config_of(train__pool=1), pooled)


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock; one that ended before it listened to signals leaves the file alone."""
    try:
        with lock.open() as file:
            return not try_lock(file.fileno())
    except FileNotFoundError:
        return False


def test_networks_that_are_stopped_are_gone_on_with(
    pooled: Run, prepared: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped with Ctrl-C and then killed while two networks are trained side by side; then gone on with one by one.

    The networks of a stopped command save their states and end, and the pool has the weights of one that was trained
    one by one from its beginning.
    """
    run = copy_of(prepared, tmp_path / "stopped")
    settings = tmp_path / "config.json"
    settings.write_text(config_of(train__save_last_seconds=0).model_dump_json(by_alias=True))
    command = ["train", "--config", str(settings), "--run", str(run.folder)]
    locks = [run.checkpoints / f".network-{number}.lock" for number in (1, 2)]
    for number, code, more in ((signal.SIGINT, 130, []), (signal.SIGKILL, -signal.SIGKILL, ["--resume"])):
        process = Command(*command, *more, environment={"OMP_NUM_THREADS": "2"})
        while not (run.network(1).holds_training and all(map(is_held, locks))):
            assert not process.ended(), process.errors()
            time.sleep(0.02)
        process.send(number)
        assert process.wait()[0] == code
        process.close()
        assert number == signal.SIGKILL or not list(run.checkpoints.glob("network-*/messages.txt"))
        for _ in range(600):  # until the networks have noticed that the command is gone
            if not any(map(is_held, locks)):
                break
            time.sleep(0.1)
    monkeypatch.setattr(pool, "networks_at_once", lambda config: 1)
    train(config_of(), run, resume=True)
    first, second = (checkpoint.load(one.checkpoints / "epoch_002").networks for one in (pooled, run))
    for a, b in zip(first, second, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_another_size_is_refused_and_changes_nothing(pooled: Run) -> None:
    before = (pooled.folder / "config.yaml").read_text()
    with pytest.raises(UserError, match=r"holds a pool with train\.pool = 2, found 3; resume with 2"):
        train(config_of(train__pool=3), pooled, resume=True)
    assert (pooled.folder / "config.yaml").read_text() == before
    assert not pooled.network(2).folder.exists()


def test_checkpoints_of_other_pools_go_and_those_of_a_user_stay(pooled: Run, tmp_path: Path) -> None:
    run = copy_of(pooled, tmp_path / "joined")
    for name in ("epoch_009", "mine"):
        for ending in (".safetensors", ".json", ".nc"):
            shutil.copy(run.checkpoints / f"best_prior{ending}", run.checkpoints / f"{name}{ending}")
    join_networks(config_of(), run)
    assert {path.stem for path in run.checkpoints.glob("*.nc")} >= {"mine", "best_prior", "epoch_001", "epoch_002"}
    assert not list(run.checkpoints.glob("epoch_009.*"))
    (run.network(1).checkpoints / "best_prior.safetensors").unlink()
    with pytest.raises(UserError, match="network 2 of the pool has no best_prior; expected one"):
        join_networks(config_of(), run)


def test_a_sweep_scores_checkpoints_that_differ_in_one_network(pooled: Run, tmp_path: Path) -> None:
    run = copy_of(pooled, tmp_path / "swept")
    for ending in (".safetensors", ".json", ".nc"):
        shutil.copy(run.network(1).folder / f"epoch_001{ending}", run.network(1).folder / f"best_prior{ending}")
        shutil.copy(run.network(0).folder / f"epoch_002{ending}", run.network(0).folder / f"best_prior{ending}")
    join_networks(config_of(), run)
    rows = [names for epoch, names in saved_epochs(run) if epoch == 1]
    assert ["best_prior"] in rows and any("epoch_002" in names for names in rows)


@pytest.fixture
def damaged(prepared: Run, tmp_path: Path) -> Run:
    run = copy_of(prepared, tmp_path / "failing")
    chunk = next(path for path in (run.store / "predictors" / "c").rglob("*") if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")
    return run


def test_a_network_that_fails_stops_the_pool_with_one_line(damaged: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "networks_at_once", lambda config: 2)
    monkeypatch.setattr(pool, "subprocess", FORKED_NETWORKS)
    with pytest.raises(UserError, match=r"network \d of the pool: .* is damaged: its checksum does not match"):
        pool.train_pool(config_of(), damaged)
    assert not list(damaged.checkpoints.glob("network-*/messages.txt"))


def test_the_process_of_a_network_is_one_of_the_interpreter(damaged: Run) -> None:
    """The others here are forked; this one is started as it is for users."""
    worker = pool._start(pool.config_of_network(config_of(), 1), damaged, 1, threads=1)
    assert worker.process.wait(120) == pool.REFUSED
    assert "is damaged: its checksum does not match" in worker.failure()
    worker.put_away()


def test_a_cross_fitted_pool_leaves_out_another_block_each(
    prepared: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_of(prepared, tmp_path / "crossed")
    monkeypatch.setattr(pool, "networks_at_once", lambda config: 1)
    train(config_of(train__cross_fit=True, train__epochs=1), run)
    rows = [json.loads(run.network(number).metrics_log.read_text().splitlines()[0]) for number in range(2)]
    observed = [row["validation"]["observed"]["mean"] for row in rows]
    assert observed[0] != observed[1]
    assert len(checkpoint.load(run.checkpoints / "best_prior").networks) == 2
