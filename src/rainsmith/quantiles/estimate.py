"""What quantiles of members will take on this machine: time, memory and disk, from a few days that are drawn."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from rainsmith.base.dims import TIME, in_split
from rainsmith.base.files import size_of
from rainsmith.base.needs import Needs, measured
from rainsmith.config import Config
from rainsmith.data.store import fingerprint_of
from rainsmith.quantiles.fields import write_fields
from rainsmith.quantiles.fitting import kept_calibration, parts_of
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.days import select_days
from rainsmith.sample.estimate import untrained
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import checkpoint_of

FEW, MORE = 1, 4
"""Days that are drawn."""


def needs(config: Config, run: Run) -> Needs:
    """Draw the members of a few days and write their quantiles into a folder that is removed.

    The calibration counts where it is not there yet. Scoring and NetCDF copies are not counted.

    Args:
        config: a settled configuration.
        run: the run folder, prepared.

    Raises:
        UserError: the named checkpoint is missing or of another grid, or no day is asked for.
    """
    store, settings, asked = run.open_store(), config.sampling, config.quantiles
    source = checkpoint_of(config, run, store) if run.holds_training else untrained(config, store)
    sampler = Sampler(source, settings, config.device)
    days = {split: select_days(in_split(store, split), settings.days, split) for split in settings.splits}
    number, some = sum(part.sizes[TIME] for part in days.values()), next(iter(days.values()))
    extra = 0
    if asked.calibrate and kept_calibration(run, source, config, fingerprint_of(store)) is None:
        extra = sum(part.sizes[TIME] for _, part in parts_of(config, run, store, source, sampler))

    def draw(count: int) -> float:
        chosen = some.isel({TIME: np.linspace(0, some.sizes[TIME] - 1, count).astype(int)})
        with tempfile.TemporaryDirectory(prefix="rainsmith-quantiles-") as folder:
            target = Path(folder) / f"{count}.zarr"
            attrs = sample_attributes(source, sampler, "prior", "test", config)
            write_fields(sampler, chosen, target, asked, None, attrs)
            return size_of(target)

    trend = measured(draw, *(min(count, some.sizes[TIME]) for count in (FEW, MORE)), warm_up=True)
    of = f"{number} days of {asked.members} members" + (f", {extra} for the calibration" if extra else "")
    return Needs(trend.seconds_of(number + extra), trend.memory_of(1), trend.disk_of(number), of)
