"""Trains the networks of a pool, several at a time on a CPU, and joins their checkpoints."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rainsmith.base.console import console, progress
from rainsmith.base.errors import Interrupted, UserError
from rainsmith.base.locks import writing
from rainsmith.base.processes import is_main, world_size
from rainsmith.config import Config, load_config
from rainsmith.models.precision import pick_device
from rainsmith.run_folder import Run
from rainsmith.train.distributed import stop_signals
from rainsmith.train.folds import Fold
from rainsmith.train.joining import join_networks
from rainsmith.train.log import read_log
from rainsmith.train.loop import train_network

_SEEDS = 0x706F6F6C  # "pool" in ASCII: keeps the networks' seeds apart from other uses of the same seed
REFUSED, STOPPED = 2, 130
"""Exit codes of a network's process: it says why in one line, or it was asked to stop."""
_LOOK_EVERY = 0.5
"""[s] Time between two looks at the networks that are being trained."""


def train_pool(config: Config, run: Run, *, resume: bool = False) -> None:
    """Train ``train.pool`` networks, each with a seed of its own, and join their checkpoints under one name each.

    On a CPU as many are trained at a time as there are threads, each in a process of its own; on a GPU, and under
    ``torchrun``, one after another.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        resume: whether a training that was stopped goes on.

    Raises:
        UserError: a training is there already, or another one than of this pool; or from one of the networks.
        Interrupted: SIGINT or SIGTERM came; the states are saved.
    """
    _refuse_other_training(config, run, resume=resume)
    at_once = networks_at_once(config)
    with_its_share = config
    if config.train.max_minutes is not None:
        rounds = -(-config.train.pool // at_once)
        with_its_share = _with_train(config, max_minutes=config.train.max_minutes / rounds)
    settings = [config_of_network(with_its_share, number) for number in range(config.train.pool)]
    if is_main():
        run.write_config(config)
    if at_once == 1:
        for number, one in enumerate(settings):
            _train_here(one, run.network(number), fold_of(config, number))
    else:
        _train_side_by_side(config, settings, run, at_once)
    if is_main():
        join_networks(config, run)


def networks_at_once(config: Config) -> int:
    """How many networks are trained at a time on this machine."""
    if world_size() > 1 or pick_device(config.device).type != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(config.train.pool, torch.get_num_threads(), cores))


def config_of_network(config: Config, number: int) -> Config:
    """The configuration of one network of a pool: that of the pool with another seed."""
    seed = np.random.SeedSequence([config.seed, _SEEDS, number]).generate_state(1)[0] >> 1
    return config.model_copy(update={"seed": int(seed)})


def fold_of(config: Config, number: int) -> Fold | None:
    """The block of years that chooses for a network, where the pool is cross-fitted."""
    return Fold(number, config.train.pool) if config.train.cross_fit else None


def _with_train(config: Config, **changed: object) -> Config:
    return config.model_copy(update={"train": config.train.model_copy(update=changed)})


def _refuse_other_training(config: Config, run: Run, *, resume: bool) -> None:
    if (run.checkpoints / "last.ckpt").exists():
        raise UserError(f"{run.checkpoints} holds a training of one network; expected a pool; give another --run")
    if run.holds_training and not resume:
        raise UserError(f"{run.checkpoints} holds a training already; add --resume to go on, or give another --run")
    if resume and not run.holds_training:
        raise UserError(f"{run.checkpoints} holds no training: there is nothing to resume; train without --resume")
    of_first = run.network(0).folder / "config.yaml"
    if resume and of_first.is_file():
        begun = load_config(of_first).train
        for name in ("pool", "cross_fit"):
            was, now = getattr(begun, name), getattr(config.train, name)
            if was != now:
                raise UserError(
                    f"{run.checkpoints} holds a pool with train.{name} = {was}, found {now}; resume with {was}"
                )


def _train_here(config: Config, network: Run, fold: Fold | None) -> None:
    """Train one network in this process, or in all processes of ``torchrun``."""
    with ExitStack() as lock:
        if is_main():
            _clear_unless_begun(network)
            lock.enter_context(writing(network.folder, "rainsmith train"))
        train_network(config, network, fold, resume=network.holds_training)


def _clear_unless_begun(network: Run) -> None:
    """Remove what a training left that was killed before its first state."""
    if not network.holds_training:
        shutil.rmtree(network.folder, ignore_errors=True)


@dataclass
class _Worker:
    """A process that trains one network."""

    number: int
    process: subprocess.Popen[bytes]
    messages: Path

    def failure(self) -> str:
        """Why it failed: its own line, or where its messages lie after a crash."""
        said = self.messages.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if self.process.returncode == REFUSED and said:
            return said[-1]
        if self.process.returncode == -signal.SIGKILL:
            return "killed, as systems do where memory is short; OMP_NUM_THREADS=1 trains one network at a time"
        kept = self.messages.with_name("crash.txt")
        self.messages.replace(kept)
        return f"its process ended with exit code {self.process.returncode}; expected 0; {kept} holds what it said"

    def put_away(self) -> None:
        """Leave nothing behind of a process that has ended."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.messages.unlink(missing_ok=True)


def _train_side_by_side(config: Config, settings: list[Config], run: Run, at_once: int) -> None:
    """Train the networks in processes, so many at a time; all are stopped where one fails or a signal comes."""
    threads = max(1, torch.get_num_threads() // at_once)
    console.print(f"{len(settings)} networks, {at_once} at a time with {threads} thread(s) each")
    waiting, working, done = list(range(len(settings))), list[_Worker](), 0
    epochs = config.train.planned_epochs
    with stop_signals() as stop, progress() as bar:
        task = bar.add_task("train", total=epochs * len(settings), note="")
        try:
            while waiting or working:
                while waiting and len(working) < at_once and not stop.requested:
                    working.append(_start(settings[waiting[0]], run, waiting.pop(0), threads))
                time.sleep(_LOOK_EVERY)
                if stop.requested:
                    raise Interrupted("stopped; what the networks have saved stays: go on with --resume")
                for worker in [worker for worker in working if worker.process.poll() is not None]:
                    if worker.process.returncode:
                        raise UserError(f"network {worker.number + 1} of the pool: {worker.failure()}")
                    worker.put_away()
                    working.remove(worker)
                    done += 1
                trained = sum(len(_rows(run, worker.number)) for worker in working)
                note = f"{done} of {len(settings)} networks done"
                bar.update(task, completed=min(done * epochs + trained, epochs * len(settings)), note=note)
        finally:
            _stop(working)


def _rows(run: Run, number: int) -> list[object]:
    with suppress(UserError):
        return list(read_log(run.network(number).metrics_log))
    return []


def _start(config: Config, run: Run, number: int, threads: int) -> _Worker:
    """Start a process; it ends by itself when its standard input is closed, however this process ends.

    It has a session of its own, so that Ctrl-C reaches this process alone, which asks once.
    """
    network = run.network(number)
    _clear_unless_begun(network)
    network.folder.mkdir(parents=True, exist_ok=True)
    network.write_config(config)
    messages = network.folder / "messages.txt"
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "RAINSMITH_QUIET": "1"}
    command = [sys.executable, "-m", "rainsmith.train.network_process", str(run.folder), str(number)]
    with messages.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=file, stderr=file, env=environment, start_new_session=True
        )
    return _Worker(number, process, messages)


def _stop(workers: list[_Worker]) -> None:
    """Ask processes to save their states and end, and wait for them."""
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.send_signal(signal.SIGTERM)
    for worker in workers:
        worker.process.wait()
        worker.put_away()
