"""The calibration of a checkpoint's quantiles on validation days, kept in a file of the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.console import progress
from rainsmith.base.dims import TIME, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import Record, read_record, write_json
from rainsmith.config import Config, Quantiles
from rainsmith.data.dataset import Days
from rainsmith.data.store import fingerprint_of
from rainsmith.metrics.bootstrap import calendar_blocks
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import SUFFIX, Checkpoint
from rainsmith.quantiles.calibration import Calibration
from rainsmith.quantiles.climate import traces_of
from rainsmith.quantiles.drawing import distributions
from rainsmith.quantiles.mixture import MixtureTally
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.folds import Fold, days_to_learn_and_to_choose

WEEK = 7
"""[days]"""


class _Kept(Record):
    """What the file of a calibration holds."""

    made_of: dict[str, Any]
    days: int
    shares: list[float]
    climates_mm: list[list[float]]
    traces_mm: list[float]
    exceeded: list[list[float]]


def calibration_path(run: Run, checkpoint: Checkpoint, members: int) -> Path:
    """The file of the calibration of so many members of a checkpoint."""
    return run.quantiles / f"{checkpoint.name}-calibration-{members}.json"


def kept_calibration(run: Run, checkpoint: Checkpoint, config: Config, store: str | None = None) -> Calibration | None:
    """The calibration from its file; None where there is none of this checkpoint and these settings.

    Args:
        run: the run folder of the checkpoint.
        checkpoint: whose members are calibrated.
        config: its ``quantiles`` and ``sampling`` say how members are drawn.
        store: hash of the store whose validation days are wanted; None takes any.
    """
    path = calibration_path(run, checkpoint, config.quantiles.members)
    if not path.exists():
        return None
    kept = read_record(path, _Kept, "delete it and run 'rainsmith sample --quantiles' again")
    wanted = _made_of(checkpoint, config, store or str(kept.made_of.get("store")))
    if kept.made_of != wanted:
        return None
    return Calibration(*map(np.array, (kept.exceeded, kept.shares, kept.climates_mm, kept.traces_mm)))


def calibrated(config: Config, run: Run, store: xr.Dataset, checkpoint: Checkpoint, sampler: Sampler) -> Calibration:
    """The calibration of a checkpoint, from its file or from members of validation days that are drawn for it.

    Args:
        config: its ``quantiles`` and ``sampling`` say how members are drawn.
        run: the run folder.
        store: the prepared data.
        checkpoint: whose members are calibrated.
        sampler: draws them.

    Raises:
        UserError: there are no validation days, or a network of a cross-fitted pool is missing.
    """
    data = fingerprint_of(store)
    if (kept := kept_calibration(run, checkpoint, config, data)) is not None:
        return kept
    parts = parts_of(config, run, store, checkpoint, sampler)
    traces = traces_of(in_split(store, "train"), sampler.threshold)
    made = fitted(parts, traces, config.quantiles.members, config.sampling.batch_size)
    of_classes = {"shares": made.shares, "exceeded": made.exceeded, "climates_mm": made.climates, "traces_mm": traces}
    found = {name: values.tolist() for name, values in of_classes.items()}
    number = sum(days.sizes[TIME] for _, days in parts)
    kept_now = {"made_of": _made_of(checkpoint, config, data), "days": number, **found}
    write_json(calibration_path(run, checkpoint, config.quantiles.members), kept_now)
    return made


def calibration_days(store: xr.Dataset, asked: Quantiles) -> xr.Dataset:
    """The validation days that a calibration is made of: at most so many as are asked for, evenly spaced.

    Raises:
        UserError: there are none.
    """
    days = in_split(store, "validation")
    if not days.sizes[TIME]:
        raise UserError(
            "quantiles are calibrated on validation days, and the validation split has none; change data.splits, or "
            "set quantiles.calibrate: false"
        )
    return days.isel({TIME: slice(None, None, -(-days.sizes[TIME] // asked.calibration_days))})


def parts_of(
    config: Config, run: Run, store: xr.Dataset, checkpoint: Checkpoint, sampler: Sampler
) -> list[tuple[Sampler, xr.Dataset]]:
    """The days that a calibration is made of, and what draws their members: nothing that was trained on them.

    They are validation days. Of a cross-fitted pool they are training and validation days, and those of each block of
    years are drawn by the network that left it out.

    Args:
        config: its ``quantiles`` and ``sampling`` say how members are drawn.
        run: the run folder.
        store: the prepared data.
        checkpoint: whose members are calibrated.
        sampler: draws them.

    Raises:
        UserError: there are no validation days, or a network of a cross-fitted pool is missing.
    """
    trained = checkpoint.config.train
    if not trained.cross_fit:
        return [(sampler, calibration_days(store, config.quantiles))]
    left_out = [days_to_learn_and_to_choose(store, Fold(number, trained.pool))[1] for number in range(trained.pool)]
    step = -(-sum(days.sizes[TIME] for days in left_out) // config.quantiles.calibration_days)
    parts = []
    for number, days in enumerate(left_out):
        path = run.network(number).checkpoints / f"{checkpoint.name}{SUFFIX}"
        if not path.exists():
            raise UserError(
                f"quantiles of a cross-fitted pool are calibrated by its single networks, and {path} is missing; copy "
                "the folder of each network too, or set quantiles.calibrate: false"
            )
        alone = Sampler(checkpoints.load(path), config.sampling, config.device)
        parts.append((alone, days.isel({TIME: slice(number % step, None, step)})))
    return parts


def fitted(
    parts: Sequence[tuple[Sampler, xr.Dataset]], traces: np.ndarray, members: int, batch_size: int = 16
) -> Calibration:
    """The calibration of members on some days.

    Args:
        parts: what draws members, and days with ``predictors`` and observed ``precip`` [mm/day] that it was not trained
            on.
        traces: (levels,) quantiles [mm/day] that dry members are given.
        members: number of members a day; the calibration is of so many.
        batch_size: number of days that are read at once.
    """
    number = sum(days.sizes[TIME] for _, days in parts)
    tally = MixtureTally(number, members)
    with progress() as bar:
        task = bar.add_task("calibrate", total=number, note=f"{members} members")
        for sampler, days in parts:
            reader, mask = Days(days, in_memory=False), sampler.mask.numpy()
            weeks = calendar_blocks(days[TIME], WEEK)
            for start in range(0, len(reader), batch_size):
                numbers = np.arange(start, min(start + batch_size, len(reader)))
                batch = reader.batch(numbers)
                drawn = distributions(sampler, batch.x, batch.days, members, traces)
                for day, rain, valid, found in zip(numbers, batch.y.numpy(), batch.valid.numpy(), drawn, strict=True):
                    tally.add(int(weeks[day]), found, rain[mask], valid[mask])
                    bar.advance(task)
    return tally.calibration(traces)


def _made_of(checkpoint: Checkpoint, config: Config, store: str) -> dict[str, Any]:
    """What a calibration depends on."""
    drawn = config.sampling.model_dump(mode="json", include={"temperature", "pixel_threshold", "seed"})
    asked = config.quantiles.model_dump(mode="json", include={"members", "calibration_days"})
    return {"checkpoint": checkpoint.sha256, "store": store} | drawn | asked
