"""The store: made from raw fields with splits, statistics and categories, written at once, and its hash."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.bucket_products import claim, finish, refuse_foreign, remove_link
from rainsmith.base.cf import CONVENTIONS, cell_methods_of_rate, from_cf
from rainsmith.base.dims import CATEGORIES, CHANNEL, GRID, SPLITS, STATIC, TIME, X_LR, Y_LR, X, Y, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk
from rainsmith.base.large_arrays import blocks, ever_finite
from rainsmith.base.scratch import scratch_folder
from rainsmith.base.urls import Url
from rainsmith.base.zarr_blocks import write_zarr_in_blocks
from rainsmith.config import Data
from rainsmith.data import heavy
from rainsmith.data.analogs import analog_mean, ordinals
from rainsmith.data.grids.locate import block_index
from rainsmith.data.raw import RawData
from rainsmith.data.splits import assign, refuse_empty, refuse_no_dates, split_spans
from rainsmith.data.statistics import channel_statistics, domain_means, training_statistics

_SMALL = 4 * 2**20
"""[bytes] Variables of no more are read together, which is quicker, and hashed whole."""
CHUNK_DAYS = 16
"""[days] Training reads random days: a day out of a longer chunk takes milliseconds, out of these a fraction of one."""
CHUNK_CELLS = 512
"""[fine cells] Longest side of a chunk: on a larger grid, a patch of a day is read without the rest of the day."""


def build_store(raw: RawData, settings: Data, attributes: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Make the store from raw fields: every kind of data becomes a store here, and nowhere else.

    Args:
        raw: rain in mm/day, raw predictors and static maps.
        settings: the section ``data`` of the configuration; its files are not read.
        attributes: more attributes of the store, such as counts of what was mended.

    Returns:
        The store in memory: ``precip``, ``predictors``, ``statics``, ``mask``, the split and category of each day,
        where fine cells lie in the coarse grid, and statistics of the training days (docs/architecture.md).

    Raises:
        UserError: a split has no day, splits overlap, a date does not exist, no rain falls on training days, or a
            predictor is always missing.
    """
    precip = raw.precip.astype(np.float32, copy=False).copy(deep=False)
    methods = cell_methods_of_rate(precip.attrs.get("cell_methods"))
    rate = {"units": "mm/day", "standard_name": "lwe_precipitation_rate", "cell_methods": methods}
    precip.attrs = {**precip.attrs, **rate}
    raw = replace(raw, precip=precip)
    days = day_numbers(precip[TIME])
    refuse_no_dates(settings, precip[TIME].dt.calendar)
    split = raw.split if raw.split is not None else assign(days, split_spans(settings.splits))
    refuse_empty(split, days)
    mask = ever_finite(precip)
    training = split == SPLITS.index("train")
    statistics = _rain_statistics(raw, mask, training, settings)
    threshold = float(statistics["heavy_threshold"][1])
    category = heavy.categories(precip.values, threshold, settings.heavy_area, settings.wet_mm)
    shape = (raw.predictors.sizes[Y_LR], raw.predictors.sizes[X_LR])
    block = block_index(raw.coarse_row.values, raw.coarse_col.values, shape)
    heavy_x = heavy.choose_heavy_x(_wetness(raw, mask, block, training), category, split)
    store = xr.Dataset(
        {
            "precip": precip.transpose(TIME, Y, X),
            "predictors": raw.predictors.astype(np.float32, copy=False).transpose(TIME, CHANNEL, Y_LR, X_LR),
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
        },
        attrs=_attributes(raw, settings.kind, attributes or {}),
    )
    # checkpoints keep the store without its time, so the coarse grid needs coordinates of its own
    missing = {dim: np.arange(store.sizes[dim]) for dim in (Y_LR, X_LR) if dim not in store.coords}
    return store.assign_coords(missing).drop_encoding()


def write_store(store: xr.Dataset, path: Path, bucket: Url | None = None) -> None:
    """Write a store beside its place and rename it, so that its place never holds an unfinished store.

    Args:
        store: from ``build_store``.
        path: the folder to write, such as ``runs/x/store.zarr``; an older store is replaced.
        bucket: where the store goes when it is written, if not to its place, which becomes a link to it.

    Raises:
        UserError: the disk is too small, or the bucket refuses.
    """
    check_disk(path.parent, store.nbytes, "prepare")
    sizes = store.sizes
    days = min(CHUNK_DAYS, sizes[TIME])
    encoding: dict[str, dict[str, Any]] = {
        "precip": {"chunks": (days, *(min(sizes[dim], CHUNK_CELLS) for dim in (Y, X)))},
        "predictors": {"chunks": (days, sizes[CHANNEL], sizes[Y_LR], sizes[X_LR])},
        **{name: {"chunks": (sizes[TIME],)} for name in ("split", "category", "heavy_x")},
    }
    if bucket is not None:
        refuse_foreign(bucket, path)
        with scratch_folder(path.parent, path.name) as scratch:
            write_zarr_in_blocks(scratch / path.name, store, encoding=encoding)
            claim(bucket, path)
            finish(scratch / path.name, bucket)
        return
    remove_link(path)
    with atomic(path) as scratch:
        write_zarr_in_blocks(scratch, store, encoding=encoding)


def fingerprint_of(store: xr.Dataset) -> str:
    """Hash of a store: its days, their rain, predictors and sets, the grid and the training statistics."""
    store = from_cf(store)  # the same in memory, in a file, and in a file of an earlier version
    large = [name for name, variable in store.variables.items() if variable.nbytes > _SMALL]
    variables = {**store.variables, **store.drop_vars(large).compute().variables}
    digest = hashlib.sha256(day_numbers(store["time"]).tobytes())
    for name, variable in sorted(variables.items(), key=lambda item: str(item[0])):
        digest.update(str(name).encode())
        if variable.dtype.kind not in "biuf":  # text, and the time, whose days are in the hash already
            digest.update(b"" if name == "time" else str(variable.values.tolist()).encode())
            continue
        if name in large:
            for _, values in blocks(store[name]):
                digest.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
        else:
            digest.update(np.ascontiguousarray(variable.values).tobytes())
    return digest.hexdigest()[:16]


def _rain_statistics(raw: RawData, mask: np.ndarray, training: np.ndarray, settings: Data) -> dict[str, Any]:
    """Statistics of the training days; those of log1p that came with legacy files replace our own.

    Raises:
        UserError: no rain falls on any training day.
    """
    statistics = training_statistics(raw.precip.values, training, settings.heavy_quantile)
    most = float(statistics["train_max"][1])
    if not most >= settings.wet_mm:
        raise UserError(
            f"the most that falls on a training day is {most:g} mm/day; expected rain "
            f"(data.wet_mm is {settings.wet_mm:g}); check the variable and its unit, or give other training years"
        )
    if raw.log_mean is not None and raw.log_std is not None:
        statistics["log_mean"] = (GRID, np.where(mask, raw.log_mean.values, np.nan).astype(np.float32))
        statistics["log_std"] = (GRID, np.where(mask, raw.log_std.values, np.nan).astype(np.float32))
    # where most days are dry the quantile is 0; a heavy day needs rain all the same
    threshold = max(float(statistics["heavy_threshold"][1]), settings.wet_mm)
    statistics["heavy_threshold"] = ((), np.float64(threshold), {"units": "mm/day"})
    return statistics


def _wetness(raw: RawData, mask: np.ndarray, block: np.ndarray, training: np.ndarray) -> np.ndarray:
    """How wet the predictors alone make each day look (time,) [mm/day]: its coarse rain, else the mean of its analogs.

    Raises:
        UserError: there is no coarse rain and too few training days to find analogs among.
    """
    if raw.coarse_rain_channel:
        coarse = raw.predictors.sel({CHANNEL: raw.coarse_rain_channel}).values
        return heavy.coarse_rain_score(coarse, block, mask)
    rain = domain_means(raw.precip.values)
    try:
        return analog_mean(raw.predictors.values, rain, training, ordinals(raw.precip[TIME]))
    except ValueError as error:
        raise UserError(f"heavy_x cannot be chosen: {error}") from None


def _attributes(raw: RawData, kind: str, more: Mapping[str, Any]) -> dict[str, Any]:
    version = metadata.version("rainsmith")
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    earlier = [raw.attrs["history"]] if raw.attrs.get("history") else []
    return {
        "Conventions": CONVENTIONS,
        **raw.attrs,
        "kind": kind,
        "coarse_rain_channel": raw.coarse_rain_channel,
        "coarsen": raw.coarsen,
        # text, because NetCDF has no attribute of names and values; here, because checkpoints drop the predictors
        **({"channel_units": json.dumps(raw.channel_units)} if raw.channel_units else {}),
        "channel_missing": json.dumps(_missing_shares(raw.predictors)),
        "grid_mapping": raw.precip.attrs.get("grid_mapping", ""),  # checkpoints drop precip and need it here
        "legacy_statistics": int(raw.log_mean is not None and raw.log_std is not None),
        "rainsmith_version": version,
        **more,
        "history": "\n".join([f"{now} rainsmith {version} prepare", *earlier]),
    }


def _missing_shares(predictors: xr.DataArray) -> dict[str, float]:
    """Share of the values of each channel that are missing, for the channels that lack any."""
    missing = np.sum([np.isnan(block).sum(axis=(0, 2, 3)) for _, block in blocks(predictors)], axis=0)
    shares = missing / (predictors.size // predictors.sizes[CHANNEL])
    return {str(name): round(float(s), 6) for name, s in zip(predictors[CHANNEL].values, shares, strict=True) if s}


def _flags(names: tuple[str, ...]) -> dict[str, Any]:
    return {"flag_values": list(range(len(names))), "flag_meanings": " ".join(names)}
