"""The stage ``downscale``: downscalers trained on real or augmented days, their forecasts and their scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.cf import derived_attributes
from rainsmith.base.dims import TIME, in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Config
from rainsmith.data.store import fingerprint_of
from rainsmith.downscale.forecasts import Named, mean_of, scores_of, write_forecast
from rainsmith.downscale.lessons import lessons, taught_days
from rainsmith.downscale.prediction import crps_of, predict
from rainsmith.downscale.seeds import Trainings, downscaler_of
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.run_folder import Run
from rainsmith.sample.files import copy_to_netcdf


def downscale(config: Config, run: Run, *, netcdf: bool = False) -> list[Path]:
    """Train ``config.downscale``, forecast the days of its splits and score the forecasts.

    Writes ``downscale/<network>-<train_on>-s<seed>.safetensors`` with its JSON, ``...-<split>.zarr`` beside it, and
    ``evaluation/<network>-<train_on>-s<seed>-<split>.csv`` with the columns of ``metrics.csv``. With several seeds in
    ``downscale.seeds`` these files are written for each, and forecasts and tables of their mean, whose name ends in
    ``-ensemble``. A seed is not trained again where its file is of the same settings and days.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        netcdf: write NetCDF files beside the Zarr stores.

    Returns:
        The paths of the tables, one a seed and split, those of the ensemble last.

    Raises:
        UserError: no store, no augmented store where that is asked for, an empty split, too little disk, divergence.
    """
    with large_arrays_in(run.folder):
        return _train_and_forecast(config, run, netcdf=netcdf)


def _train_and_forecast(config: Config, run: Run, *, netcdf: bool) -> list[Path]:
    """What ``downscale`` does; large arrays may lie in files."""
    settings, store = config.downscale, run.open_store()
    real = in_split(store, "train")
    training, weights = training_set(config, run, real)
    taught = None
    if settings.train_on == "distilled":
        training = taught_days(config, run, real)
        taught = lessons(config, run, training, members=settings.distil.members, share=settings.distil.share)
    folder, splits = run.folder / "downscale", scored_days(config, store)
    names = settings.names(config.seed)
    values = sum(days["precip"].size for days in splits.values()) * (1 + len(settings.quantiles))
    check_disk(folder, 4.0 * values * len(names), "downscaling")

    trainings, products = Trainings(config, store, training, weights, taught), _Products(config, run, store, netcdf)
    data = trainings.data()
    tables, seeds = list[Path](), settings.seeds or [config.seed]
    for name, seed in zip(names, seeds, strict=False):  # the last of the names may be the ensemble
        path = folder / f"{name}{checkpoints.SUFFIX}"
        module = downscaler_of(trainings, seed, data, path, keep=bool(settings.seeds))
        for split, days in splits.items():
            forecast = forecast_of(module, path, store, days, settings.label)
            tables.append(products.write(forecast, days, Named(name, seed, split), crps_of(module, days)))
    if len(names) > len(seeds):
        for split, days in splits.items():
            paths = [folder / f"{name}-{split}.zarr" for name in names[:-1]]
            mean = mean_of([open_zarr(path, "run 'rainsmith downscale' again") for path in paths])
            made_by = f"mean of the downscalers {', '.join(names[:-1])}"
            mean.attrs = derived_attributes(store.attrs, "downscale", made_by)
            tables.append(products.write(mean, days, Named(names[-1], seeds[0], split)))
    return tables


def forecast_of(module: Downscaler, path: Path, store: xr.Dataset, days: xr.Dataset, label: str) -> xr.Dataset:
    """The forecast of some days, with what made it.

    Args:
        module: the downscaler.
        path: of its weights.
        store: that it was trained on.
        days: of the store.
        label: of the downscaler.
    """
    sha256 = checkpoints.sha256_of(path)
    made_by = f"downscaler {label}, checkpoint {path.stem}, sha256 {sha256}"
    forecast = predict(module, days)
    return forecast.assign_attrs(derived_attributes(store.attrs, "downscale", made_by), checkpoint_sha256=sha256)


@dataclass(frozen=True)
class _Products:
    """Where forecasts and tables are written, and what they are of."""

    config: Config
    run: Run
    store: xr.Dataset
    netcdf: bool

    def write(self, forecast: xr.Dataset, days: xr.Dataset, named: Named, crps: xr.DataArray | None = None) -> Path:
        """Write a forecast and its table of scores, and return the path of the table."""
        path = self.run.folder / "downscale" / f"{named.name}-{named.split}.zarr"
        write_forecast(path, forecast, self.config, named)
        if self.netcdf:
            copy_to_netcdf(path)
        table = self.run.evaluation / f"{named.name}-{named.split}.csv"
        scores = scores_of(self.config, self.store, forecast, days, named, crps)
        with atomic(table) as scratch:
            scores.to_csv(scratch, index=False, float_format="%.7g")
        return table


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
