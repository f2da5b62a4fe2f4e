"""Processes of dask.distributed: those of a scheduler that runs already, or as many as this machine has room for."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
from dask.system import CPU_COUNT

from rainsmith import __version__
from rainsmith.base.errors import UserError
from rainsmith.base.memory import memory

LOCAL = "local"
"""The option that starts processes on this machine."""
EXPECTED = f"expected an address such as tcp://host:8786, or '{LOCAL}' for processes of this machine"
_CONNECT_S = 30  # [s] to wait for the scheduler and its first worker
_SHARE = 0.7  # of the free memory that workers of this machine get: this process takes some, too
_LEAST_BYTES = 2**31  # [bytes] of a worker of this machine: it takes 1.1 GiB, and waits above 0.8 of its limit
_WORKERS_LOST = 10  # workers that may die with a block, before it is given up


@contextmanager
def connected(scheduler: str, sees: Sequence[Path]) -> Iterator[Any]:
    """A client of the scheduler, which is closed behind the block; processes that were started for it end.

    Args:
        scheduler: ``local``, or the address of a scheduler.
        sees: paths that every worker must see under the same name.

    Raises:
        UserError: that is no address, dask.distributed is not installed, nobody answers at the address, there is no
            worker, or a worker has another rainsmith or does not see the paths.
    """
    if scheduler != LOCAL and not re.fullmatch(r"(tcp|tls)://.+:\d+", scheduler):
        raise UserError(f"--scheduler is '{scheduler}'; {EXPECTED}")
    try:
        import distributed
    except ImportError:
        raise UserError(
            "--scheduler needs the package distributed, which is not installed; run pip install 'rainsmith[cluster]'"
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # losses that are made good need no word
    if scheduler == LOCAL:
        count, limit = local_workers()
        with (
            dask.config.set({"distributed.scheduler.allowed-failures": _WORKERS_LOST}),
            distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=count,
                threads_per_worker=1,
                memory_limit=limit,
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,  # type: ignore[no-untyped-call]
        ):
            yield client
        return
    try:
        client = distributed.Client(  # type: ignore[no-untyped-call]
            scheduler, timeout=_CONNECT_S, set_as_default=False
        )
    except OSError:
        raise UserError(
            f"no scheduler answers at {scheduler} within {_CONNECT_S} s; start one with 'dask scheduler', or correct "
            "--scheduler"
        ) from None
    with client:
        _refuse_unlike_workers(client, scheduler, [path.resolve() for path in sees])
        yield client


def local_workers() -> tuple[int, int]:
    """Number of processes for this machine, at most one a core, and the memory [bytes] that each may take."""
    cores = dask.config.get("num_workers", None) or CPU_COUNT
    room = int(_SHARE * memory().free)
    if not room:  # unknown
        return cores, 0
    count = max(1, min(cores, room // _LEAST_BYTES))
    return count, room // count


def _refuse_unlike_workers(client: Any, scheduler: str, sees: Sequence[Path]) -> None:
    """Say in one line now what would end each block of work later."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except TimeoutError:
        raise UserError(f"the scheduler at {scheduler} has no worker; start some with 'dask worker {scheduler}'") from (
            None
        )
    try:
        found = client.run(_look, [str(path) for path in sees])
    except Exception as error:  # what a worker lacks is any error of an import
        raise UserError(
            f"a worker of {scheduler} cannot use rainsmith ({type(error).__name__}: {str(error)[:100]}); install "
            f"rainsmith {__version__} in the environment of the workers"
        ) from None
    for worker, (version, missing) in found.items():
        if version != __version__:
            raise UserError(
                f"worker {worker} has rainsmith {version}; expected {__version__}; install the same version everywhere"
            )
        if missing:
            raise UserError(
                f"worker {worker} does not see {missing[0]}; workers read the files themselves: put them where all "
                "machines see them under the same path"
            )


def _look(sees: list[str]) -> tuple[str, list[str]]:
    """What a worker has: the version of rainsmith, and the paths that are not there."""
    return __version__, [path for path in sees if not os.path.exists(path)]
