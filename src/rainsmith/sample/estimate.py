"""What a sampling will take on this machine: time, memory and disk, from a few days that are drawn and written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, in_split
from rainsmith.base.files import size_of
from rainsmith.base.needs import Needs, Trend, measured
from rainsmith.config import Config
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.models.generative import build_model
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.days import select_days
from rainsmith.sample.draw import draw_days
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import checkpoint_of, modes_of

FEW, MORE = 4, 16
"""Days of the two sizes of batches that are drawn."""


def needs(config: Config, run: Run) -> Needs:
    """Draw a few days in each mode and write them into a folder that is removed.

    Before the training the network has weights at random, which take as long; the members' size on disk is then that
    before compression. NetCDF copies are not counted.

    Args:
        config: a settled configuration.
        run: the run folder, prepared.

    Raises:
        UserError: the named checkpoint is missing or of another grid, or no day is asked for.
    """
    store, settings = run.open_store(), config.sampling
    source = checkpoint_of(config, run, store) if run.holds_training else untrained(config, store)
    sampler = Sampler(source, settings, config.device)
    days = {split: select_days(in_split(store, split), settings.days, split) for split in settings.splits}
    number = sum(part.sizes[TIME] for part in days.values())
    split, largest = max(days.items(), key=lambda item: item[1].sizes[TIME])
    seconds, disk, memory, modes = 0.0, 0.0, 0.0, modes_of(config, sampler)
    for mode in modes:
        with tempfile.TemporaryDirectory(prefix="rainsmith-sample-") as folder:
            attrs = sample_attributes(source, sampler, mode, split, config)
            trend = _drawn(sampler, largest, Path(folder), mode, settings.members, attrs)
        seconds += trend.seconds_of(number)
        memory = max(memory, trend.memory_of(min(settings.batch_size, largest.sizes[TIME])))
        raw = 4.0 * number * settings.members * store.sizes["y"] * store.sizes["x"]
        disk += trend.disk_of(number) if run.holds_training else raw
    disk = disk if settings.to is None else 0.0  # a bucket takes them
    return Needs(seconds, memory, disk, f"{number} days of {settings.members} members, {' and '.join(modes)}")


def untrained(config: Config, store: xr.Dataset) -> Checkpoint:
    """A checkpoint with weights at random, of as many networks as will be trained.

    Args:
        config: a settled configuration.
        store: the prepared data.
    """
    domain = store.drop_dims(TIME).load()
    networks = tuple(build_model(config, domain).network.state_dict() for _ in range(config.train.pool))
    return Checkpoint(networks, config, domain, 0, "untrained", "")


def _drawn(
    sampler: Sampler, days: xr.Dataset, folder: Path, mode: str, members: int, attrs: dict[str, object]
) -> Trend:
    """What days take that are drawn at once and written."""
    few, more = (min(count, days.sizes[TIME]) for count in (FEW, MORE))

    def draw(count: int) -> float:
        chosen = days.isel({TIME: np.linspace(0, days.sizes[TIME] - 1, count).astype(int)})
        target = folder / f"{count}.zarr"
        draw_days(sampler, chosen, target, mode=mode, members=members, batch_size=count, attrs=attrs)
        return size_of(target)

    return measured(draw, few, more, warm_up=True)
