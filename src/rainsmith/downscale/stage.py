"""The stage ``downscale``: a downscaler trained on real or augmented days, its predictions, their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr

from rainsmith.base.console import console
from rainsmith.base.dims import DAY_SETS, TIME, in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk, open_zarr
from rainsmith.base.provenance import provenance
from rainsmith.config import Config
from rainsmith.data.dataset import Days
from rainsmith.data.store import fingerprint_of
from rainsmith.downscale.training import rose, train_downscaler
from rainsmith.evaluate.scoring import score_rows
from rainsmith.evaluate.stage import COLUMNS, Resampling, score, settings_of
from rainsmith.metrics.core import Settings
from rainsmith.metrics.quantiles import QUANTILE, as_members, quantile_metrics
from rainsmith.metrics.tally import partition, tally
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.precision import autocast, sampling_precision
from rainsmith.models.regression import Downscaler
from rainsmith.run_folder import Run
from rainsmith.sample.files import write_netcdf

__all__ = ["downscale", "load_downscaler", "predict", "score_downscaled", "train_downscaler", "training_set"]

MODE = "prior"
"""A downscaler sees predictors only, as members of the prior do, and is scored like them."""
CLIMATOLOGY = "climatology"
"""The reference of the quantile scores: the training quantiles of every cell."""


def downscale(config: Config, run: Run, *, netcdf: bool = False) -> list[Path]:
    """Train ``config.downscale``, predict its splits and score the predictions.

    Writes ``downscale/<network>-<train_on>-s<seed>.safetensors`` with its JSON, ``...-<split>.zarr`` beside it, and
    ``evaluation/<network>-<train_on>-s<seed>-<split>.csv`` with the columns of ``metrics.csv``.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        netcdf: write NetCDF files beside the Zarr stores.

    Returns:
        The paths of the tables.

    Raises:
        UserError: no store, no augmented store where that is asked for, an empty split, too little disk, divergence.
    """
    settings = config.downscale
    store = run.open_store()
    domain = store.drop_dims(TIME).load()
    real = in_split(store, "train")
    training, weights = training_set(config, run, real)
    folder, name = run.folder / "downscale", f"{settings.label}-s{config.seed}"
    asked = {split: in_split(store, split) for split in settings.splits}
    for split, days in asked.items():
        if not days.sizes[TIME]:
            raise UserError(f"the {split} split has no days; change data.splits or downscale.splits")
    fields = sum(days["precip"].size for days in asked.values()) * (1 + len(settings.quantiles))
    check_disk(folder, 4.0 * fields, "downscaling")

    module = train_downscaler(
        settings,
        domain,
        training,
        in_split(store, "validation"),
        seed=config.seed,
        device=config.device,
        weights=weights,
        wet_mm=config.data.wet_mm,
    )
    if warning := rose(module.history):
        console.print(warning, soft_wrap=True)
    last = module.history[-1]["step"] if module.history else 0
    path = folder / f"{name}{checkpoints.SUFFIX}"
    checkpoints.save(path, module.state_dict(), config, domain, int(last), history=module.history)
    resampling = Resampling(config.evaluate.block_days, config.evaluate.resamples, config.seed)
    tables = []
    for split, days in asked.items():
        forecast = predict(module, days).assign_attrs(
            Conventions="CF-1.11",
            title=f"daily precipitation downscaled by {settings.label}",
            model=settings.label,
            checkpoint=name,
            seed=config.seed,
            split=split,
            provenance=str(provenance(config)),
        )
        target = folder / f"{name}-{split}.zarr"
        with atomic(target) as scratch:
            forecast.chunk({TIME: 16}).to_zarr(scratch, consolidated=False, zarr_format=3)
        if netcdf:
            write_netcdf(target)
        labels = {"model": settings.label, "checkpoint": name, "seed": config.seed, "mode": MODE, "split": split}
        limits = settings_of(store, config)
        table = score_downscaled(forecast, days, settings=limits, labels=labels, resampling=resampling)
        if module.quantiles:
            climate = climatology(real, module.quantiles).expand_dims({TIME: days[TIME]})
            labels |= {"model": CLIMATOLOGY, "checkpoint": ""}
            beside = score_quantiles(climate, days, settings=limits, labels=labels, resampling=resampling)
            table = pd.concat([table, beside])
        tables.append(run.evaluation / f"{name}-{split}.csv")
        with atomic(tables[-1]) as scratch:
            table.to_csv(scratch, index=False, float_format="%.7g")
    return tables


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
    if settings.train_on == "real":
        return real, None
    often = in_day_set(real, settings.oversample.days)
    if not often.any():
        raise UserError(
            f"found no {settings.oversample.days} training days to oversample; set downscale.train_on: real"
        )
    return real, np.where(often, settings.oversample.times, 1.0)


def load_downscaler(path: Path, device: torch.device | None = None) -> Downscaler:
    """A trained downscaler from its file, ready for ``predict``.

    Raises:
        UserError: the file is missing, damaged or of another configuration.
    """
    saved = checkpoints.load(path)
    module = Downscaler(saved.config.downscale, saved.domain, wet_mm=saved.config.data.wet_mm)
    checkpoints.load_weights(module, saved)
    return module.to(device or torch.device("cpu")).eval()


def predict(module: Downscaler, days: xr.Dataset, *, batch_size: int = 64) -> xr.Dataset:
    """Forecasts of some days, in memory.

    Args:
        module: a trained downscaler.
        days: with ``predictors`` (time, channel, y_lr, x_lr), raw, and the coordinates of the fine grid.
        batch_size: days at once.

    Returns:
        ``precip`` (time, y, x) [mm/day]: the median of q-srdrn, the mean of unet; and, where the network has them,
        ``quantiles`` (time, quantile, y, x) [mm/day], which never cross. NaN at cells that are never valid.
    """
    where = module.cells.device
    precision = sampling_precision(module.settings.precision, where)
    reader = Days(days.drop_vars("precip", errors="ignore"))
    shape = (len(reader), *module.size)
    fields = np.empty(shape, dtype=np.float32)
    levels = np.empty((len(reader), len(module.quantiles), *module.size), dtype=np.float32)
    for start in range(0, len(reader), batch_size):
        part = slice(start, min(start + batch_size, len(reader)))
        batch = reader.batch(np.arange(part.start, part.stop))
        with autocast(where, precision):
            amounts, quantiles = module.predict(batch.x.to(where))
        fields[part] = amounts.cpu().numpy()
        if quantiles is not None:
            levels[part] = quantiles.cpu().numpy()
    kept = [name for name in days.coords if set(days[name].dims) <= {TIME, "y", "x"}]
    found = xr.Dataset(coords={name: days.coords[name].load() for name in kept}).drop_encoding()
    source = days["precip"].attrs if "precip" in days else days.attrs
    about = {"standard_name": "lwe_precipitation_rate", "units": "mm/day", "cell_methods": "time: sum"}
    if (mapping := str(source.get("grid_mapping", ""))) in days.variables:
        found[mapping] = days[mapping].load()
        about["grid_mapping"] = mapping
    found["precip"] = ((TIME, "y", "x"), fields, {"long_name": "daily precipitation", **about})
    if module.quantiles:
        found = found.assign_coords({QUANTILE: (QUANTILE, np.asarray(module.quantiles), {"units": "1"})})
        about["long_name"] = "quantiles of daily precipitation"
        found["quantiles"] = ((TIME, QUANTILE, "y", "x"), levels, about)
    return found


def climatology(training: xr.Dataset, levels: Sequence[float]) -> xr.DataArray:
    """Training quantiles of every cell: (quantile, y, x) [mm/day], NaN at cells that are never valid."""
    values = training["precip"].values
    seen = np.isfinite(values).any(axis=0)
    found = np.full((len(levels), *seen.shape), np.nan, dtype=np.float32)
    found[:, seen] = np.nanquantile(values[:, seen], levels, axis=0)
    coords = {QUANTILE: list(levels), "y": training["y"], "x": training["x"]}
    return xr.DataArray(found, dims=(QUANTILE, "y", "x"), coords=coords)


def score_downscaled(
    forecast: xr.Dataset,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Rows of ``metrics.csv`` for the output of ``predict``: the amounts as a single-valued forecast, then quantiles.

    Args:
        forecast: of ``predict``.
        days: the same days of the store, with ``precip``, ``category`` and ``heavy_x``.
        settings: thresholds [mm/day] and seed.
        labels: ``model``, ``checkpoint``, ``seed``, ``mode`` and ``split``.
        resampling: of the intervals.
    """
    how = resampling or Resampling()
    table = score(forecast["precip"], days, settings=settings, labels=labels, resampling=how)
    if "quantiles" not in forecast:
        return table
    quantiles = score_quantiles(forecast["quantiles"], days, settings=settings, labels=labels, resampling=how)
    return pd.concat([table, quantiles])


def score_quantiles(
    quantiles: xr.DataArray,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Rows of ``metrics.csv`` for quantiles (time, quantile, y, x) [mm/day]; arguments as ``score_downscaled``."""
    how = resampling or Resampling()
    named = {"model": "", "checkpoint": "", "seed": 0, "mode": MODE, "split": "", **(labels or {})}
    metrics = quantile_metrics(quantiles[QUANTILE].values.tolist())
    parts = partition(days[TIME], {name: in_day_set(days, name) for name in DAY_SETS}, block_days=how.block_days)
    total = tally(as_members(quantiles), days["precip"], parts=parts, settings=settings, metrics=metrics)
    rows, _ = score_rows(total, parts, metrics, {**named, "members": 1}, settings, how, [])
    return pd.DataFrame(rows, columns=COLUMNS)
