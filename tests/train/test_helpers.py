"""A training that starts processes of its own to share its steps."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
import torch

from rainsmith.base.errors import UserError
from rainsmith.base.processes import world_size
from rainsmith.config import Config
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.train.helpers import processes_for
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.small import small_config

SMALL = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1], "x_blocks": 1}


def config_of(**more: object) -> Config:
    settings = {"train__processes": 2, "train__epochs": 2, "train__lr": 2e-3, "train__min_heavy_fraction": 0.0, **more}
    return small_config(model=SMALL, **settings)


def helpers_of(pid: int) -> list[int]:
    """The processes that a process has started to share its steps."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            if b"rainsmith.train.helper_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def test_no_more_processes_than_days_of_a_batch_and_one_under_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes_for(config_of(train__processes=3)) == 3
    assert processes_for(config_of(train__processes=3, train__batch_size=2)) == 2
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert processes_for(config_of(train__processes=3)) == 1


def test_two_processes_share_the_steps_and_one_that_is_lost_is_said(prepared: Run, tmp_path: Path) -> None:
    """The training goes on with the same weights, as if no process had been lost."""
    whole, lost = (copy_of(prepared, tmp_path / name) for name in ("whole", "lost"))
    threads = torch.get_num_threads()
    train(config_of(), whole)
    assert world_size() == 1 and torch.get_num_threads() == threads and not helpers_of(os.getpid())

    def kill_after_the_first_epoch() -> None:
        while not (lost.checkpoints / "epoch_001.safetensors").exists():
            time.sleep(0.01)
        for helper in helpers_of(os.getpid()):
            os.kill(helper, signal.SIGKILL)

    killer = threading.Thread(target=kill_after_the_first_epoch)
    killer.start()
    with pytest.raises(UserError, match=r"a process of the training ended before it .*; go on with --resume"):
        train(config_of(train__save_last_seconds=0), lost)
    killer.join()
    train(config_of(), lost, resume=True)
    first, second = (checkpoint.load(run.checkpoints / "epoch_002").networks[0] for run in (whole, lost))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_process_that_cannot_start_is_said(prepared: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = copy_of(prepared, tmp_path / "broken")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(broken))
    with pytest.raises(UserError, match=r"did not start \(no memory\); set train.processes: 1"):
        train(config_of(), run)
