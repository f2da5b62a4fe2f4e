"""Writing rain and predictors as the reference's files, in its normalisation (docs/legacy.md)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.lib.format import open_memmap

from rainsmith.base.dims import CHANNEL, TIME, X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk
from rainsmith.base.large_arrays import blocks, release
from rainsmith.data.legacy.format import Statistics

PREDICTORS = "predictors_train_mean_std_separate.npy"
OBSERVATIONS = "obs_train_mean_std_single.npy"
MEAN, STD = "log_mean.npy", "log_std.npy"


def write_day(folder: Path, day_id: int, precip_mm: np.ndarray, log_mean: np.ndarray, log_std: np.ndarray) -> Path:
    """Write the rain of one day as ``folder/day_NNNNNN.npy``, (1, H, W) float32 z-scores of log1p mm/day.

    Args:
        folder: made where it is missing; an older file of the day is replaced by a complete one or not at all.
        day_id: number of the day, written with six digits or as many as it has.
        precip_mm: (H, W) rain [mm/day]; NaN, an invalid cell, stays NaN.
        log_mean: (H, W) or scalar mean of log1p mm/day, used without a floor.
        log_std: (H, W) or scalar standard deviation of log1p mm/day, used without a floor.

    Returns:
        The file.

    Raises:
        UserError: a shape does not fit, or rain lies where std is 0 and cannot be written.
    """
    precip_mm = np.asarray(precip_mm)
    if precip_mm.ndim != 2 or day_id < 0:
        raise UserError(f"day {day_id} has rain of shape {precip_mm.shape}; expected an id >= 0 and rain (H, W)")
    path = folder / f"day_{day_id:06d}.npy"
    z = Statistics.of(log_mean, log_std, precip_mm.shape).forward(precip_mm, f"day {day_id}")
    with atomic(path) as scratch:
        np.save(scratch, z[None])
    return path


def write_pair(
    folder: Path,
    predictors: xr.DataArray,
    precip: xr.DataArray,
    log_mean: np.ndarray | xr.DataArray,
    log_std: np.ndarray | xr.DataArray,
    *,
    predictor_mean: np.ndarray | xr.DataArray | None = None,
    predictor_std: np.ndarray | xr.DataArray | None = None,
) -> list[Path]:
    """Write days as the reference's pair of arrays, and beside it the statistics that are needed to read it.

    Args:
        folder: made where it is missing; older files are replaced by complete ones or not at all.
        predictors: (time, channel, y_lr, x_lr), written as (T, H_lr, W_lr, C) float32.
        precip: (time, y, x) [mm/day], written as (T, H, W) float32 z-scores of log1p mm/day; NaN stays NaN.
        log_mean: (H, W) or scalar mean of log1p mm/day, used without a floor.
        log_std: (H, W) or scalar standard deviation of log1p mm/day, used without a floor.
        predictor_mean: (channel,) training means; without them the predictors are not normalised.
        predictor_std: (channel,) training standard deviations; a constant channel becomes 0.

    Returns:
        The predictors, the observations, the mean and the standard deviation.

    Raises:
        UserError: the numbers of days differ, a shape does not fit, rain lies where std is 0, or the disk is too small.
    """
    predictors, precip = predictors.transpose(TIME, Y_LR, X_LR, CHANNEL), precip.transpose(TIME, Y, X)
    if predictors.sizes[TIME] != precip.sizes[TIME]:
        raise UserError(
            f"found {predictors.sizes[TIME]} days of predictors and {precip.sizes[TIME]} of rain; expected as many"
        )
    statistics = Statistics.of(np.asarray(log_mean), np.asarray(log_std), precip.shape[1:])
    shift, scale = 0.0 if predictor_mean is None else np.asarray(predictor_mean), np.asarray(1.0)
    if predictor_std is not None:
        scale = np.where(np.asarray(predictor_std) > 0, predictor_std, 1.0)
    check_disk(folder, 4.0 * (predictors.size + precip.size), "the array pair")
    files = [folder / name for name in (PREDICTORS, OBSERVATIONS, MEAN, STD)]
    with ExitStack() as all_or_none:
        scratch = [all_or_none.enter_context(atomic(path)) for path in files]
        _write(scratch[0], predictors, lambda x: (x - shift) / scale)
        _write(scratch[1], precip, lambda y: statistics.forward(y, "the array pair"))
        np.save(scratch[2], statistics.mean.astype(np.float32))
        np.save(scratch[3], statistics.std.astype(np.float32))
    return files


def _write(path: Path, values: xr.DataArray, convert: Callable[[np.ndarray], np.ndarray]) -> None:
    """Convert an array piece by piece along time, and write it as float32."""
    target = open_memmap(path, mode="w+", dtype=np.float32, shape=values.shape)
    for part, block in blocks(values):
        target[part] = convert(block)
        release(target)
    target.flush()
    del target
