"""Work on many blocks, whose results come in the order of the blocks: by threads, or by the workers of a dask cluster.

A stage names its scheduler with ``workers``. Inside it, ``in_order`` sends work to the workers. What travels there are
paths, lazy arrays and numbers; a worker reads its block itself. A block whose worker is lost is done again by another.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import cloudpickle
import dask
import xarray as xr
from dask.base import compute, is_dask_collection, optimize
from dask.delayed import delayed
from dask.system import CPU_COUNT

from rainsmith.base.cluster import connected
from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.memory import keep_freed_memory

Job = tuple[Any, ...]
"""The arguments of one call."""
_RETRIES = 5  # of a block that fails, as files on a network sometimes do
_AHEAD = 2  # blocks that are sent for each thread of the workers, so that none of them waits for its next one
_LOOK_S = 10.0  # [s] after which it is looked whether a worker is left
_NO_WORKER_S = 600.0  # [s] without any worker, after which the work is given up
_LOST = "the connection to the scheduler was lost, and with it the work; start the scheduler and run again"
_client: ContextVar[Any] = ContextVar("client of a dask cluster", default=None)


@contextmanager
def workers(scheduler: str | None, *, sees: Sequence[Path] = ()) -> Iterator[None]:
    """In this block ``in_order`` works with the workers of a scheduler; None leaves the work to threads.

    Args:
        scheduler: the address of a scheduler; ``local`` starts worker processes on this machine.
        sees: paths that every worker must see.

    Raises:
        UserError: from ``cluster.connected``.
    """
    if scheduler is None:
        yield
        return
    with connected(scheduler, sees) as client:
        token = _client.set(client)
        try:
            yield
        finally:
            _client.reset(token)


def active() -> bool:
    """Whether there are workers, so that arrays should stay on disk until a worker reads them."""
    return _client.get() is not None


def in_order(function: Callable[..., Any], jobs: Iterable[Job], *, threads: int) -> Iterator[tuple[Job, Any]]:
    """Call a function for each job, several at a time, and give jobs and results in the order of the jobs.

    Args:
        function: lazy arrays among its arguments are read before it is called.
        jobs: the arguments of each call. Where there are workers, they travel, unless the first one holds fields in
            memory: these are worked on where they are.
        threads: calls at the same time without workers, at most, however many cores there are.

    Raises:
        UserError: the function raised it, all workers were lost, or one job has ended many of them.
    """
    jobs = iter(jobs)
    first = list(itertools.islice(jobs, 1))
    client, jobs = _client.get(), itertools.chain(first, jobs)
    in_memory = any(isinstance(one, xr.DataArray) and not is_dask_collection(one) for one in itertools.chain(*first))
    if client is not None and not in_memory:
        yield from _by_workers(client, function, jobs)
        return
    at_once = min(threads, dask.config.get("num_workers", None) or CPU_COUNT)
    if at_once == 1:  # in this thread, which knows the folder of large arrays
        for job in jobs:
            yield job, _call(function, job)
    while batch := list(itertools.islice(jobs, at_once)):
        results = compute(*[delayed(function, pure=False)(*job) for job in batch])  # type: ignore[no-untyped-call]
        yield from zip(batch, results, strict=True)


def _by_workers(client: Any, function: Callable[..., Any], jobs: Iterator[Job]) -> Iterator[tuple[Job, Any]]:
    """Few more jobs are sent than there are threads, so that results that wait for their turn take little memory."""
    sent: deque[tuple[Job, Any]] = deque()
    try:
        while True:
            room = max(1, _AHEAD * _threads_of(client)) - len(sent)
            for job in itertools.islice(jobs, max(room, 0)):
                packed = cloudpickle.dumps((function, optimize(*job)))  # type: ignore[no-untyped-call]
                sent.append((job, client.submit(_work, packed, pure=False, retries=_RETRIES)))
            if not sent:
                return
            job, future = sent.popleft()
            result = _wait(client, future)
            future.release()
            yield job, result
    finally:
        with suppress(OSError):  # the scheduler may be gone
            client.cancel([future for _, future in sent])


def _work(packed: bytes) -> Any:
    """What a worker does with a job; an error of the user is a result, since to try again would not mend it."""
    from distributed import get_worker

    keep_freed_memory()
    function, job = cloudpickle.loads(packed)
    with large_arrays_in(Path(get_worker().local_directory)):
        try:
            return _call(function, job)
        except UserError as error:
            return error


def _call(function: Callable[..., Any], job: Job) -> Any:
    return function(*compute(*job, traverse=False, scheduler="synchronous"))  # type: ignore[no-untyped-call]


def _threads_of(client: Any) -> int:
    """Threads of all workers that there are now."""
    try:
        return sum(client.nthreads().values())
    except OSError:
        raise UserError(_LOST) from None


def _wait(client: Any, future: Any) -> Any:
    """The result of a job."""
    from distributed import CancelledError, KilledWorker

    alone = 0.0
    while True:
        try:
            result = future.result(timeout=_LOOK_S)
        except TimeoutError:
            if future.status == "error":  # it is the job's own
                raise
            alone = 0.0 if _threads_of(client) else alone + _LOOK_S
            if alone == _LOOK_S:
                console.print("no worker is left; waiting for one")
            if alone >= _NO_WORKER_S:
                raise UserError(
                    f"there has been no worker for {_NO_WORKER_S:g} s; start some with 'dask worker' and run again"
                ) from None
        except KilledWorker:
            raise UserError(
                "several workers died, one after the other, at the same block of work, as they do where memory is "
                "short; give them more memory, or take fewer on a machine, and run again"
            ) from None
        except CancelledError:
            raise UserError(_LOST) from None
        else:
            if isinstance(result, UserError):
                raise result
            return result
