"""Members of many days are drawn batch by batch into a Zarr store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.console import progress
from rainsmith.base.errors import UserError
from rainsmith.base.files import check_disk
from rainsmith.base.processes import is_main, rank, world_size
from rainsmith.base.urls import Url
from rainsmith.data.dataset import Days
from rainsmith.models.generative import days_at_once
from rainsmith.sample.files import SampleWriter
from rainsmith.sample.sampler import Sampler


def draw_days(
    sampler: Sampler,
    days: xr.Dataset,
    target: Path,
    *,
    mode: str,
    members: int,
    batch_size: int,
    attrs: dict[str, Any],
    bucket: Url | None = None,
) -> Path:
    """Draw all members of some days into a Zarr store, batch by batch.

    Under ``torchrun`` every process draws its share of the batches into the same store.

    Args:
        sampler: draws the members.
        days: a selection of the store along time; without ``precip`` for prior mode only.
        target: the Zarr store to write.
        mode: prior or posterior.
        members: number of members a day.
        batch_size: days at once, or fewer where the grid is large.
        attrs: attributes of the store.
        bucket: where the store goes, if not to ``target``, which becomes a link to it.

    Returns:
        The path of the store.

    Raises:
        UserError: there is no observed rain for posterior mode, or the disk cannot hold the samples.
    """
    n = days.sizes["time"]
    kept_here = n if bucket is None else min(n, batch_size)
    check_disk(target.parent, 0.6 * 4 * kept_here * members * days.sizes["y"] * days.sizes["x"], "sampling")
    if mode == "posterior" and "precip" not in days:
        raise UserError("posterior mode needs observed rain, found none; use prior mode")
    batch_size = days_at_once(batch_size, members, days.sizes["y"] * days.sizes["x"])
    first, step = rank(), world_size()
    size = {"members": members, "batch_size": batch_size}
    writer = SampleWriter(target, days, attrs=attrs, rank=first, world=step, bucket=bucket, **size)
    reader = Days(days)
    batches = [np.arange(a, min(a + batch_size, n)) for a in range(0, n, batch_size)]
    with progress(quiet=not is_main()) as bar:
        task = bar.add_task(f"sample {mode}", total=len(batches[first::step]), note=f"{n} days x {members} members")
        for number in range(first, len(batches), step):
            if not writer.has(number):
                batch = reader.batch(batches[number])
                storm = batch.y if mode == "posterior" else None
                drawn = sampler.draw(batch.x, batch.days, range(members), storm, batch.valid)
                writer.write(number, drawn)
            bar.advance(task)
    writer.close()
    return target
