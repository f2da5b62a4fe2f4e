"""Members for a period that has predictors and no observations, drawn from a checkpoint."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from rainsmith.base.bucket_products import store_below
from rainsmith.base.cf import credit_of_both
from rainsmith.base.console import console
from rainsmith.base.locks import writing
from rainsmith.base.pieces import others_go_on
from rainsmith.base.processes import is_main
from rainsmith.base.scratch import remove_leftovers
from rainsmith.base.shards import Shard
from rainsmith.config import Config
from rainsmith.data.checks import CheckLog
from rainsmith.models import checkpoint as checkpoints
from rainsmith.prepare.new_period import prepare_predictors
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.draw import draw_days
from rainsmith.sample.export import export
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.training_range import judge_range, outside_training_range


@dataclass(frozen=True, eq=False)
class NewPeriod:
    """Days with predictors and no observations, for a checkpoint that was trained on other days.

    Attributes:
        checkpoint: whose grids and statistics are used.
        days: with ``predictors`` and the coordinates of the fine grid.
        notes: attributes that say what was assumed.
        credits: attributes of the predictors, of which their credits are taken.
    """

    checkpoint: checkpoints.Checkpoint
    days: xr.Dataset
    notes: Mapping[str, Any]
    credits: Mapping[Any, Any]

    @classmethod
    def read(cls, config: Config, source: Path) -> NewPeriod:
        """The period whose files ``config.data.predictors`` names; what was assumed, and what is new, is printed.

        Raises:
            UserError: predictors that do not match the checkpoint's, or most of whose values the training has not seen.
        """
        loaded, log = checkpoints.load(source), CheckLog()
        try:
            predictors = prepare_predictors(config, loaded.domain, log)
        finally:  # what was assumed may be why it is refused
            for notice in [*log.notices, *log.lines]:
                console.print(f"new predictors: {notice}", soft_wrap=True, markup=False)
        days = loaded.domain.drop_dims("channel").assign(predictors=predictors["predictors"])
        checkpoints.check_fits(loaded, days)
        shares = outside_training_range(predictors, loaded.domain)
        for channel, share in shares.items():
            console.print(f"{channel}: {100 * share:.2f} % of the values lie outside the training range")
        for warning in judge_range(shares, predictors, loaded.domain):
            console.print(f"[bold red]warning[/]: {warning}", soft_wrap=True)
        return cls(loaded, days, log.attributes, predictors.attrs)

    def attributes(self, sampler: Sampler, config: Config) -> dict[str, Any]:
        """Attributes of what is drawn for this period."""
        attrs = dict(self.notes) | sample_attributes(self.checkpoint, sampler, "prior", "application", config)
        return attrs | credit_of_both(attrs, self.credits)


def apply(
    config: Config,
    source: Path,
    out: Path,
    *,
    netcdf: bool = False,
    legacy_npy: Path | None = None,
    shard: Shard | None = None,
) -> Path | None:
    """Draw prior members for a period with predictors only (no observations, any calendar).

    Args:
        config: its ``data.predictors`` name the new files, its ``sampling`` says how many members and how.
        source: the checkpoint, whose grids and statistics are used.
        out: the Zarr store to write.
        netcdf: whether a NetCDF file is written beside it.
        legacy_npy: folder of the reference's normalised per-day files, or None.
        shard: which part of the members is drawn; None draws all that is missing.

    Returns:
        The path of the store; None where other shards have not finished.

    Raises:
        UserError: predictors that do not match the checkpoint's, or most of whose values the training has not seen;
            another process that writes or reads ``out``.
    """
    settings = config.sampling
    period = NewPeriod.read(config, source)
    sampler = Sampler(period.checkpoint, settings, config.device)
    attrs = period.attributes(sampler, config)
    finish = functools.partial(export, loaded=period.checkpoint, netcdf=netcdf, legacy_npy=legacy_npy)
    how: dict[str, Any] = {"members": settings.members, "batch_size": settings.batch_size, "shard": shard}
    with writing(out, "rainsmith sample") if is_main() and shard is None else nullcontext():
        if shard is None:
            remove_leftovers(out.parent)
        bucket = store_below(settings.to, out)
        pieces = draw_days(sampler, period.days, out, mode="prior", attrs=attrs, bucket=bucket, export=finish, **how)
    if pieces is not None and others_go_on([pieces]):
        return None
    if shard is not None:
        remove_leftovers(out.parent)
    return out
