"""Real and synthetic days as one training set: how they are put together, checked and written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.large_arrays import blocks, empty, pages_of, release
from rainsmith.base.zarr_blocks import daily_chunks, write_zarr_in_blocks
from rainsmith.data.held_days import chosen_days
from rainsmith.data.legacy.write import write_pair
from rainsmith.data.statistics import cell_statistics
from rainsmith.data.store import CHUNK_CELLS, CHUNK_DAYS


def mix(
    real: xr.Dataset,
    sources: xr.Dataset,
    indices: np.ndarray,
    fields: np.ndarray,
    weight: float | np.ndarray = 1.0,
    numbers: np.ndarray | None = None,
) -> xr.Dataset:
    """Real training days followed by synthetic ones, each with the date and the predictors of its source.

    Args:
        real: the training days of the store.
        sources: the days that synthetic ones were drawn for.
        indices: (days,) index into ``sources`` of each synthetic day.
        fields: (field, y, x) synthetic rain [mm/day]; kept where the source has a value.
        weight: weight of all synthetic days in training, or (days,) of each; a real day has 1.
        numbers: (days,) index into ``fields`` of each synthetic day; None where there is one field a day.
    """
    numbers = np.arange(len(indices)) if numbers is None else numbers
    drawn = chosen_days(sources, indices)
    rain = empty(drawn["precip"].shape)
    for part, observed in blocks(drawn["precip"]):
        rain[part] = np.where(np.isfinite(observed), fields[numbers[part]], np.nan)
        release(rain)
        release(fields)
    drawn = drawn.assign(precip=drawn["precip"].copy(data=rain))
    return append_synthetic(real, _labelled(drawn, synthetic=True, weight=weight))


def append_synthetic(real: xr.Dataset, synthetic: xr.Dataset) -> xr.Dataset:
    """Real training days followed by synthetic ones that have been labelled before.

    Args:
        real: the training days of the store.
        synthetic: the synthetic days of a set that ``mix`` made, with ``synthetic(time)`` and ``weight(time)``.
    """
    days = [_labelled(real, synthetic=False, weight=1.0), synthetic]
    large = [name for name in ("precip", "predictors") if name in real]
    fields = {name: _behind_each_other([part[name] for part in days]) for name in large}
    rest = [part.drop_vars(large) for part in days]
    mixed = xr.concat(rest, dim=TIME, data_vars="minimal", coords="minimal", compat="override", join="override")
    return mixed.assign(fields)


def _behind_each_other(fields: list[xr.DataArray]) -> xr.Variable:
    """One field of real days, then of synthetic ones."""
    first = fields[0]
    values = empty((sum(len(field) for field in fields), *first.shape[1:]), first.dtype)
    start = 0
    for field in fields:
        for part, block in blocks(field):
            values[start + part.start : start + part.stop] = block
            release(values)
        start += len(field)
    return xr.Variable(first.dims, values, first.attrs)


def _labelled(days: xr.Dataset, *, synthetic: bool, weight: float | np.ndarray) -> xr.Dataset:
    n = days.sizes[TIME]
    weights = np.broadcast_to(weight, n).astype(np.float32)
    return days.assign(
        synthetic=(TIME, np.full(n, synthetic), {"long_name": "day drawn by the model"}),
        weight=(TIME, weights, {"long_name": "weight of the day in training", "units": "1"}),
    )


def require_training_days(mixed: xr.Dataset) -> None:
    """Every day of an augmented set is a training day, and so is the source of every synthetic day.

    Raises:
        UserError: names a day that is not.
    """
    numbers = day_numbers(mixed[TIME])
    training = set(numbers[~mixed["synthetic"].values].tolist())
    wrong = (mixed["split"].values != SPLITS.index("train")) | ~np.isin(numbers, list(training))
    if wrong.any():
        raise UserError(f"day {numbers[wrong][0]} lies outside the training split; only training days may be a source")


def _in_pieces(field: xr.DataArray) -> xr.DataArray:
    """A field that lies in a file, such that what is worked out of it is worked out a few days at a time."""
    return field if pages_of(field.values) is None else field.chunk({TIME: CHUNK_DAYS})


def write_training_set(mixed: xr.Dataset, store: Path, pair: Path) -> None:
    """Write an augmented set.

    Args:
        mixed: real and synthetic days.
        store: the Zarr store to write, in the format of ``store.zarr``.
        pair: the folder for the reference's normalised array pair, with ``days.npy``, ``synthetic.npy`` and
            ``weight.npy`` in the same order of days.
    """
    with atomic(store) as scratch:
        write_zarr_in_blocks(scratch, mixed.drop_encoding(), encoding=daily_chunks(mixed, CHUNK_DAYS, CHUNK_CELLS))
    write_pair(
        pair,
        _in_pieces(mixed["predictors"]).fillna(mixed["predictor_mean"]),
        mixed["precip"],
        *cell_statistics(mixed),
        predictor_mean=mixed["predictor_mean"].values,
        predictor_std=mixed["predictor_std"].values,
    )
    beside = {"days": day_numbers(mixed[TIME])} | {name: mixed[name].values for name in ("synthetic", "weight")}
    for name, values in beside.items():
        with atomic(pair / f"{name}.npy") as scratch:
            np.save(scratch, values)
