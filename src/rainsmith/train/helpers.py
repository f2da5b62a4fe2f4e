"""A training on a CPU shares its steps with processes that it starts itself, where ``train.processes`` asks for them.

Threads of one process wait for each other many times a step, which is slow where other programs are busy; processes
wait once. To the rest of the program they are what ``torchrun`` starts, and this process is the first of them.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import torch

from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.processes import world_size
from rainsmith.config import Config
from rainsmith.models.precision import pick_device
from rainsmith.run_folder import Run

_A_MOMENT = 2.0
"""[s] Time after a failure in which it shows whether a process was lost."""


def processes_for(config: Config) -> int:
    """How many processes share the steps of one network: one on a GPU and under ``torchrun``.

    Args:
        config: a settled configuration.
    """
    if world_size() > 1 or pick_device(config.device).type != "cpu":
        return 1
    return min(config.train.processes, config.train.batch_size)


@contextmanager
def helped(config: Config, run: Run, *, resume: bool) -> Iterator[None]:
    """In this block ``train_network`` is one of ``processes_for`` processes; the others have ended when it ends.

    Args:
        config: a settled configuration of one network.
        run: the run folder, prepared.
        resume: whether a training that was stopped goes on.

    Raises:
        UserError: a process could not start, or ended before the training.
    """
    count = processes_for(config)
    if count == 1:
        yield
        return
    threads = torch.get_num_threads()
    group = {
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "GLOO_SOCKET_IFNAME": os.environ.get("GLOO_SOCKET_IFNAME", _loopback()),
    }
    console.print(f"{count} processes share each step, with {max(1, threads // count)} thread(s) each")
    with ExitStack() as stack:
        messages = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "messages"
        environment = {**os.environ, **group, "OMP_NUM_THREADS": str(max(1, threads // count)), "RAINSMITH_QUIET": "1"}
        helpers: list[subprocess.Popen[str]] = []
        stack.callback(_end, helpers)
        for rank in range(1, count):
            helpers.append(_start(rank, environment, messages))
        values = {"config": config.model_dump(mode="json", by_alias=True), "run": str(run.folder), "resume": resume}
        for helper in helpers:
            assert helper.stdin is not None
            with suppress(BrokenPipeError):
                helper.stdin.write(json.dumps(values) + "\n")
                helper.stdin.flush()
        for helper in helpers:
            assert helper.stdout is not None
            if not helper.stdout.readline():  # it says when it is ready
                why = _last_line(messages) or "it said nothing"
                raise UserError(f"a process of the training did not start ({why}); set train.processes: 1")
        stack.callback(torch.set_num_threads, threads)
        torch.set_num_threads(max(1, threads // count))
        stack.enter_context(_environment({**group, "RANK": "0", "LOCAL_RANK": "0"}))
        stack.callback(_leave_group)
        try:
            yield
        except RuntimeError as error:
            if not _have_ended(helpers):
                raise
            why = _last_line(messages) or "killed, as systems do where memory is short"
            raise UserError(
                f"a process of the training ended before it ({why}); go on with --resume, and where memory is short "
                "with train.processes: 1"
            ) from error


def _start(rank: int, environment: Mapping[str, str], messages: Path) -> subprocess.Popen[str]:
    """Start a process; it ends by itself when its standard input is closed, however this process ends.

    It has a session of its own, so that Ctrl-C reaches this process alone, which tells the others.
    """
    with messages.open("a") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "rainsmith.train.helper_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            start_new_session=True,
            text=True,
        )


def _end(helpers: list[subprocess.Popen[str]]) -> None:
    """End the processes, which hold nothing that must be saved."""
    for helper in helpers:
        helper.kill()
    for helper in helpers:
        helper.wait()
        for stream in (helper.stdin, helper.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()


def _have_ended(helpers: list[subprocess.Popen[str]]) -> bool:
    """Whether one of them ended by itself; the system may need a moment to know."""
    with suppress(subprocess.TimeoutExpired):
        for helper in helpers:
            helper.wait(_A_MOMENT)
    return any(helper.poll() is not None for helper in helpers)


def _leave_group() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _loopback() -> str:
    """Name of the network interface that reaches this machine alone."""
    return next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")


def _last_line(messages: Path) -> str:
    lines = messages.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
