"""What an augmentation will take on this machine, from a few synthetic days that are drawn, judged and written."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from rainsmith.augment.stage import Augmented, synthesise
from rainsmith.augment.training_set import write_training_set
from rainsmith.base.dims import SPLITS, TIME
from rainsmith.base.files import size_of
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.needs import Needs, Trend, measured
from rainsmith.config import Config
from rainsmith.run_folder import Run

FEW, MORE = 1, 2
"""Batches of ``sampling.batch_size`` synthetic days in the two sizes of augmentations that are made."""
WRITTEN = 64
"""Days that are written, the last ones of the training set."""


def needs(config: Config, run: Run) -> Needs:
    """Make a few synthetic days, rejected ones included, and write some days into a folder that is removed.

    Args:
        config: the configuration.
        run: the run folder, trained.

    Raises:
        UserError: as ``augment``.
    """
    with large_arrays_in(run.folder):
        trend, made = synthesis(config, run)
        training_set = made.training_set.isel({TIME: slice(-WRITTEN, None)})
        with tempfile.TemporaryDirectory(prefix="rainsmith-augment-") as folder:
            started = time.monotonic()
            write_training_set(training_set, Path(folder) / "augmented.zarr", Path(folder) / "augmented_npy")
            of_a_day = (time.monotonic() - started) / training_set.sizes[TIME]
            size = size_of(Path(folder)) / training_set.sizes[TIME]
    real, wanted = numbers_of_days(config, run)
    seconds = trend.seconds_of(wanted) + of_a_day * (real + wanted)
    of = f"{wanted} synthetic days for {real} real ones"
    return Needs(seconds, trend.memory_of(wanted), size * (real + wanted), of)


def synthesis(config: Config, run: Run) -> tuple[Trend, Augmented]:
    """What synthetic days take until they are written, and the few that were made.

    Raises:
        UserError: as ``augment``.
    """
    real, wanted = numbers_of_days(config, run)
    made = list[Augmented]()

    def synthesise_few(count: int) -> None:
        settings = config.augment.model_copy(update={"ratio": count / real})
        made[:] = [synthesise(config.model_copy(update={"augment": settings}), run)]

    sizes = (min(batches * config.sampling.batch_size, max(wanted, 1)) for batches in (FEW, MORE))
    return measured(synthesise_few, *sizes), made[0]


def numbers_of_days(config: Config, run: Run) -> tuple[int, int]:
    """The numbers of training days and of the synthetic days that are wanted."""
    real = int((run.open_store()["split"].values == SPLITS.index("train")).sum())
    return real, round(config.augment.ratio * real)
