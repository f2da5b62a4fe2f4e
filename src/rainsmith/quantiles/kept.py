"""Quantiles that other stages work with: drawn once, and taken from their file when they are asked for again."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Config
from rainsmith.quantiles.fields import write_fields
from rainsmith.quantiles.fitting import calibrated
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import checkpoint_of


def kept_quantiles(
    config: Config,
    run: Run,
    days: xr.Dataset,
    target: Path,
    *,
    levels: list[float],
    members: int,
    mean: bool = False,
) -> xr.Dataset:
    """Quantiles of some days from members of the checkpoint of ``sampling.checkpoint``, calibrated as configured.

    Args:
        config: the configuration.
        run: the run folder, trained.
        days: of its store.
        target: the Zarr store that is written, unless it holds these days, levels, members and this checkpoint.
        levels: rising, between 0 and 1.
        members: number of members a day.
        mean: whether their mean is wanted, too.

    Returns:
        ``quantiles`` (time, quantile, y, x) and ``mean`` (time, y, x) [mm/day], lazy.

    Raises:
        UserError: no checkpoint, one of another grid, no validation days, too little disk.
    """
    changes = {"levels": levels, "exceedance_mm": [], "mean": mean, "members": members}
    wanted = config.model_copy(update={"quantiles": config.quantiles.model_copy(update=changes)})
    store = run.open_store()
    loaded = checkpoint_of(wanted, run, store)
    sampler = Sampler(loaded, wanted.sampling, wanted.device)
    calibration = calibrated(wanted, run, store, loaded, sampler) if wanted.quantiles.calibrate else None
    attrs = sample_attributes(loaded, sampler, "prior", target.stem, wanted)
    write_fields(sampler, days, target, wanted.quantiles, calibration, attrs, again=False)
    return open_zarr(target, "delete it and run the same command again")
