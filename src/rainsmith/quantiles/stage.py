"""What ``rainsmith sample --quantiles`` writes: quantiles and probabilities of each cell, and their scores."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from rainsmith.base.console import console
from rainsmith.base.dims import in_split
from rainsmith.base.files import atomic
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.seasons import SEASONS
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Config
from rainsmith.evaluate.forecast_scores import MEMBERS_QUANTILES, score_with_climatology
from rainsmith.quantiles.fields import write_fields
from rainsmith.quantiles.fitting import calibrated, kept_calibration
from rainsmith.run_folder import Run
from rainsmith.sample.application import NewPeriod
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.days import select_days
from rainsmith.sample.files import copy_to_netcdf
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import checkpoint_of

EXCEEDED = "exceeded_"
"""Beginning of the names of scores that say how often a quantile was exceeded."""


def quantiles(config: Config, run: Run, *, netcdf: bool = False) -> list[Path]:
    """Quantiles of each cell from prior members, which are drawn and not kept.

    Writes ``quantiles/<model>-prior-<split>.zarr`` for every split of ``sampling.splits``; the calibration of the
    checkpoint beside them; and, where rain was observed, ``evaluation/members-quantiles-<split>.csv`` with the columns
    of ``metrics.csv``.

    Args:
        config: its ``quantiles`` say what is written, its ``sampling`` which days and members.
        run: the run folder, trained.
        netcdf: whether NetCDF files are written beside the Zarr stores.

    Returns:
        The paths of the stores.

    Raises:
        UserError: no checkpoint, one of another grid, an empty choice of days, no validation days to calibrate on, too
            little disk, or another process that writes the same fields.
    """
    with large_arrays_in(run.folder):
        store = run.open_store()
        loaded = checkpoint_of(config, run, store)
        sampler = Sampler(loaded, config.sampling, config.device)
        calibration = calibrated(config, run, store, loaded, sampler) if config.quantiles.calibrate else None
        written = []
        for split in config.sampling.splits:
            days = select_days(in_split(store, split), config.sampling.days, split)
            attrs = sample_attributes(loaded, sampler, "prior", split, config)
            target = run.quantiles / f"{loaded.config.model.name}-prior-{split}.zarr"
            write_fields(sampler, days, target, config.quantiles, calibration, attrs)
            if netcdf:
                copy_to_netcdf(target)
            table = _scores(config, store, target, days, split)
            with atomic(run.evaluation / f"{MEMBERS_QUANTILES}-{split}.csv") as scratch:
                table.to_csv(scratch, index=False, float_format="%.7g")
            _say_how_often(table, split)
            written.append(target)
    return written


def quantiles_of_new_period(config: Config, source: Path, out: Path, *, netcdf: bool = False) -> Path:
    """Quantiles for a period with predictors only (no observations, any calendar).

    They are calibrated where the run folder of the checkpoint holds its calibration; a note says where it does not.

    Args:
        config: its ``data.predictors`` name the new files, its ``quantiles`` say what is written.
        source: the checkpoint, whose grids and statistics are used.
        out: the Zarr store to write.
        netcdf: whether a NetCDF file is written beside it.

    Raises:
        UserError: predictors that do not match the checkpoint's, or most of whose values the training has not seen;
            another process that writes ``out``.
    """
    with large_arrays_in(out.parent):
        period = NewPeriod.read(config, source)
        sampler = Sampler(period.checkpoint, config.sampling, config.device)
        calibration = None
        if config.quantiles.calibrate:
            calibration = kept_calibration(Run(source.parent.parent), period.checkpoint, config)
            if calibration is None:
                console.print(
                    f"no calibration of {period.checkpoint.name} with {config.quantiles.members} members: these "
                    "quantiles are those of the members as they are; run 'rainsmith sample --quantiles' on the run "
                    "folder of the training first",
                    soft_wrap=True,
                )
        attrs = period.attributes(sampler, config)
        write_fields(sampler, period.days, out, config.quantiles, calibration, attrs)
    if netcdf:
        copy_to_netcdf(out)
    return out


def _scores(config: Config, store: xr.Dataset, target: Path, days: xr.Dataset, split: str) -> pd.DataFrame:
    """Rows of ``metrics.csv`` of the quantiles, of the mean where it was asked for, and of the climatology."""
    forecast = open_zarr(target, "run 'rainsmith sample --quantiles' again")
    known = {
        "model": MEMBERS_QUANTILES,
        "checkpoint": str(forecast.attrs["checkpoint"]),
        "seed": forecast.attrs["seed"],
    }
    scored = forecast.rename({"mean": "precip"}) if "mean" in forecast else forecast
    return score_with_climatology(config, store, scored, days, {**known, "split": split})


def _say_how_often(table: pd.DataFrame, split: str) -> None:
    """Say how often the quantiles were exceeded, and the highest of them in each season."""
    scores = table[table["model"] == MEMBERS_QUANTILES]
    shares = scores.set_index(["days", "metric"])["value"]
    names = [name for name in scores["metric"].unique() if str(name).startswith(EXCEEDED)]
    parts = [f"{name.removeprefix(EXCEEDED)} {100 * shares['all', name]:.3g} %" for name in names]
    seasons = [f"{100 * shares[name, names[-1]]:.3g} % {name}" for name in SEASONS if (name, names[-1]) in shares.index]
    console.print(
        f"quantiles, {split}: observed above {', '.join(parts)} of the cell-days "
        f"({names[-1].removeprefix(EXCEEDED)} by season: {', '.join(seasons)})",
        soft_wrap=True,
    )
