"""The speed test: a few steps of the network that ``rainsmith demo`` trains."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from rainsmith.base.console import console
from rainsmith.base.dims import X, Y
from rainsmith.config import Config, load_config
from rainsmith.data.demo.configuration import demo_file
from rainsmith.models.precision import pick_device, training_precision
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from rainsmith.train.estimate import estimate
from rainsmith.train.recipe import settled

FEW_YEARS = {
    "data.demo.years": 3,
    "data.splits": {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]},
}
"""The demo's configuration on a year of each split, which a step does not depend on."""
YEARS, SIDE, EPOCHS = 10, 100, 15
"""A region for comparison: years of training days, cells along each side, and epochs."""


@dataclass(frozen=True)
class Speed:
    """The result of the speed test.

    Attributes:
        step: [s] a step of the optimiser.
        days: of a step.
        precision: fp32 or bf16.
        device: cpu or cuda.
        rows, columns: of the grid.
        demo_seconds: [s] the steps of the training of ``rainsmith demo``.
        region_seconds: [s] the steps of a training on the region for comparison.
    """

    step: float
    days: int
    precision: str
    device: str
    rows: int
    columns: int
    demo_seconds: float
    region_seconds: float


def speed_test(device: str = "auto") -> Speed:
    """Take a few steps of the demo's network in a folder that is removed, about ten seconds in all.

    Args:
        device: auto, cpu or cuda.

    Raises:
        UserError: CUDA is asked for and missing, or the disk is too small.
    """
    with demo_file() as file:
        whole = load_config(file)
        config = load_config(file, overrides={**FEW_YEARS, "device": device})
    was_quiet, console.quiet = console.quiet, True
    try:
        with tempfile.TemporaryDirectory(prefix="rainsmith-doctor-") as folder:
            run = Run(Path(folder))
            prepare(config, run)
            store = run.open_store()
            config, _ = settled(config, store)
            step = estimate(config, store).step
            rows, columns = store.sizes[Y], store.sizes[X]
    finally:
        console.quiet = was_quiet
    days, epochs = training_days(whole), config.train.planned_epochs
    of_day, on = step / config.train.batch_size, pick_device(device)
    return Speed(
        step=step,
        days=config.train.batch_size,
        precision=training_precision(config.train.precision, on),
        device=on.type,
        rows=rows,
        columns=columns,
        demo_seconds=of_day * days * epochs,
        region_seconds=of_day * SIDE**2 / (rows * columns) * 365.25 * YEARS * EPOCHS,
    )


def training_days(config: Config) -> float:
    """About how many training days a configuration of the embedded climate has."""
    first, last = (int(str(end)[:4]) for end in config.data.splits.train[:2])
    return 365.25 * (last - first + 1)
