"""Areas of the fine grid, such as catchments: their means, scored as a forecast of one cell each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import MEMBER, SPLITS, TIME, X, Y
from rainsmith.base.errors import UserError
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.scoring import COLUMNS, Resampling, assess, on_cells
from rainsmith.metrics.core import Pairs, Settings
from rainsmith.metrics.registry import METRICS

AREA_COLUMNS = [*COLUMNS, "area"]
"""Columns of ``areas.csv``."""
METRICS_OF_AREAS = tuple(metric for metric in METRICS if metric.of_single_cells)
"""The scores that need no field."""
_BLOCK_DAYS = 64  # [days] of the store read at once


@dataclass(frozen=True)
class Areas:
    """Which cells belong to which areas, which may overlap.

    Attributes:
        names: of the areas.
        cells: (cell,) the valid cells of the domain in the flattened grid.
        inside: (cell, area) 1.0 inside, else 0.0.
        quantiles: (3, area) [mm/day], P90, P95 and P99 of the means of the training days.
    """

    names: tuple[str, ...]
    cells: np.ndarray
    inside: np.ndarray
    quantiles: np.ndarray


def area_means(fields: np.ndarray, valid: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Means over the valid cells of each area, all weighted equally: (day, series, area), NaN without any.

    Args:
        fields: (day, series, cell) [mm/day], 0 where invalid.
        valid: (day, cell).
        inside: (cell, area) 1.0 inside, else 0.0.
    """
    count = (valid.astype(np.float64) @ inside)[:, None]
    return np.asarray((fields.astype(np.float64) @ inside) / np.where(count > 0, count, np.nan))


def read_areas(path: Path, store: xr.Dataset) -> Areas:
    """Areas from a NetCDF file on the fine grid of the store.

    Either one variable (y, x) of whole numbers, a number an area, 0 or missing outside, the names in ``flag_values``
    and ``flag_meanings``; or variables (y, x) of true and false, or 1 and 0, one an area, which bear its name.

    Raises:
        UserError: the file cannot be read, is of another grid, or holds neither; an area has no valid cell.
    """
    if not path.is_file():
        raise UserError(f"{path} not found; evaluate.areas (--areas) names a NetCDF file of areas on the fine grid")
    try:
        with xr.open_dataset(path, decode_timedelta=False) as opened:
            data = opened.load()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); give a NetCDF file of areas on the fine grid") from None
    grid = (store.sizes[Y], store.sizes[X])
    fields = {str(name): _on_grid(path, field, store) for name, field in data.data_vars.items() if field.ndim == 2}
    maps = {name: field for name, field in fields.items() if field is not None}
    if not maps:
        shapes = ", ".join(f"{name} {field.shape}" for name, field in data.data_vars.items()) or "no variables"
        raise UserError(f"{path} holds {shapes}; expected areas as maps of {grid} cells, the fine grid of store.zarr")
    flags = {name: field for name, field in maps.items() if np.isin(field, (0, 1)).all()}
    if len(maps) > 1 and len(flags) < len(maps):
        raise UserError(
            f"{path} holds {len(maps)} maps ({', '.join(maps)}); expected one of area numbers, or only maps of "
            "true and false, one an area; leave the others out"
        )
    if len(flags) == len(maps) and not any("flag_meanings" in data[name].attrs for name in maps):
        found = {name: np.asarray(field == 1) for name, field in flags.items()}
    else:
        name, labels = next(iter(maps.items()))
        found = _by_number(path, labels, data[name].attrs)
    cells = np.flatnonzero(store["mask"].values)
    inside = np.stack([area.reshape(-1)[cells] for area in found.values()], axis=1).astype(np.float64)
    for name, size in zip(found, inside.sum(axis=0), strict=True):
        if size == 0:
            raise UserError(f"{path}: the area '{name}' holds no valid cell of the domain; leave it out")
    return Areas(tuple(found), cells, inside, _training_quantiles(store, cells, inside))


def _on_grid(path: Path, field: xr.DataArray, store: xr.Dataset) -> np.ndarray | None:
    """The values of a map on the grid of the store, 0 where missing; None where it is of another size or no number."""
    if set(field.dims) == {Y, X}:
        field = field.transpose(Y, X)
    if field.shape != (store.sizes[Y], store.sizes[X]) or field.dtype.kind not in "biuf":
        return None
    for dim in (Y, X):
        if dim in field.coords and dim in store.coords:
            ours, theirs = store[dim].values.astype(np.float64), field[dim].values.astype(np.float64)
            step = np.abs(np.diff(ours)).min(initial=np.inf)
            if not np.allclose(theirs, ours, atol=0.01 * step if np.isfinite(step) else 1e-6, rtol=0):
                raise UserError(
                    f"{path}: '{dim}' begins with {theirs[0]:g} and ends with {theirs[-1]:g}; the store's with "
                    f"{ours[0]:g} and {ours[-1]:g}; put the areas on the cells of store.zarr, in the same order"
                )
    return np.nan_to_num(field.values.astype(np.float64))


def _by_number(path: Path, labels: np.ndarray, attrs: dict[str, object]) -> dict[str, np.ndarray]:
    if not np.array_equal(labels, np.round(labels)):
        raise UserError(f"{path}: areas are numbered by whole numbers; found {labels[labels != np.round(labels)][0]:g}")
    numbers = [int(number) for number in np.unique(labels) if number != 0]
    if not numbers:
        raise UserError(f"{path} holds no area: every cell is 0 or missing; number the cells of each area from 1 on")
    names = str(attrs.get("flag_meanings", "")).split()
    values = [int(value) for value in np.atleast_1d(np.asarray(attrs.get("flag_values", range(1, len(names) + 1))))]
    if len(names) != len(values):
        raise UserError(f"{path}: {len(values)} flag_values and {len(names)} flag_meanings; expected one name a number")
    known = dict(zip(values, names, strict=True))
    return {known.get(number, str(number)): labels == number for number in numbers}


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


def _training_quantiles(store: xr.Dataset, cells: np.ndarray, inside: np.ndarray) -> np.ndarray:
    days = np.flatnonzero(store["split"].values == SPLITS.index("train"))
    found = []
    for start in range(0, len(days), _BLOCK_DAYS):
        part = store["precip"].isel({TIME: days[start : start + _BLOCK_DAYS]}).transpose(TIME, Y, X).values
        fields = part.reshape(len(part), 1, -1)[:, :, cells]
        valid = np.isfinite(fields)
        found.append(area_means(np.where(valid, fields, 0), valid[:, 0], inside)[:, 0])
    return np.stack(
        [np.quantile(mean[np.isfinite(mean)], [0.90, 0.95, 0.99]) for mean in np.concatenate(found).T], axis=1
    )


def score_areas(
    watched: AreaMeans, forecast: Forecast, store: xr.Dataset, settings: Settings, resampling: Resampling
) -> pd.DataFrame:
    """Rows of ``areas.csv``: the scores of each area's mean that need no field, on the days of the whole domain.

    Args:
        watched: has seen the forecast.
        forecast: whose rows these are.
        store: the store that its days are of.
        settings: of the whole domain; the quantiles of the training days are the area's own.
        resampling: of the intervals.
    """
    days = store[["category", "heavy_x"]].isel({TIME: forecast.days}).load()
    means, tables = watched.means.astype(np.float32), []
    for i, area in enumerate(watched.areas.names):
        p90, p95, p99 = (float(value) for value in watched.areas.quantiles[:, i])
        own = dataclasses.replace(settings, p90=p90, p95=p95, p99=p99, coarsen=0)
        cell = xr.DataArray(means[:, :, i, None, None], dims=(TIME, MEMBER, Y, X), coords={TIME: days[TIME]})
        members, obs = cell.isel({MEMBER: slice(None, -1)}), cell.isel({MEMBER: -1})
        alone = Forecast(
            forecast.labels,
            np.arange(len(means)),
            forecast.members,
            lambda members=members: iter([(slice(None), members)]),  # type: ignore[misc]
            forecast.baseline,
        )
        scored = assess(alone, days.assign(precip=obs), own, resampling, metrics=METRICS_OF_AREAS)
        tables.append(scored.table.assign(area=area))
    return pd.concat(tables)[AREA_COLUMNS]
