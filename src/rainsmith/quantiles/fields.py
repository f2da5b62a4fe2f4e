"""Fields of quantiles and probabilities, written day by day into a CF Zarr store."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import xarray as xr

from rainsmith.base.cf import CONVENTIONS, coordinates_of_cells, rain_attributes
from rainsmith.base.console import console, progress
from rainsmith.base.dims import TIME
from rainsmith.base.files import check_disk
from rainsmith.base.locks import writing
from rainsmith.config import Quantiles
from rainsmith.data.dataset import Days
from rainsmith.metrics.quantiles import QUANTILE
from rainsmith.quantiles.calibration import Calibration
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.drawing import distributions
from rainsmith.sample.files import SampleWriter
from rainsmith.sample.sampler import Sampler

THRESHOLD = "threshold"
"""Dimension of the amounts [mm/day] whose probability of exceedance is written."""
_DAYS = 8
"""Days of one chunk of the store."""


def write_fields(
    sampler: Sampler,
    days: xr.Dataset,
    target: Path,
    asked: Quantiles,
    calibration: Calibration | None,
    attrs: dict[str, Any],
    *,
    again: bool = True,
) -> None:
    """Draw members of some days and write their quantiles and probabilities; what is there already is gone on with.

    Args:
        sampler: draws the members.
        days: a selection of a store along time, or days with predictors only.
        target: the Zarr store.
        asked: what is written.
        calibration: of the members; None takes their quantiles as they are.
        attrs: attributes of the store.
        again: whether a finished store of the same request is made anew.

    Raises:
        UserError: too little disk, or another process writes the same store.
    """
    about: dict[str, Any] = {"members": asked.members, "calibration": "none"}
    if calibration is not None:
        about["calibration"] = hashlib.sha256(calibration.exceeded.tobytes()).hexdigest()
        about["shares_of_climate"] = calibration.shares.tolist()
    form, levels = form_of_fields(days, asked, attrs | about), calibration or Calibration.as_it_is()
    check_disk(target.parent, 0.6 * sum(field.size * 4.0 for field in form.data_vars.values()), "sampling")
    reader = Days(days.drop_vars("precip", errors="ignore"), in_memory=False)
    with writing(target, "rainsmith sample"):
        writer = SampleWriter(target, form, batch_size=_DAYS, keep=not again)
        if writer.is_written:
            return
        with progress() as bar:
            task = bar.add_task("quantiles", total=len(reader), note=f"{asked.members} members a day")
            for number in range(writer.n_batches):
                places = np.arange(number * _DAYS, min((number + 1) * _DAYS, len(reader)))
                if not writer.has(number):
                    batch = reader.batch(places)
                    drawn = distributions(sampler, batch.x, batch.days, asked.members, levels.traces)
                    parts = [fields_of(found, asked, levels, sampler.mask.numpy()) for found in drawn]
                    writer.write(number, {name: np.stack([part[name] for part in parts]) for name in parts[0]})
                bar.advance(task, len(places))
        writer.close()
    console.print(f"{target}: {len(reader)} days from {asked.members} members each", soft_wrap=True)


def form_of_fields(days: xr.Dataset, asked: Quantiles, attrs: dict[str, Any]) -> xr.Dataset:
    """The dataset that is written, with values that are still to be worked out.

    Args:
        days: with coordinates and grid mapping.
        asked: the levels, the amounts, and whether the mean is wanted.
        attrs: attributes of the dataset.
    """
    form = coordinates_of_cells(days).assign_attrs({"Conventions": CONVENTIONS, **attrs})
    form.attrs["title"] = f"quantiles of daily precipitation from {asked.members} members of {attrs['model']}"
    form = form.assign_coords({QUANTILE: (QUANTILE, np.array(asked.levels), {"units": "1"})})
    n, y, x = days.sizes[TIME], days.sizes["y"], days.sizes["x"]

    def empty(*more: int) -> Any:
        return dask.array.zeros((n, *more, y, x), dtype=np.float32)

    rain = rain_attributes("quantiles of daily precipitation", days)
    form["quantiles"] = ((TIME, QUANTILE, "y", "x"), empty(len(asked.levels)), rain)
    if asked.exceedance_mm:
        units = {"units": "mm/day", "long_name": "amount that is exceeded"}
        form = form.assign_coords({THRESHOLD: (THRESHOLD, np.array(asked.exceedance_mm), units)})
        mapping = {key: rain[key] for key in ("grid_mapping",) if key in rain}
        about = {"long_name": "probability that more rain falls than the threshold", "units": "1", **mapping}
        form["exceedance"] = ((TIME, THRESHOLD, "y", "x"), empty(len(asked.exceedance_mm)), about)
    if asked.mean:
        form["mean"] = ((TIME, "y", "x"), empty(), rain_attributes("mean of the members", days))
    return form


def fields_of(
    found: Distribution, asked: Quantiles, calibration: Calibration, mask: np.ndarray
) -> dict[str, np.ndarray]:
    """The fields of one day by name, (..., y, x), NaN at cells that are never valid.

    Args:
        found: distributions of the valid cells.
        asked: the levels, the amounts, and whether the mean is wanted.
        calibration: of the members.
        mask: (y, x) True at valid cells.
    """
    levels, amounts = asked.levels, np.array(asked.exceedance_mm, dtype=np.float32)
    values: dict[str, np.ndarray] = {"quantiles": np.empty((len(levels), len(found)), np.float32)}
    if len(amounts):
        values["exceedance"] = np.empty((len(amounts), len(found)), np.float32)
    if asked.mean:
        values["mean"] = np.empty(len(found), np.float32)
    for cells in found.blocks():
        values["quantiles"][:, cells] = calibration.quantiles(found, levels, cells).T
        if len(amounts):
            values["exceedance"][:, cells] = calibration.exceedance(found, amounts, cells).T
        if asked.mean:
            values["mean"][cells] = found.mean[cells]
    return {name: _on_grid(of_cells, mask) for name, of_cells in values.items()}


def _on_grid(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    whole = np.full((*values.shape[:-1], *mask.shape), np.nan, np.float32)
    whole[..., mask] = values
    return whole
