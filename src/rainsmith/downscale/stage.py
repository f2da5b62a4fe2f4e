"""The stage ``downscale``: a downscaler trained on real or augmented days, its forecasts and their scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.cf import derived_attributes
from rainsmith.base.console import console
from rainsmith.base.dims import TIME, in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.provenance import provenance
from rainsmith.base.zarr_blocks import daily_chunks, write_zarr_in_blocks
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Config
from rainsmith.data.store import CHUNK_DAYS, fingerprint_of
from rainsmith.downscale.lessons import lessons, taught_days
from rainsmith.downscale.prediction import predict
from rainsmith.downscale.training import train_downscaler, warning_of_jumps
from rainsmith.evaluate.forecast_scores import score_with_climatology
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.files import copy_to_netcdf


def downscale(config: Config, run: Run, *, netcdf: bool = False) -> list[Path]:
    """Train ``config.downscale``, forecast the days of its splits and score the forecasts.

    Writes ``downscale/<network>-<train_on>-s<seed>.safetensors`` with its JSON, ``...-<split>.zarr`` beside it, and
    ``evaluation/<network>-<train_on>-s<seed>-<split>.csv`` with the columns of ``metrics.csv``.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        netcdf: write NetCDF files beside the Zarr stores.

    Returns:
        The paths of the tables, one a split.

    Raises:
        UserError: no store, no augmented store where that is asked for, an empty split, too little disk, divergence.
    """
    with large_arrays_in(run.folder):
        return _train_and_forecast(config, run, netcdf=netcdf)


def _train_and_forecast(config: Config, run: Run, *, netcdf: bool) -> list[Path]:
    """What ``downscale`` does; large arrays may lie in files."""
    settings = config.downscale
    store = run.open_store()
    domain = store.drop_dims(TIME).load()
    real = in_split(store, "train")
    training, weights = training_set(config, run, real)
    taught = None
    if settings.train_on == "distilled":
        training = taught_days(config, run, real)
        taught = lessons(config, run, training, members=settings.distil.members, share=settings.distil.share)
    folder, name = run.folder / "downscale", f"{settings.label}-s{config.seed}"
    splits = scored_days(config, store)
    values = sum(days["precip"].size for days in splits.values()) * (1 + len(settings.quantiles))
    check_disk(folder, 4.0 * values, "downscaling")

    module = train_downscaler(
        settings,
        domain,
        training,
        in_split(store, "validation"),
        seed=config.seed,
        device=config.device,
        weights=weights,
        lessons=taught,
        wet_mm=config.data.wet_mm,
    )
    if warning := warning_of_jumps(module.history):
        console.print(warning, soft_wrap=True)
    last = module.history[-1]["step"] if module.history else 0
    path = folder / f"{name}{checkpoints.SUFFIX}"
    checkpoints.save(path, module.state_dict(), config, domain, int(last), history=module.history)
    tables = []
    for split, days in splits.items():
        forecast = predict(module, days)
        made_by = f"downscaler {settings.label}, checkpoint {name}, sha256 {checkpoints.sha256_of(path)}"
        forecast = forecast.assign_attrs(
            derived_attributes(store.attrs, "downscale", made_by), checkpoint_sha256=checkpoints.sha256_of(path)
        )
        write_forecast(folder / f"{name}-{split}.zarr", forecast, config, name, split)
        if netcdf:
            copy_to_netcdf(folder / f"{name}-{split}.zarr")
        tables.append(run.evaluation / f"{name}-{split}.csv")
        with atomic(tables[-1]) as scratch:
            scores_of(config, store, forecast, days, split).to_csv(scratch, index=False, float_format="%.7g")
    return tables


def scored_days(config: Config, store: xr.Dataset) -> dict[str, xr.Dataset]:
    """The days of each split that is forecast and scored.

    Raises:
        UserError: a split has no days.
    """
    splits: dict[str, xr.Dataset] = {split: in_split(store, split) for split in config.downscale.splits}
    for split, days in splits.items():
        if not days.sizes[TIME]:
            raise UserError(f"the {split} split has no days; change data.splits or downscale.splits")
    return splits


def write_forecast(path: Path, forecast: xr.Dataset, config: Config, name: str, split: str) -> None:
    """Write the forecast of a split, with what made it, as a Zarr store."""
    label = config.downscale.label
    described = forecast.assign_attrs(
        title=f"daily precipitation downscaled by {label}",
        model=label,
        checkpoint=name,
        seed=config.seed,
        split=split,
        provenance=json.dumps(provenance(config)),
    )
    with atomic(path) as scratch:
        write_zarr_in_blocks(scratch, described, encoding=daily_chunks(described, CHUNK_DAYS))


def scores_of(config: Config, store: xr.Dataset, forecast: xr.Dataset, days: xr.Dataset, split: str) -> pd.DataFrame:
    """The scores of a forecast and, where it has quantiles, those of the climatology (``score_with_climatology``)."""
    label = config.downscale.label
    labels = {"model": label, "checkpoint": f"{label}-s{config.seed}", "seed": config.seed, "split": split}
    return score_with_climatology(config, store, forecast, days, labels)


def training_set(config: Config, run: Run, real: xr.Dataset) -> tuple[xr.Dataset, np.ndarray | None]:
    """The days that ``downscale.train_on`` names, and how often each is drawn (None: all alike).

    Args:
        config: the configuration.
        run: the run folder.
        real: the training days of its store.

    Raises:
        UserError: there is no augmented store, it was made from another one, or there is no day to draw more often.
    """
    settings = config.downscale
    if settings.train_on == "augmented":
        path = run.folder / "augmented.zarr"
        mixed = open_zarr(path, "run 'rainsmith augment' first")
        if mixed.attrs.get("store") != fingerprint_of(run.open_store()):
            raise UserError(
                f"{path} was made from another store.zarr than the one there now, so that its training days may be "
                "test days; run 'rainsmith augment' again"
            )
        return mixed, mixed["weight"].values.astype(np.float64)
    if settings.train_on in ("real", "distilled"):
        return real, None
    often = in_day_set(real, settings.oversample.days)
    if not often.any():
        raise UserError(
            f"found no {settings.oversample.days} training days to oversample; set downscale.train_on: real"
        )
    return real, np.where(often, settings.oversample.times, 1.0)
