"""Statistics of the training days, which the store carries, and means of days."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, GRID
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import parts, release
from rainsmith.data.pairwise_sums import pairwise_sum
from rainsmith.data.pooled_quantiles import pooled_quantiles

STD_FLOOR = 0.1
"""Smallest standard deviation of log1p mm/day that rain is divided by; 0.1 is that of a cell with 2 mm on one day in a
hundred."""
_DAYS_AT_ONCE = 256  # float64 sums of so many days are added up; with rows in blocks this bounds the memory


def training_statistics(precip: np.ndarray, training: np.ndarray, heavy_quantile: float) -> dict[str, Any]:
    """Statistics of the rain of the training days, dry days included and missing values left out.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        training: (time,) bool.
        heavy_quantile: ``heavy_threshold`` is this quantile of all values.

    Returns:
        Variables of the store, each as (dims, values, attributes).
    """
    days = np.flatnonzero(training)
    shape = precip.shape[1:]
    count, total, log_total, log_square = (np.zeros(shape) for _ in range(4))
    for start in range(0, len(days), _DAYS_AT_ONCE):
        some = days[start : start + _DAYS_AT_ONCE]
        for rows in parts(shape[0], 8 * len(some) * shape[1]):
            part = precip[some, rows].astype(np.float64)
            valid = np.isfinite(part)
            part[~valid] = 0.0
            logs = np.log1p(part)
            count[rows] += valid.sum(axis=0)
            total[rows] += part.sum(axis=0)
            log_total[rows] += logs.sum(axis=0)
            log_square[rows] += (logs**2).sum(axis=0)
            release(precip)
    quantiles = pooled_quantiles(lambda: _valid_values(precip, days), [0.90, 0.95, 0.99, heavy_quantile, 1.0])
    with np.errstate(invalid="ignore", divide="ignore"):
        climatology, log_mean = total / count, log_total / count
        log_std = np.sqrt(np.maximum(log_square / count - log_mean**2, 0.0))
        pooled = log_total.sum() / count.sum()
        variance = max(log_square.sum() / count.sum() - pooled**2, 0.0)  # rounding makes it negative where all is alike
    names = ("p90", "p95", "p99", "heavy_threshold")
    units = {"units": "mm/day"}
    scalars = {n: ((), np.float64(q), units) for n, q in zip(names, quantiles[:-1], strict=True)}
    return {
        "climatology": (GRID, climatology.astype(np.float32), {**units, "long_name": "training mean"}),
        "log_mean": (GRID, log_mean.astype(np.float32), {"long_name": "training mean of log1p(mm/day)"}),
        "log_std": (GRID, log_std.astype(np.float32), {"long_name": "training standard deviation of log1p(mm/day)"}),
        "log_std_global": ((), np.float64(max(np.sqrt(variance), STD_FLOOR))),
        "train_max": ((), np.float64(quantiles[-1]), units),
        **scalars,
    }


def _valid_values(precip: np.ndarray, days: np.ndarray) -> Iterator[np.ndarray]:
    """The valid values of some days, a few days at a time."""
    for part in parts(len(days), precip[:1].nbytes):
        values = precip[days[part]]
        yield values[np.isfinite(values)]
        release(precip)


def channel_statistics(
    predictors: xr.DataArray, training: np.ndarray, rain_channels: Collection[str] = ()
) -> dict[str, Any]:
    """Mean, standard deviation and range of each channel over training days and coarse cells.

    Args:
        predictors: (time, channel, y_lr, x_lr), NaN where missing.
        training: (time,) bool.
        rain_channels: names of channels of rain [mm/day], which also get the mean and standard deviation of log1p.

    Returns:
        Variables of the store, each as (dims, values); the statistics of log1p are NaN for other channels.

    Raises:
        UserError: a channel has no value on any training day.
    """
    days, channels = np.flatnonzero(training), [str(name) for name in predictors[CHANNEL].values]
    moments = [_moments(predictors.values, days, number, np.positive) for number in range(len(channels))]
    for name, (count, *_) in zip(channels, moments, strict=True):
        if not count:
            raise UserError(f"predictor '{name}' has no value on any training day; remove it or move data.splits.train")
    statistics = dict(zip(("count", "mean", "std", "min", "max"), zip(*moments, strict=True), strict=True))
    of_logs = [
        _moments(predictors.values, days, number, _log_of_rain)[1:3] if name in rain_channels else (np.nan, np.nan)
        for number, name in enumerate(channels)
    ]
    statistics |= dict(zip(("log_mean", "log_std"), zip(*of_logs, strict=True), strict=True))
    names = ("mean", "std", "min", "max", "log_mean", "log_std")
    return {f"predictor_{name}": (CHANNEL, np.asarray(statistics[name])) for name in names}


def _moments(
    values: np.ndarray, days: np.ndarray, channel: int, of: Callable[[np.ndarray], np.ndarray]
) -> tuple[int, float, float, float, float]:
    """Number, mean, standard deviation, least and greatest of what is made of the finite values of a channel.

    Args:
        values: (time, channel, y_lr, x_lr).
        days: places along time of the days that count.
        channel: its number.
        of: makes a number of a value.
    """

    def made() -> Iterator[np.ndarray]:
        for part in parts(len(days), 8 * values[0, 0].size):
            of_part = values[days[part], channel]
            release(values)
            yield of(of_part[np.isfinite(of_part)].astype(np.float64))

    count = sum(len(part) for part in made())
    if not count:
        return 0, np.nan, np.nan, np.nan, np.nan
    ends = [(part.min(), part.max()) for part in made() if part.size]
    mean = pairwise_sum(made(), count) / count
    variance = pairwise_sum(((part - mean) ** 2 for part in made()), count) / count
    return count, mean, float(np.sqrt(variance)), float(min(a for a, _ in ends)), float(max(b for _, b in ends))


def _log_of_rain(values: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(values, 0.0))


def domain_means(precip: np.ndarray, days: np.ndarray | None = None, *, cells: np.ndarray | None = None) -> np.ndarray:
    """Mean of each day over its valid cells.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        days: places along time of the days that are wanted; None for all.
        cells: (y, x) bool, the cells that count; None for all.

    Returns:
        (time,) [mm/day], NaN on a day without a valid cell.
    """
    positions = np.arange(len(precip)) if days is None else days
    count, total = np.zeros(len(positions), dtype=np.int64), np.zeros(len(positions))
    for part in parts(len(positions), precip[:1].nbytes):
        for number in range(part.start, part.stop):
            day = precip[positions[number]]
            day = day if cells is None else day[None, cells]
            count[number], total[number] = np.isfinite(day).sum(), np.nansum(day, dtype=np.float64)
        release(precip)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def cell_statistics(domain: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (y, x) of log1p mm/day that ``log1p-cell`` uses, NaN at invalid cells.

    Statistics of rainsmith get the floor; those that came with legacy files are used without it.
    """
    mean, std = domain["log_mean"].values, domain["log_std"].values
    return mean, std if int(domain.attrs.get("legacy_statistics", 0)) else np.maximum(std, np.float32(STD_FLOOR))
