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
from rainsmith.base.needs import Needs, measured
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
    real = int((run.open_store()["split"].values == SPLITS.index("train")).sum())
    wanted, made = round(config.augment.ratio * real), list[Augmented]()

    def synthesise_few(count: int) -> None:
        settings = config.augment.model_copy(update={"ratio": count / real})
        made[:] = [synthesise(config.model_copy(update={"augment": settings}), run)]

    with large_arrays_in(run.folder):
        sizes = (min(batches * config.sampling.batch_size, max(wanted, 1)) for batches in (FEW, MORE))
        trend = measured(synthesise_few, *sizes)
        training_set = made[0].training_set.isel({TIME: slice(-WRITTEN, None)})
        with tempfile.TemporaryDirectory(prefix="rainsmith-augment-") as folder:
            started = time.monotonic()
            write_training_set(training_set, Path(folder) / "augmented.zarr", Path(folder) / "augmented_npy")
            of_a_day = (time.monotonic() - started) / training_set.sizes[TIME]
            size = size_of(Path(folder)) / training_set.sizes[TIME]
    seconds = trend.seconds_of(wanted) + of_a_day * (real + wanted)
    of = f"{wanted} synthetic days for {real} real ones"
    return Needs(seconds, trend.memory_of(wanted), size * (real + wanted), of)
