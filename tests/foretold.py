"""What an estimate says, beside what the stage takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from rainsmith.base.needs import Needs
from rainsmith.config import Config
from rainsmith.run_folder import Run

T = TypeVar("T")
FAR_OFF = 20
"""Times that an estimate may be off: a busy machine can slow one of the two alone."""


def foretold_and_done(
    needs: Callable[[Config, Run], Needs], stage: Callable[[Config, Run], T], config: Config, run: Run
) -> tuple[Needs, T]:
    """Estimate a stage, which must leave nothing, then run it, whose time must be near the estimate."""
    before = sorted(run.folder.rglob("*"))
    needed = needs(config, run)
    assert sorted(run.folder.rglob("*")) == before
    started = time.monotonic()
    done = stage(config, run)
    took = time.monotonic() - started
    assert took / FAR_OFF < needed.seconds < FAR_OFF * took
    return needed, done
