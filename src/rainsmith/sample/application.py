"""Members for a period that has predictors and no observations, drawn from a checkpoint."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from rainsmith.base.console import console
from rainsmith.config import Config
from rainsmith.models import checkpoint as checkpoints
from rainsmith.prepare.new_period import prepare_predictors
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.draw import draw_days
from rainsmith.sample.export import export
from rainsmith.sample.sampler import Sampler


def apply(config: Config, source: Path, out: Path, *, netcdf: bool = False, legacy_npy: Path | None = None) -> Path:
    """Draw prior members for a period with predictors only (no observations, any calendar).

    Args:
        config: its ``data.predictors`` name the new files, its ``sampling`` says how many members and how.
        source: the checkpoint, whose grids and statistics are used.
        out: the Zarr store to write.
        netcdf: whether a NetCDF file is written beside it.
        legacy_npy: folder of the reference's normalised per-day files, or None.

    Returns:
        The path of the store.

    Raises:
        UserError: predictors that do not match the checkpoint's.
    """
    loaded = checkpoints.load(source)
    settings = config.sampling
    predictors = prepare_predictors(config, loaded.domain)
    days = loaded.domain.drop_dims("channel").assign(predictors=predictors["predictors"])
    checkpoints.check_fits(loaded, days)
    for channel, share in outside_training_range(predictors, loaded.domain).items():
        console.print(f"{channel}: {100 * share:.2f} % of the values lie outside the training range")
    sampler = Sampler(loaded, settings, config.device)
    attrs = sample_attributes(loaded, sampler, "prior", "application", config)
    draw_days(sampler, days, out, mode="prior", members=settings.members, batch_size=settings.batch_size, attrs=attrs)
    export(out, loaded, netcdf=netcdf, legacy_npy=legacy_npy)
    return out


def outside_training_range(predictors: xr.Dataset, domain: xr.Dataset) -> dict[str, float]:
    """Share of the values of each channel that lie outside the range of the training days."""
    values = predictors["predictors"]
    outside = (values < domain["predictor_min"]) | (values > domain["predictor_max"])
    known = values.notnull()
    share = (outside & known).sum(("time", "y_lr", "x_lr")) / known.sum(("time", "y_lr", "x_lr")).clip(1)
    return {str(name): float(value) for name, value in zip(values["channel"].values, share.values, strict=True)}
