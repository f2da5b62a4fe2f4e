"""Scores of one amount and of quantiles of each cell, as rows of ``metrics.csv``, beside those of the climatology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME, in_split
from rainsmith.base.large_arrays import blocks, empty, ever_finite, release
from rainsmith.base.seasons import days_of_seasons
from rainsmith.config import Config
from rainsmith.evaluate.score_rows import score_rows
from rainsmith.evaluate.scoring import COLUMNS, day_sets_of, score
from rainsmith.evaluate.settings import Resampling, settings_of
from rainsmith.metrics.core import Settings
from rainsmith.metrics.quantiles import QUANTILE, as_members, distribution_crps, quantile_metrics
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import partition, tally

MODE = "prior"
"""Rows of a downscaler have this mode, because it sees predictors only, as prior members do."""
MEMBERS_QUANTILES = "members-quantiles"
"""Model of the rows of quantiles that are made of members."""
CLIMATOLOGY = "climatology"
"""Model of the rows that hold the training quantiles of every cell, which know no predictors."""


def score_with_climatology(
    config: Config,
    store: xr.Dataset,
    forecast: xr.Dataset,
    days: xr.Dataset,
    labels: Mapping[str, Any],
    crps: xr.DataArray | None = None,
) -> pd.DataFrame:
    """The scores of a forecast and, where it has quantiles, those of the climatology.

    Args:
        config: the configuration.
        store: all days, of which the training days give the climatology.
        forecast: as in ``score_downscaled``.
        days: the days of the store that are forecast.
        labels: ``model``, ``checkpoint``, ``seed`` and ``split`` of the forecast.
        crps: exact CRPS of its distributions (time, y, x) [mm/day], where it has them.
    """
    settings = settings_of(store, config)
    resampling = Resampling(config.evaluate.block_days, config.evaluate.resamples, config.seed)
    how: dict[str, Any] = {"settings": settings, "resampling": resampling}
    of_forecast = {"mode": MODE, **labels}
    tables = [score_downscaled(forecast, days, labels=of_forecast, **how)]
    if crps is not None:
        tables.append(score_crps(crps, days, labels=of_forecast, **how))
    if QUANTILE in forecast:
        levels = forecast[QUANTILE].values.tolist()
        climate = climatology(in_split(store, "train"), levels).expand_dims({TIME: days[TIME]})
        of_climate = {**of_forecast, "model": CLIMATOLOGY, "checkpoint": ""}
        tables.append(score_quantiles(climate, days, labels=of_climate, **how))
    return pd.concat(tables)


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
    """Score a forecast: its amounts as a single-valued forecast, then its quantiles.

    Args:
        forecast: ``precip`` (time, y, x) or ``quantiles`` (time, quantile, y, x) or both [mm/day].
        days: the same days of the store, with ``precip``, ``category`` and ``heavy_x``.
        settings: thresholds [mm/day] and seed.
        labels: ``model``, ``checkpoint``, ``seed``, ``mode`` and ``split``.
        resampling: of the intervals.

    Returns:
        Rows of ``metrics.csv``.
    """
    how: dict[str, Any] = {"settings": settings, "labels": labels, "resampling": resampling or Resampling()}
    tables = []
    if "precip" in forecast:
        tables.append(score(forecast["precip"], days["precip"], day_sets=day_sets_of(days), **how))
    if "quantiles" in forecast:
        tables.append(score_quantiles(forecast["quantiles"], days, **how))
    return pd.concat(tables)


def score_quantiles(
    quantiles: xr.DataArray,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Score quantiles (time, quantile, y, x) [mm/day], by season, too; all else is as in ``score_downscaled``."""
    metrics = quantile_metrics(quantiles[QUANTILE].values.tolist())
    day_sets = day_sets_of(days) | days_of_seasons(days[TIME])
    return _rows_of(as_members(quantiles), metrics, days, day_sets, settings, labels, resampling)


def score_crps(
    crps: xr.DataArray,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Mean exact CRPS (time, y, x) [mm/day] of forecast distributions; all else is as in ``score_downscaled``."""
    return _rows_of(crps, (distribution_crps,), days, day_sets_of(days), settings, labels, resampling)


def _rows_of(
    fields: xr.DataArray,
    metrics: Sequence[Metric],
    days: xr.Dataset,
    day_sets: Mapping[str, np.ndarray],
    settings: Settings,
    labels: Mapping[str, Any] | None,
    resampling: Resampling | None,
) -> pd.DataFrame:
    resampling = resampling or Resampling()
    all_labels = {"model": "", "checkpoint": "", "seed": 0, "mode": MODE, "split": "", **(labels or {})}
    parts = partition(days[TIME], day_sets, block_days=resampling.block_days)
    total = tally(fields, days["precip"], parts=parts, settings=settings, metrics=metrics)
    rows, _ = score_rows(total, parts, metrics, {**all_labels, "members": 1}, settings, resampling, [])
    return pd.DataFrame(rows, columns=COLUMNS)
