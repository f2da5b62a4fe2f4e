"""The climate of a forecast beside the observed one: indices, seasonal cycle and return levels, as table and maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import MEMBER, SPLITS, TIME, X, Y
from rainsmith.base.large_arrays import blocks, empty, release
from rainsmith.evaluate.climate_reference import Reference
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.score_rows import member_range
from rainsmith.evaluate.scoring import on_cells
from rainsmith.evaluate.settings import Resampling
from rainsmith.metrics.bootstrap import calendar_blocks, resampling_weights
from rainsmith.metrics.climate import INDICES, CellClimate
from rainsmith.metrics.core import CELL, SERIES, Pairs
from rainsmith.metrics.return_levels import FIT, MIN_YEARS, PERIOD, PERIODS, levels_of_maxima, levels_of_peaks

CLIMATE_COLUMNS = ["model", "mode", "split", "index", "members", "value", "observed", "lower", "upper", "units"]
"""Columns of ``climate.csv``."""
EXCHANGEABLE = (
    "Members are exchangeable within a day only: indices that link days (Rx5day, CDD, CWD, wet_spell, lag1) are those "
    "of series made of unrelated members."
)
MONTH = "month"
_MOST_RESAMPLES = 100  # of return levels, which are estimated anew at every cell


class ClimateWatch:
    """Adds up the climate of one forecast while it is scored."""

    def __init__(self, reference: Reference, forecast: Forecast, store: xr.Dataset) -> None:
        self.reference, self.time = reference, store[TIME].isel({TIME: forecast.days})
        self.climate = reference.climate(self.time, forecast.members + 1)

    def add(self, days: np.ndarray, pairs: Pairs) -> None:
        """Take the next days."""
        self.climate.add(days, *on_cells(pairs, self.reference.cells))


def covers(forecast: Forecast, store: xr.Dataset) -> bool:
    """Whether a forecast holds every day of its split: a climate is that of whole years, not of chosen days."""
    return len(forecast.days) == int((store["split"].values == SPLITS.index(forecast.labels["split"])).sum())


def climate_of(watched: ClimateWatch, forecast: Forecast, resampling: Resampling) -> tuple[pd.DataFrame, xr.Dataset]:
    """Rows of ``climate.csv``, and the contents of ``<model>-<mode>-<split>-climate.nc``.

    Return levels of baselines have no intervals.

    Args:
        watched: the climate, after the forecast was scored.
        forecast: the forecast that it belongs to.
        resampling: how the intervals are made.
    """
    climate, reference, members = watched.climate, watched.reference, forecast.members
    sources = {"observed": [members], "members": list(range(members))}
    resamples = 0 if forecast.baseline else min(resampling.resamples, _MOST_RESAMPLES)
    levels = return_levels(climate, reference, watched.time, sources, resampling, resamples)
    by_series = _domain_curves(climate, reference, _blocks(watched.time, resampling))
    levels["return_level_by_member"] = ((MEMBER, PERIOD), by_series[:-1], {"units": "mm/day"})
    data = _described(xr.merge([_index_maps(climate, reference), _cycle(climate), levels]), reference)
    data.attrs = {**forecast.labels, "members": members, "days_per_year": climate.days_per_year, "note": EXCHANGEABLE}

    about = {key: forecast.labels[key] for key in ("model", "mode", "split")}
    rows = [
        {**about, "index": name, "members": members, **_row(values), "units": units}
        for name, units, values in _figures(climate, by_series)
    ]
    table = pd.DataFrame(rows, columns=CLIMATE_COLUMNS)
    return table[np.isfinite(table["value"]) | np.isfinite(table["observed"])], data


def _figures(climate: CellClimate, curves: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name, units and figures (series,) of each row: indices, the range of the seasonal cycle, and return levels.

    Args:
        climate: of the members and the observation.
        curves: (series, return_period) [mm/day] return levels of the domain.
    """
    indices = climate.indices()
    for index in INDICES:
        yield index.name, index.units, indices[index.name].mean(CELL).values
    cycle = climate.seasonal_cycle()
    known = cycle[np.isfinite(cycle).all(axis=1)]
    if len(known) > 1:
        yield "seasonal_range", "mm/day", known.max(axis=0) - known.min(axis=0)
    for period, levels in zip(PERIODS, curves.T, strict=True):
        yield f"return_level_{period:g}y", "mm/day", levels


def record_of(reference: Reference, store: xr.Dataset, resampling: Resampling) -> xr.Dataset:
    """The observed climate of all days of the store, whatever their split: the contents of ``record-climate.nc``."""
    time = store[TIME]
    climate = reference.climate(time, 1)
    for days, block in blocks(store["precip"].transpose(TIME, Y, X)):
        fields = block.reshape(len(block), 1, -1)[:, :, reference.cells].astype(np.float32)
        valid = np.isfinite(fields)
        climate.add(np.arange(days.start, days.stop), np.where(valid, fields, np.float32(0)), valid[:, 0])
    resamples = min(resampling.resamples, _MOST_RESAMPLES)
    levels = return_levels(climate, reference, time, {"record": [0]}, resampling, resamples)
    data = _described(xr.merge([_index_maps(climate, reference), _cycle(climate), levels]), reference)
    first, last = (str(time.dt.strftime("%Y-%m-%d").values[i]) for i in (0, -1))
    data.attrs = {"days_per_year": climate.days_per_year, "first_day": first, "last_day": last}
    return data


def return_levels(
    climate: CellClimate,
    reference: Reference,
    time: xr.DataArray,
    sources: Mapping[str, list[int]],
    resampling: Resampling,
    resamples: int,
) -> xr.Dataset:
    """Return levels of each source, whose series are pooled, by each method, with bounds from resampled weather.

    Whole blocks of days (weeks) are drawn for the GPD, calendar years for the GEV.

    Args:
        climate: of all series.
        reference: thresholds and grid.
        time: (time,) the days of the climate.
        sources: for each name in the output, the series that are pooled.
        resampling: how the intervals are made.
        resamples: number of resamples; 0 leaves the bounds out.
    """
    block = _blocks(time, resampling)
    weeks = _draws(int(block.max()) + 1, resamples, resampling.seed)
    years = _draws(len(climate.years), resamples, resampling.seed)
    peaks, maxima = climate.peaks(), climate.annual_maxima()
    length = climate.days.sum(axis=0) / climate.days_per_year
    curves, counts = [], []
    grid = len(sources), 3, len(PERIODS), reference.maps.sizes[Y], reference.maps.sizes[X]
    maps = {name: empty(grid) for name in ("level", "lower", "upper")}  # beside them no more than one source is held
    shapes = empty((*grid[:2], *grid[3:]))
    for place, series in enumerate(sources.values()):
        own = peaks.of(*series)
        above = levels_of_peaks(own, reference.peak_mm, length * len(series), block, weeks)
        for fits, levels in ((slice(0, 1), levels_of_maxima(maxima[:, series], years)), (slice(1, 3), above)):
            for name, values in maps.items():
                values[place, fits] = reference.on_grid(levels[name].values)
                release(values)
            shapes[place, fits] = reference.on_grid(levels["shape"].values)
            curves.append(levels.drop_dims(CELL))
        counts.append(np.bincount(own.cell, minlength=len(length)) / np.where(length > 0, length, np.nan) / len(series))
    of_sources = [xr.concat(curves[place : place + 2], FIT) for place in range(0, len(curves), 2)]
    domain = xr.concat(of_sources, pd.Index(list(sources), name="source"))
    dims, coords, units = ("source", FIT, PERIOD, Y, X), dict(domain.coords), {"units": "mm/day"}
    names = {"return_level": "level", "return_level_lower": "lower", "return_level_upper": "upper"}
    made = {new: xr.DataArray(maps[old], dims=dims, coords=coords, attrs=units) for new, old in names.items()}
    made |= {f"return_level_{name}": domain[name] for name in ("domain", "domain_lower", "domain_upper")}
    del coords[PERIOD]
    made["shape"] = xr.DataArray(shapes, dims=("source", FIT, Y, X), coords=coords, attrs={"units": "1"})
    made["peaks_per_year"] = xr.DataArray(reference.on_grid(np.stack(counts)), dims=("source", Y, X))
    made["peak_threshold"] = xr.DataArray(reference.on_grid(reference.peak_mm), dims=(Y, X), attrs={"units": "mm/day"})
    whole = np.isfinite(maxima).any(axis=(1, 2)).sum()
    made["whole_years"] = xr.DataArray(int(whole), attrs={"long_name": f"a GEV needs {MIN_YEARS} at a cell"})
    made["peaks_per_year"].attrs["units"] = "1/year"
    return xr.Dataset(made)


def _blocks(time: xr.DataArray, resampling: Resampling) -> np.ndarray:
    """(time,) number of the block of each day, from 0 on."""
    return np.unique(calendar_blocks(time, resampling.block_days), return_inverse=True)[1]


def _draws(blocks: int, resamples: int, seed: int) -> np.ndarray:
    """How often each block is counted, (1 + resamples, blocks): a single block cannot be resampled."""
    return resampling_weights(blocks, resamples if blocks > 1 else 0, seed=seed)


def _domain_curves(climate: CellClimate, reference: Reference, block: np.ndarray) -> np.ndarray:
    """Return levels of the domain, (series, return_period) [mm/day]: means over cells, which share one shape."""
    peaks, once = climate.peaks(), np.ones((1, int(block.max()) + 1))
    length = climate.days.sum(axis=0) / climate.days_per_year
    curves = []
    for series in range(climate.rain.shape[0]):
        levels = levels_of_peaks(peaks.of(series), reference.peak_mm, length, block, once)
        curves.append(levels["domain"].sel({FIT: "gpd_regional"}).values)
    return np.stack(curves)


def _row(values: np.ndarray) -> dict[str, float]:
    """Median and 5 to 95 % range of the members, and the observation, from (series,) values."""
    members = values[:-1]
    lower, upper = member_range(members)
    return {"value": float(np.median(members)), "observed": float(values[-1]), "lower": lower, "upper": upper}


def _index_maps(climate: CellClimate, reference: Reference) -> xr.Dataset:
    """``<index>_observed``, and with members ``<index>_members`` (their mean) and ``<index>_bias``, (y, x)."""
    variables: dict[str, Any] = {}
    for name, index in climate.indices().data_vars.items():
        observed = index.isel({SERIES: -1}).values
        maps = {"observed": observed}
        if index.sizes[SERIES] > 1:
            members = index.isel({SERIES: slice(None, -1)}).mean(SERIES).values
            maps |= {"members": members, "bias": members - observed}
        variables |= {
            f"{name}_{kind}": ((Y, X), reference.on_grid(values), index.attrs) for kind, values in maps.items()
        }
    return xr.Dataset(variables)


def _cycle(climate: CellClimate) -> xr.Dataset:
    cycle, units = climate.seasonal_cycle(), {"units": "mm/day"}
    variables: dict[str, Any] = {"seasonal_cycle_observed": (MONTH, cycle[:, -1], units)}
    if cycle.shape[1] > 1:
        variables["seasonal_cycle_members"] = ((MONTH, MEMBER), cycle[:, :-1], units)
    return xr.Dataset(variables, coords={MONTH: np.arange(1, 13)})


def _described(data: xr.Dataset, reference: Reference) -> xr.Dataset:
    """The same data with the coordinates of the grid, and its maps with the name of the grid mapping."""
    data = data.assign_coords(reference.maps.coords)
    for field in data.data_vars.values():
        if reference.maps.attrs["grid_mapping"] and {Y, X} <= set(field.dims):
            field.attrs["grid_mapping"] = reference.maps.attrs["grid_mapping"]
    return data
