"""Scores of a downscaler's forecasts, as rows of ``metrics.csv``, and the climatology that they are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import blocks, empty, ever_finite, release
from rainsmith.evaluate.score_rows import score_rows
from rainsmith.evaluate.scoring import COLUMNS, day_sets_of, score
from rainsmith.evaluate.settings import Resampling
from rainsmith.metrics.core import Settings
from rainsmith.metrics.quantiles import QUANTILE, as_members, distribution_crps, quantile_metrics
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import partition, tally

MODE = "prior"
"""Rows of a downscaler have this mode, because it sees predictors only, as prior members do."""


def climatology(training: xr.Dataset, levels: Sequence[float]) -> xr.DataArray:
    """Quantiles of every cell over the training days: (quantile, y, x) [mm/day], NaN at cells that are never valid.

    Args:
        training: days with ``precip`` (time, y, x) [mm/day].
        levels: between 0 and 1.
    """
    rain = training["precip"]
    valid = ever_finite(rain)
    by_cell = empty((int(valid.sum()), len(rain)), rain.dtype)
    for days, block in blocks(rain):
        by_cell[:, days] = block[:, valid].T
        release(by_cell)
    of_cells = np.empty((len(levels), len(by_cell)))
    for cells, block in blocks(by_cell):
        of_cells[:, cells] = np.nanquantile(block, levels, axis=1)
    quantiles = np.full((len(levels), *valid.shape), np.nan, dtype=np.float32)
    quantiles[:, valid] = of_cells
    coords = {QUANTILE: list(levels), "y": training["y"], "x": training["x"]}
    return xr.DataArray(quantiles, dims=(QUANTILE, "y", "x"), coords=coords)


def score_downscaled(
    forecast: xr.Dataset,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Score the output of ``predict``: its amounts as a single-valued forecast, then its quantiles.

    Args:
        forecast: output of ``predict``.
        days: the same days of the store, with ``precip``, ``category`` and ``heavy_x``.
        settings: thresholds [mm/day] and seed.
        labels: ``model``, ``checkpoint``, ``seed``, ``mode`` and ``split``.
        resampling: of the intervals.

    Returns:
        Rows of ``metrics.csv``.
    """
    resampling = resampling or Resampling()
    table = score(
        forecast["precip"],
        days["precip"],
        settings=settings,
        day_sets=day_sets_of(days),
        labels=labels,
        resampling=resampling,
    )
    if "quantiles" not in forecast:
        return table
    quantiles = score_quantiles(forecast["quantiles"], days, settings=settings, labels=labels, resampling=resampling)
    return pd.concat([table, quantiles])


def score_quantiles(
    quantiles: xr.DataArray,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Score quantiles (time, quantile, y, x) [mm/day]; all else is as in ``score_downscaled``."""
    metrics = quantile_metrics(quantiles[QUANTILE].values.tolist())
    return _rows_of(as_members(quantiles), metrics, days, settings, labels, resampling)


def score_crps(
    crps: xr.DataArray,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Mean exact CRPS (time, y, x) [mm/day] of forecast distributions; all else is as in ``score_downscaled``."""
    return _rows_of(crps, (distribution_crps,), days, settings, labels, resampling)


def _rows_of(
    fields: xr.DataArray,
    metrics: Sequence[Metric],
    days: xr.Dataset,
    settings: Settings,
    labels: Mapping[str, Any] | None,
    resampling: Resampling | None,
) -> pd.DataFrame:
    resampling = resampling or Resampling()
    all_labels = {"model": "", "checkpoint": "", "seed": 0, "mode": MODE, "split": "", **(labels or {})}
    parts = partition(days[TIME], day_sets_of(days), block_days=resampling.block_days)
    total = tally(fields, days["precip"], parts=parts, settings=settings, metrics=metrics)
    rows, _ = score_rows(total, parts, metrics, {**all_labels, "members": 1}, settings, resampling, [])
    return pd.DataFrame(rows, columns=COLUMNS)
