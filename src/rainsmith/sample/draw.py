"""Members of many days are drawn batch by batch into a Zarr store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.console import console, progress
from rainsmith.base.errors import UserError
from rainsmith.base.files import check_disk
from rainsmith.base.locks import reading
from rainsmith.base.pieces import Pieces
from rainsmith.base.processes import is_main, rank, world_size
from rainsmith.base.shards import Shard
from rainsmith.base.urls import Url
from rainsmith.data.dataset import Days
from rainsmith.models.generative import days_at_once
from rainsmith.sample.attributes import form_of_members
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
    shard: Shard | None = None,
    export: Callable[[Path], object] = lambda store: None,
) -> Pieces | None:
    """Draw all members of some days into a Zarr store, batch by batch.

    Under ``torchrun`` every process draws its share of the batches into the same store, and so does every shard.

    Args:
        sampler: draws the members.
        days: a selection of the store along time; without ``precip`` for prior mode only.
        target: the Zarr store to write.
        mode: prior or posterior.
        members: number of members a day.
        batch_size: days at once, or fewer where the grid is large.
        attrs: attributes of the store.
        bucket: where the store goes, if not to ``target``, which becomes a link to it.
        shard: which part of the batches is drawn, where the work is shared out to shards.
        export: called with the finished store, by the process that finished it.

    Returns:
        None where the store is finished; otherwise its batches, some of which other shards have left.

    Raises:
        UserError: there is no observed rain for posterior mode, the disk cannot hold the samples, or shards of another
            request write them.
    """
    n = days.sizes["time"]
    kept_here = n if bucket is None else min(n, batch_size)
    check_disk(target.parent, 0.6 * 4 * kept_here * members * days.sizes["y"] * days.sizes["x"], "sampling")
    if mode == "posterior" and "precip" not in days:
        raise UserError("posterior mode needs observed rain, found none; use prior mode")
    batch_size = days_at_once(batch_size, members, days.sizes["y"] * days.sizes["x"])
    first, step = rank(), world_size()
    if shard is not None and bucket is not None:
        raise UserError(
            f"--shard {shard} does not go with members in a bucket ({bucket}); leave out --shard, or draw into the run "
            "folder"
        )
    about: dict[str, Any] = {"batch_size": batch_size, "rank": first, "world": step, "bucket": bucket, "shard": shard}
    writer = SampleWriter(target, form_of_members(days, members, attrs), **about)
    if writer.is_written:
        with reading([target], "rainsmith sample"):  # whoever finished it may have been killed and left its lock
            pass
        console.print(f"{target}: these members are there; delete it to draw them again", soft_wrap=True)
        return None
    reader = Days(days)
    batches = [np.arange(a, min(a + batch_size, n)) for a in range(0, n, batch_size)]
    own = range(first, len(batches), step) if shard is None else shard.of(range(len(batches)))
    with writer.pieces.at_work(), progress(quiet=not is_main()) as bar:
        task = bar.add_task(f"sample {mode}", total=len(own), note=f"{n} days x {members} members")
        for number in own:
            if not writer.has(number):
                batch = reader.batch(batches[number])
                storm = batch.y if mode == "posterior" else None
                drawn = sampler.draw(batch.x, batch.days, range(members), storm, batch.valid)
                writer.write(number, {"precip": drawn})
            bar.advance(task)
        return None if writer.close(export) else writer.pieces
