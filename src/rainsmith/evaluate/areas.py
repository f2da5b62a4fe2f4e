"""Areas of the fine grid, such as catchments: their means, scored as a forecast of one cell each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import MEMBER, SPLITS, TIME, X, Y
from rainsmith.base.large_arrays import blocks_of_days
from rainsmith.evaluate.forecasts_to_score import Forecast, Piece
from rainsmith.evaluate.scoring import COLUMNS, assess, day_sets_of, on_cells
from rainsmith.evaluate.settings import PROBABILITIES, Resampling
from rainsmith.metrics.core import Pairs, Settings
from rainsmith.metrics.registry import METRICS

AREA_COLUMNS = [*COLUMNS, "area"]
"""Columns of ``areas.csv``."""


@dataclass(frozen=True)
class Areas:
    """Which cells belong to which areas; areas may overlap.

    Attributes:
        names: one for each area.
        cells: (cell,) the valid cells of the domain in the flattened grid.
        inside: (cell, area) 1.0 inside, else 0.0.
        quantiles: (3, area) [mm/day], P90, P95 and P99 of the means of the training days.
    """

    names: tuple[str, ...]
    cells: np.ndarray
    inside: np.ndarray
    quantiles: np.ndarray


class AreaMeans:
    """Area means of the members and the observation of one forecast, taken while it is scored."""

    def __init__(self, areas: Areas) -> None:
        self.areas = areas
        self._means: list[np.ndarray] = []

    def add(self, days: np.ndarray, pairs: Pairs) -> None:
        """Take the next days."""
        self._means.append(area_means(*on_cells(pairs, self.areas.cells), self.areas.inside))

    @property
    def means(self) -> np.ndarray:
        """(time, series, area) [mm/day], the members in order, then the observation."""
        return np.concatenate(self._means)


def area_means(fields: np.ndarray, valid: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Means over the valid cells of each area, all weighted equally: (day, series, area), NaN without a valid cell.

    Args:
        fields: (day, series, cell) [mm/day], 0 where invalid.
        valid: (day, cell).
        inside: (cell, area) 1.0 inside, else 0.0.
    """
    count = (valid.astype(np.float64) @ inside)[:, None]
    return np.asarray((fields.astype(np.float64) @ inside) / np.where(count > 0, count, np.nan))


def training_quantiles(store: xr.Dataset, cells: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """P90, P95 and P99 of the area means of the training days, (3, area) [mm/day].

    Args:
        store: the prepared data.
        cells: (cell,) the valid cells of the domain in the flattened grid.
        inside: (cell, area) 1.0 inside, else 0.0.
    """
    days = np.flatnonzero(store["split"].values == SPLITS.index("train"))
    means = []
    for _, block in blocks_of_days(store["precip"].transpose(TIME, Y, X), days):
        fields = block.reshape(len(block), 1, -1)[:, :, cells]
        valid = np.isfinite(fields)
        means.append(area_means(np.where(valid, fields, 0), valid[:, 0], inside)[:, 0])
    by_area = np.concatenate(means).T
    return np.stack([np.quantile(mean[np.isfinite(mean)], PROBABILITIES) for mean in by_area], axis=1)


def score_areas(
    watched: AreaMeans, forecast: Forecast, store: xr.Dataset, settings: Settings, resampling: Resampling
) -> pd.DataFrame:
    """Rows of ``areas.csv``: the scores of each area's mean that need no field, on the days of the whole domain.

    Args:
        watched: the area means, after the forecast was scored.
        forecast: the forecast that these rows belong to.
        store: the prepared data.
        settings: thresholds of the whole domain; the quantiles of the training days are the area's own.
        resampling: how the intervals are made.
    """
    days = store[["category", "heavy_x"]].isel({TIME: forecast.days}).load()
    day_sets = day_sets_of(days)
    metrics = [metric for metric in METRICS if metric.of_single_cells]
    means, tables = watched.means.astype(np.float32), []
    for i, area in enumerate(watched.areas.names):
        p90, p95, p99 = (float(value) for value in watched.areas.quantiles[:, i])
        own = dataclasses.replace(settings, p90=p90, p95=p95, p99=p99, coarsen=0)
        cell = xr.DataArray(means[:, :, i, None, None], dims=(TIME, MEMBER, Y, X), coords={TIME: days[TIME]})
        members, observed = cell.isel({MEMBER: slice(None, -1)}), cell.isel({MEMBER: -1})

        def pieces(members: xr.DataArray = members) -> Iterator[Piece]:
            yield slice(None), members

        one = dataclasses.replace(forecast, days=np.arange(len(means)), pieces=pieces)
        scored = assess(one, observed, day_sets, own, resampling, metrics=metrics, with_curves=False)
        tables.append(scored.table.assign(area=area))
    return pd.concat(tables)[AREA_COLUMNS]
