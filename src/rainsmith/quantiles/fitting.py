"""The calibration of a checkpoint's quantiles on validation days, kept in a file of the run folder."""

from __future__ import annotations

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
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.quantiles.calibration import Calibration
from rainsmith.quantiles.climate import traces_of
from rainsmith.quantiles.drawing import distributions
from rainsmith.quantiles.mixture import MixtureTally
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler

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
        UserError: there are no validation days with observed rain.
    """
    data = fingerprint_of(store)
    if (kept := kept_calibration(run, checkpoint, config, data)) is not None:
        return kept
    chosen = calibration_days(store, config.quantiles)
    traces = traces_of(in_split(store, "train"), sampler.threshold)
    made = fitted(sampler, chosen, traces, config.quantiles.members, config.sampling.batch_size)
    of_classes = {"shares": made.shares, "exceeded": made.exceeded, "climates_mm": made.climates, "traces_mm": traces}
    found = {name: values.tolist() for name, values in of_classes.items()}
    kept_now = {"made_of": _made_of(checkpoint, config, data), "days": chosen.sizes[TIME], **found}
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


def fitted(sampler: Sampler, days: xr.Dataset, traces: np.ndarray, members: int, batch_size: int = 16) -> Calibration:
    """The calibration of members on some days.

    Args:
        sampler: draws them.
        days: with ``predictors`` and observed ``precip`` [mm/day] that the networks were not trained on.
        traces: (levels,) quantiles [mm/day] that dry members are given.
        members: number of members a day; the calibration is of so many.
        batch_size: number of days that are read at once.
    """
    reader, tally = Days(days, in_memory=False), MixtureTally(days.sizes[TIME], members)
    weeks, mask = calendar_blocks(days[TIME], WEEK), sampler.mask.numpy()
    with progress() as bar:
        task = bar.add_task("calibrate", total=len(reader), note=f"{members} members")
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
