"""A program that kills a SampleWriter just before each of the file operations with which it closes a finished store.

``python killed_writer.py FOLDER`` prints one JSON line a kill: the operation, what of the old store was there then, and
what was there after the same sampling had run again. Children are forked before any library starts a thread.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed  # noqa: F401  dask imports it for its first graph, which would take each child a third of a second
import numpy as np
import pint  # noqa: F401  xarray imports it at its first index, which would take each child half a second
import xarray as xr

from rainsmith.sample.attributes import form_of_members
from rainsmith.sample.files import SampleWriter

OPERATIONS = {"open": 9, "os.rename": 9, "os.mkdir": 9, "os.remove": 2, "os.rmdir": 2}
"""Operations before which it is killed, and before how many of each: those that remove the old store are many."""


def draw(target: Path, seed: int, kill_at: int | None = None, count_to: Path | None = None) -> None:
    """Write all batches of a request, and be killed just before an operation of ``close`` or count them."""
    time = xr.date_range("2001-01-01", periods=4, use_cftime=False)
    days = xr.Dataset(coords={"time": time, "y": [0.0, 1.0], "x": [0.0, 1.0, 2.0]})
    writer = SampleWriter(target, form_of_members(days, 2, {"seed": seed}), batch_size=2)
    for batch in range(writer.n_batches):
        if not writer.has(batch):
            writer.write(batch, {"precip": np.full((2, 2, 2, 3), float(seed), dtype=np.float32)})
    seen: list[str] = []

    def hook(event: str, given: Any) -> None:
        if event == "open" and not given[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if event in OPERATIONS and seen.count(event) < OPERATIONS[event]:
            seen.append(event)
            if len(seen) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    writer.close()
    if count_to is not None:
        count_to.write_text(str(len(seen)))


def child(work: Callable[[], None]) -> int:
    """Exit code of a forked process that does some work; negative where a signal ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def state_of(target: Path, answer: Path) -> Any:
    """The values of a store, or why it cannot be read."""

    def look() -> None:
        with xr.open_zarr(target, consolidated=False) as opened:
            values = [float(value) for value in np.unique(opened["precip"].values)]
        answer.write_text(json.dumps(values))

    answer.unlink(missing_ok=True)
    return json.loads(answer.read_text()) if child(look) == 0 else "cannot be read"


def main(folder: Path) -> None:
    finished, count, answer = folder / "finished", folder / "count", folder / "answer"
    assert child(lambda: draw(finished / "made.zarr", 1)) == 0
    trial = folder / "trial"

    def fresh() -> Path:
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(finished, trial)
        return trial / "made.zarr"

    target = fresh()
    assert child(lambda: draw(target, 2, count_to=count)) == 0
    for at in range(1, int(count.read_text()) + 1):
        target = fresh()
        code = child(lambda: draw(target, 2, kill_at=at))  # noqa: B023
        then = state_of(target, answer)
        again = child(lambda: draw(target, 2))  # noqa: B023
        line = {"at": at, "code": code, "then": then, "again": again, "end": state_of(target, answer)}
        print(json.dumps(line | {"left": sorted(path.name for path in trial.iterdir())}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
