"""How long a step of a training takes on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.train.job import set_up
from rainsmith.train.loop import take_step
from rainsmith.train.optimise import keep_buffers_mapped

WARM_UP = 2
"""First steps that are not counted where there are more: they take memory and choose kernels."""


@dataclass(frozen=True)
class Timing:
    """What was measured.

    Attributes:
        seconds: [s] median time of a step.
        steps: number of steps that were counted.
        batch_size: days of a step.
        precision: fp32 or bf16.
        device: cpu or cuda.
    """

    seconds: float
    steps: int
    batch_size: int
    precision: str
    device: str


def time_steps(config: Config, run: Run, *, at_most: float) -> Timing:
    """Take the first steps of a training and time them; nothing of it is kept but what is written into the run folder.

    Args:
        config: the configuration, with a value for every key.
        run: a run folder, prepared, that holds no training.
        at_most: [s] no further step is begun after this time; two are taken in any case.

    Raises:
        UserError: what ``train`` refuses before its first step.
    """
    keep_buffers_mapped()
    job = set_up(config, run, resume=False)
    batches = job.batches()
    times: list[float] = []
    started = time.monotonic()
    for batch in job.remaining(batches):
        before = time.monotonic()
        take_step(job, batch, len(batches))  # reads the loss, so that a GPU has finished
        times.append(time.monotonic() - before)
        if len(times) > 1 and time.monotonic() - started > at_most:
            break
    counted = times[WARM_UP:] or times[-1:]
    return Timing(
        seconds=float(np.median(counted)),
        steps=len(counted),
        batch_size=config.train.batch_size,
        precision=str(job.state["precision"]),
        device=job.fabric.device.type,
    )
