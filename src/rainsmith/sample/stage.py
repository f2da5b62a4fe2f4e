"""Sampling: K members a day in prior or posterior mode, written as it goes to CF Zarr."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.console import console, progress
from rainsmith.base.dims import day_numbers, in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import check_disk
from rainsmith.base.provenance import provenance
from rainsmith.config import Config, Sampling
from rainsmith.data.dataset import Days
from rainsmith.data.legacy.write import write_day
from rainsmith.data.normalise import cell_statistics
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample.files import SampleWriter, write_netcdf
from rainsmith.sample.sampler import Sampler


def sample(config: Config, run: Run, *, netcdf: bool = False, legacy_npy: Path | None = None) -> list[Path]:
    """Draw the members that ``config.sampling`` asks for from ``sampling.checkpoint``.

    Writes ``samples/<model>-<mode>-<split>.zarr`` for every mode and split.

    Args:
        netcdf: also write NetCDF files beside the Zarr stores.
        legacy_npy: also write the reference's normalised per-day files into this folder.

    Raises:
        UserError: no checkpoint, one of another grid, an empty choice of days, too little disk.
    """
    store = run.open_store()
    settings = config.sampling
    path = Path(settings.checkpoint)
    loaded = checkpoints.load(path if path.parent != Path(".") else run.checkpoints / path)
    checkpoints.check_fits(loaded, store)
    sampler = Sampler(loaded, settings, config.device)
    written = []
    for split in settings.splits:
        days = choose_days(in_split(store, split), settings.days, split)
        for mode in settings.modes:
            target = run.sample_path(loaded.config.model.name, mode, split, variant_of(settings, mode))
            attrs = describe(loaded, sampler, mode, split, config)
            written.append(
                draw_days(
                    sampler,
                    days,
                    target,
                    mode=mode,
                    members=settings.members,
                    batch_size=settings.batch_size,
                    attrs=attrs,
                )
            )
            _export(target, loaded, netcdf=netcdf, legacy_npy=legacy_npy)
    return written


def variant_of(settings: Sampling, mode: str) -> str:
    """What a variation of the observed storm adds to the name of its samples: ``-k1``, ``-v50``, ``-k1v50`` or ""."""
    if mode != "posterior" or settings.keep_levels is None:
        return ""
    kept = f"k{settings.keep_levels}" if settings.keep_levels else ""
    part = f"v{round(100 * settings.variation):02d}" if settings.variation < 1 or not kept else ""
    return f"-{kept}{part}"


def draw_days(
    sampler: Sampler, days: xr.Dataset, target: Path, *, mode: str, members: int, batch_size: int, attrs: dict[str, Any]
) -> Path:
    """Draw all members of some days into a Zarr store, batch by batch.

    Under ``torchrun`` every process draws its share of the batches into the same store.

    Args:
        sampler: of the model.
        days: a selection of the store along time; without ``precip`` for prior mode only.
        target: the Zarr store to write.
        mode: prior | posterior.
        members: K.
        batch_size: days at once.
        attrs: attributes of the result.

    Raises:
        UserError: the disk cannot hold the samples.
    """
    n = days.sizes["time"]
    check_disk(target.parent, 0.6 * 4 * n * members * days.sizes["y"] * days.sizes["x"], "sampling")
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    writer = SampleWriter(target, days, members=members, batch_size=batch_size, attrs=attrs, rank=rank, world=world)
    if mode == "posterior" and "precip" not in days:
        raise UserError("posterior mode needs observed rain, found none; use --mode prior")
    reader, calendar = Days(days), str(days["time"].dt.calendar)
    batches = [np.arange(a, min(a + batch_size, n)) for a in range(0, n, batch_size)]
    with progress(quiet=rank != 0) as bar:
        task = bar.add_task(f"sample {mode}", total=len(batches[rank::world]), note=f"{n} days x {members} members")
        for number in range(rank, len(batches), world):
            if not writer.has(number):
                batch = reader.batch(batches[number])
                storm = batch.y if mode == "posterior" else None
                drawn = sampler.draw(batch.x, batch.days, range(members), storm, batch.valid, calendar=calendar)
                writer.write(number, drawn)
            bar.advance(task)
    writer.close()
    return target


def choose_days(days: xr.Dataset, wanted: str | Iterable[str], split: str) -> xr.Dataset:
    """The days of a split that are asked for: all, heavy, heavy_x, or a list of dates.

    Raises:
        UserError: a date is not among the days, or none is left.
    """
    if isinstance(wanted, str):
        chosen = np.flatnonzero(in_day_set(days, wanted))
    else:
        numbers = day_numbers(days["time"])
        asked = np.array([_day_number(text) for text in wanted], dtype=np.int64)
        missing = [text for text, number in zip(wanted, asked, strict=True) if number not in numbers]
        if missing:
            raise UserError(
                f"day {missing[0]} is not in the {split} split; expected dates from {numbers[0]} to {numbers[-1]}; "
                "check sampling.days and sampling.splits"
            )
        chosen = np.flatnonzero(np.isin(numbers, asked))
    if not len(chosen):
        raise UserError(f"no day of the {split} split is in the set {wanted!r}; choose other days or another split")
    return days.isel(time=chosen)


def describe(loaded: Checkpoint, sampler: Sampler, mode: str, split: str, config: Config) -> dict[str, Any]:
    """Attributes that say how the samples were made."""
    settings = sampler.settings
    return {
        "title": f"{settings.members} {mode} members a day of {loaded.config.model.name}",
        "model": loaded.config.model.name,
        "checkpoint": loaded.name,
        "checkpoint_epoch": loaded.epoch,
        "checkpoint_sha256": loaded.sha256,
        "seed": loaded.config.seed,
        "sampling_seed": settings.seed,
        "mode": mode,
        "split": split,
        "members": settings.members,
        "temperature": settings.temperature,
        "noise_memory": settings.noise_memory,
        "variant": variant_of(settings, mode),
        "pixel_threshold": sampler.threshold,
        "precision": sampler.precision,
        "provenance": json.dumps(provenance(config)),
    }


def apply(config: Config, source: Path, out: Path, *, netcdf: bool = False, legacy_npy: Path | None = None) -> Path:
    """Draw prior members for a period with predictors only (no observations, any calendar).

    Args:
        config: its ``data.predictors`` name the new files, its ``sampling`` says how many members and how.
        source: the checkpoint, whose grids and statistics are used.
        out: the Zarr store to write.
        netcdf: also write NetCDF beside it.
        legacy_npy: also write the reference's normalised per-day files into this folder.

    Raises:
        UserError: predictors that do not match the checkpoint's.
    """
    from rainsmith.prepare.new_period import prepare_predictors

    loaded = checkpoints.load(source)
    settings = config.sampling
    predictors = prepare_predictors(config, loaded.domain)
    days = loaded.domain.drop_dims("channel").assign(predictors=predictors["predictors"])
    checkpoints.check_fits(loaded, days)
    for channel, share in outside_training_range(predictors, loaded.domain).items():
        console.print(f"{channel}: {100 * share:.2f} % of the values lie outside the training range")
    sampler = Sampler(loaded, settings, config.device)
    attrs = describe(loaded, sampler, "prior", "application", config)
    draw_days(sampler, days, out, mode="prior", members=settings.members, batch_size=settings.batch_size, attrs=attrs)
    _export(out, loaded, netcdf=netcdf, legacy_npy=legacy_npy)
    return out


def outside_training_range(predictors: xr.Dataset, domain: xr.Dataset) -> dict[str, float]:
    """Share of the values of each channel that lie outside the range of the training days."""
    values = predictors["predictors"]
    outside = (values < domain["predictor_min"]) | (values > domain["predictor_max"])
    known = values.notnull()
    share = (outside & known).sum(("time", "y_lr", "x_lr")) / known.sum(("time", "y_lr", "x_lr")).clip(1)
    return {str(name): float(value) for name, value in zip(values["channel"].values, share.values, strict=True)}


def _export(samples: Path, loaded: Checkpoint, *, netcdf: bool, legacy_npy: Path | None) -> None:
    if os.environ.get("RANK", "0") != "0":  # one process of several
        return
    if netcdf:
        write_netcdf(samples)
    if legacy_npy is not None:
        mean, std = cell_statistics(loaded.domain)
        with xr.open_zarr(samples, consolidated=False) as opened:
            mode = opened.attrs["mode"] + opened.attrs.get("variant", "")
            for day, number in enumerate(day_numbers(opened["time"])):
                members = opened["precip"].isel(time=day).values
                for member, field in enumerate(members):
                    folder = legacy_npy / mode / f"member_{member:03d}"
                    write_day(folder, int(number), field, mean, std)


def _day_number(text: str) -> int:
    try:
        year, month, day = (int(part) for part in str(text).split("-"))
    except ValueError:
        raise UserError(f"day {text!r} is not a date; expected YYYY-MM-DD") from None
    return year * 10000 + month * 100 + day
