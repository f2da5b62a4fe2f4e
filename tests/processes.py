"""Commands in processes of their own that begin at once: they are forked from one that has imported the package.

Importing it takes as long as a small training. A forked process has its own number, signals, locks and output, as one
that a shell starts.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rainsmith.pipeline import BY_NAME
from tests.small import CURVE_DAYS

_CONTEXT = multiprocessing.get_context("forkserver")
_LATE = ["distributed", "pint"]
"""What dask imports at its first graph, and xarray at its first index."""
_STAGES = [stage.module for stage in BY_NAME.values()]
_CONTEXT.set_forkserver_preload([*_LATE, "rainsmith.cli.main", "rainsmith.train.network_process", *_STAGES])
QUIET = {"RAINSMITH_QUIET": "1", "OMP_NUM_THREADS": "1"}


def start_server() -> None:
    """Start the process from which others are forked, with what it imports here; dask would have it import less."""
    ensure_running()


def _settle(out: str, errors: str, environment: dict[str, str]) -> None:
    """Give this process its output and environment, and what trainings of the tests' own process have."""
    for number, path in ((1, out), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ |= environment
    import torch

    from rainsmith.train import loop

    for name in ("MOST_DAYS", "MOST_DAYS_EARLY"):
        setattr(loop, name, CURVE_DAYS)
    torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))  # torch was imported with those of the tests


def _work(arguments: list[str], out: str, errors: str, environment: dict[str, str]) -> None:
    _settle(out, errors, environment)
    from rainsmith.cli.main import main
    from rainsmith.train import pool

    multiprocessing.current_process().daemon = False  # it may have processes of its own
    pool.subprocess = FORKED_NETWORKS  # type: ignore[assignment]
    main(arguments)


def _train_network(arguments: list[str], stdin: Connection, messages: str, environment: dict[str, str]) -> None:
    os.setsid()
    os.dup2(stdin.fileno(), 0)
    stdin.close()
    _settle(messages, messages, environment)
    from rainsmith.train.network_process import main

    raise SystemExit(main(arguments[0], int(arguments[1])))


class _ForkedNetwork:
    """A process that trains one network of a pool: what ``subprocess.Popen`` starts, but it imports nothing anew."""

    def __init__(self, command: list[str], *, stdout: Any, env: dict[str, str], **others: Any) -> None:
        asked = {"stdin": subprocess.PIPE, "stderr": stdout, "start_new_session": True}
        assert command[1:3] == ["-m", "rainsmith.train.network_process"] and others == asked
        reading, self.stdin = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_train_network, args=(command[3:], reading, stdout.name, env))
        self._process.start()
        reading.close()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    poll = returncode.fget

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self) -> None:
        self._process.join()


FORKED_NETWORKS = SimpleNamespace(Popen=_ForkedNetwork, PIPE=subprocess.PIPE)
"""What the module ``subprocess`` is to the pool: a network's process has its own number, session, signals and files."""


def _launch(work: Callable[..., None], arguments: tuple[object, ...], errors: str) -> None:
    """What ``torchrun --standalone --nproc-per-node=2`` does, but the two are forked and import nothing anew."""
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.environ |= QUIET
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    two = LaunchConfig(1, 1, 2, rdzv_backend="c10d", rdzv_endpoint="localhost:0", run_id="two", start_method="fork")
    elastic_launch(two, work)(*arguments)


def by_two_processes(work: Callable[..., None], *arguments: object, seconds: float = 300) -> None:
    """Let the launcher of ``torchrun`` call a function of a module in two processes."""
    with tempfile.NamedTemporaryFile("r") as errors:
        process = _CONTEXT.Process(target=_launch, args=(work, arguments, errors.name))
        process.start()
        process.join(seconds)
        code = process.exitcode
        process.kill()
        assert code == 0, errors.read()[-3000:]


class Command:
    """One command that runs beside the tests.

    Args:
        arguments: the command and its options.
        environment: further variables of its environment.
    """

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self._out, self._errors = (Path(self.folder.name) / name for name in ("out", "errors"))
        given = QUIET | (environment or {})
        work = (list(arguments), str(self._out), str(self._errors), given)
        self._process = _CONTEXT.Process(target=_work, args=work, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def ended(self) -> bool:
        return not self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = 120) -> tuple[int, str]:
        """Exit code, negative where a signal ended it, and what it wrote on standard error."""
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, f"still running after {seconds} s: {self.errors()}"
        return code, self.errors()

    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8") if self._errors.exists() else ""

    def wait_for(self, path: Path, seconds: float = 120) -> None:
        """Until a file is there."""
        end = time.monotonic() + seconds
        while not path.exists():
            assert not self.ended() and time.monotonic() < end, self.errors()
            time.sleep(0.01)

    def close(self) -> None:
        """Kill it where it still runs."""
        self._process.kill()
        self._process.join(60)
        self.folder.cleanup()
