"""From raw fields to the store: splits, training statistics, categories, and one atomic write."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Mapping
from importlib import metadata
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import CATEGORIES, CHANNEL, GRID, SPLITS, STATIC, TIME, X_LR, Y_LR, X, Y, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk
from rainsmith.config import Config
from rainsmith.data import heavy
from rainsmith.data.analogs import analog_mean, ordinals
from rainsmith.data.grids.grid import block_index
from rainsmith.data.raw import RawData
from rainsmith.data.splits import assign, refuse_empty, split_spans
from rainsmith.run_folder import Run

_DAYS_AT_ONCE = 256  # of a store that are held while its hash is made
CHUNK_DAYS = 16
"""[days] A random day out of long chunks costs milliseconds; out of these, a fraction of one."""


def finish(raw: RawData, config: Config, run: Run, counts: Mapping[str, Any] | None = None) -> None:
    """Write ``store.zarr`` from raw fields: the one way into a store, whatever the kind of data.

    Args:
        raw: fields in mm/day and raw predictors.
        config: the run's configuration.
        run: the run folder.
        counts: numbers and notices that become attributes of the store.

    Raises:
        UserError: a split is empty, splits overlap, or the disk is too small.
    """
    store = build_store(raw, config, counts or {})
    write_store(store, run)


def build_store(raw: RawData, config: Config, counts: Mapping[str, Any]) -> xr.Dataset:
    """The store as a Dataset in memory (see ``finish``)."""
    precip = raw.precip.astype(np.float32, copy=False).copy(deep=False)
    numbers = day_numbers(precip[TIME])
    split = raw.split if raw.split is not None else assign(numbers, split_spans(config.data.splits))
    refuse_empty(split, numbers)
    mask = np.isfinite(precip.values).any(axis=0)
    training = split == SPLITS.index("train")
    statistics = training_statistics(precip.values, training, config.data.heavy_quantile)
    if not float(statistics["train_max"][1]) >= config.data.wet_mm:
        raise UserError(
            f"the most that falls on a training day is {float(statistics['train_max'][1]):g} mm/day; expected rain "
            f"(data.wet_mm is {config.data.wet_mm:g}); check the variable and its unit, or give other training years"
        )
    if raw.log_mean is not None and raw.log_std is not None:
        statistics["log_mean"] = (GRID, np.where(mask, raw.log_mean.values, np.nan).astype(np.float32))
        statistics["log_std"] = (GRID, np.where(mask, raw.log_std.values, np.nan).astype(np.float32))
    threshold = max(float(statistics["heavy_threshold"][1]), config.data.wet_mm)  # where most days are dry
    statistics["heavy_threshold"] = ((), np.float64(threshold), {"units": "mm/day"})
    category = heavy.categories(precip.values, threshold, config.data.heavy_area, config.data.wet_mm)
    shape = (raw.predictors.sizes[Y_LR], raw.predictors.sizes[X_LR])
    block = block_index(raw.coarse_row.values, raw.coarse_col.values, shape)
    if raw.coarse_rain_channel:
        coarse = raw.predictors.sel({CHANNEL: raw.coarse_rain_channel}).values
        score = heavy.coarse_rain_score(coarse, block, mask)
    else:
        score = _analog_score(raw, domain_means(precip.values), training)
    heavy_x = heavy.choose_heavy_x(score, category, split)
    precip.attrs = {**precip.attrs, "units": "mm/day", "standard_name": "lwe_precipitation_rate"}
    store = xr.Dataset(
        {
            "precip": precip.transpose(TIME, Y, X),
            "predictors": raw.predictors.astype(np.float32).transpose(TIME, CHANNEL, Y_LR, X_LR),
            "statics": raw.statics.astype(np.float32).transpose(STATIC, Y, X),
            "mask": (GRID, mask, {"long_name": "cell is valid on at least one day"}),
            "split": (TIME, split.astype(np.int8), {"long_name": "split; -1: none", **_flags(SPLITS)}),
            "category": (TIME, category, _flags(CATEGORIES)),
            "heavy_x": (TIME, heavy_x, {"long_name": "heavy day chosen by the predictors alone"}),
            "coarse_row": (GRID, raw.coarse_row.values.astype(np.float32)),
            "coarse_col": (GRID, raw.coarse_col.values.astype(np.float32)),
            "block": (GRID, block, {"long_name": "number of the coarse cell that holds the cell"}),
            **channel_statistics(raw.predictors, training, raw.rain_channels),
            **statistics,
        }
    )
    store.attrs = {
        "Conventions": "CF-1.11",
        **raw.attrs,
        "kind": config.data.kind,
        "coarse_rain_channel": raw.coarse_rain_channel,
        "coarsen": raw.coarsen,
        "grid_mapping": precip.attrs.get("grid_mapping", ""),  # outlives the time dimension, in checkpoints
        "legacy_statistics": int(raw.log_mean is not None and raw.log_std is not None),
        "rainsmith_version": metadata.version("rainsmith"),
        **counts,
    }
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    earlier = [raw.attrs["history"]] if raw.attrs.get("history") else []
    store.attrs["history"] = "\n".join([f"{now} rainsmith {store.attrs['rainsmith_version']} prepare", *earlier])
    # the grids must outlive the time dimension: checkpoints keep the store without it
    bare = {dim: np.arange(store.sizes[dim]) for dim in (Y_LR, X_LR) if dim not in store.coords}
    return store.assign_coords(bare).drop_encoding()


def training_statistics(precip: np.ndarray, training: np.ndarray, heavy_quantile: float) -> dict[str, Any]:
    """Statistics of the training days over valid cell-days (dry ones included), as variables of the store.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        training: (time,) bool.
        heavy_quantile: quantile of all values that ``heavy_threshold`` is.
    """
    days = np.flatnonzero(training)
    shape = precip.shape[1:]
    count, total, log_total, log_square = (np.zeros(shape) for _ in range(4))
    for start in range(0, len(days), 256):  # in pieces of float64: exact, and without copies of the whole
        part = precip[days[start : start + 256]].astype(np.float64)
        valid = np.isfinite(part)
        part[~valid] = 0.0
        logs = np.log1p(part)
        count += valid.sum(axis=0)
        total += part.sum(axis=0)
        log_total += logs.sum(axis=0)
        log_square += (logs**2).sum(axis=0)
    values = np.concatenate([precip[day][np.isfinite(precip[day])] for day in days])
    quantiles = np.quantile(values, [0.90, 0.95, 0.99, heavy_quantile], overwrite_input=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        climatology, log_mean = total / count, log_total / count
        log_std = np.sqrt(np.maximum(log_square / count - log_mean**2, 0.0))
        pooled = log_total.sum() / count.sum()
        log_std_global = np.sqrt(log_square.sum() / count.sum() - pooled**2)
    names = ("p90", "p95", "p99", "heavy_threshold")
    units = {"units": "mm/day"}
    scalars = {n: ((), np.float64(q), units) for n, q in zip(names, quantiles, strict=True)}
    return {
        "climatology": (GRID, climatology.astype(np.float32), {**units, "long_name": "training mean"}),
        "log_mean": (GRID, log_mean.astype(np.float32), {"long_name": "training mean of log1p(mm/day)"}),
        "log_std": (GRID, log_std.astype(np.float32), {"long_name": "training standard deviation of log1p(mm/day)"}),
        "log_std_global": ((), np.float64(log_std_global)),
        "train_max": ((), np.float64(values.max()), units),
        **scalars,
    }


def channel_statistics(
    predictors: xr.DataArray, training: np.ndarray, rain_channels: Collection[str] = ()
) -> dict[str, Any]:
    """Mean, standard deviation and range of each channel over training days and coarse cells, as variables.

    Channels of rain also get the mean and standard deviation of log1p, NaN for the others.

    Raises:
        UserError: a channel has no value on any training day.
    """
    names = ("mean", "std", "min", "max", "log_mean", "log_std")
    found: dict[str, list[float]] = {name: [] for name in names}
    for number, channel in enumerate(predictors[CHANNEL].values):
        values = predictors.values[training, number]
        values = values[np.isfinite(values)].astype(np.float64)
        if not values.size:
            raise UserError(
                f"predictor '{channel}' has no value on any training day; remove it or move data.splits.train"
            )
        logs = np.log1p(np.maximum(values, 0.0)) if str(channel) in rain_channels else np.full(1, np.nan)
        for name in names:
            measured = logs if name.startswith("log_") else values
            found[name].append(float(getattr(measured, name.removeprefix("log_"))()))
    return {f"predictor_{name}": (CHANNEL, np.asarray(values)) for name, values in found.items()}


def domain_means(precip: np.ndarray) -> np.ndarray:
    """Mean of each day over its valid cells (time,) [mm/day], NaN where there is none."""
    count = np.array([np.isfinite(day).sum() for day in precip])
    total = np.array([np.nansum(day, dtype=np.float64) for day in precip])
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _analog_score(raw: RawData, domain_mean: np.ndarray, training: np.ndarray) -> np.ndarray:
    try:
        return analog_mean(raw.predictors.values, domain_mean, training, ordinals(raw.precip[TIME]))
    except ValueError as error:
        raise UserError(f"heavy_x cannot be chosen: {error}") from None


def write_store(store: xr.Dataset, run: Run) -> None:
    """Write a store at once: a temporary folder that takes its place when it is complete.

    Raises:
        UserError: the disk is too small.
    """
    check_disk(run.folder, store.nbytes, "prepare")
    sizes = store.sizes
    days = min(CHUNK_DAYS, sizes[TIME])
    encoding: dict[str, dict[str, Any]] = {
        "precip": {"chunks": (days, sizes[Y], sizes[X])},
        "predictors": {"chunks": (days, sizes[CHANNEL], sizes[Y_LR], sizes[X_LR])},
        **{name: {"chunks": (sizes[TIME],)} for name in ("split", "category", "heavy_x")},
    }
    with atomic(run.store) as path:
        store.to_zarr(path, mode="w", zarr_format=3, consolidated=False, encoding=encoding)


def _flags(names: tuple[str, ...]) -> dict[str, Any]:
    return {"flag_values": list(range(len(names))), "flag_meanings": " ".join(names)}


def fingerprint_of(store: xr.Dataset) -> str:
    """Hash of a store: its days, their rain, predictors and sets, the grid and the training statistics."""
    digest = hashlib.sha256(day_numbers(store["time"]).tobytes())
    for name in sorted(map(str, store.variables)):
        digest.update(name.encode())
        if store[name].dtype.kind not in "biuf":  # names; and the time, whose days are in already
            digest.update(b"" if name == "time" else str(store[name].values.tolist()).encode())
            continue
        days = store.sizes["time"] if "time" in store[name].dims else 0
        for start in range(0, max(days, 1), _DAYS_AT_ONCE):
            part = store[name].isel(time=slice(start, start + _DAYS_AT_ONCE)) if days else store[name]
            digest.update(np.ascontiguousarray(part.values).tobytes())
    return digest.hexdigest()[:16]
