"""One forecast measured: its scores, and what else is known of its members: their tail, climate and area means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.cf import derived_attributes
from rainsmith.base.dims import TIME
from rainsmith.base.files import atomic
from rainsmith.base.netcdf_files import write_netcdf
from rainsmith.config import Config
from rainsmith.data.held_days import chosen_days
from rainsmith.evaluate.area_files import read_areas
from rainsmith.evaluate.areas import AreaMeans, Areas, score_areas
from rainsmith.evaluate.climate import ClimateWatch, climate_of, covers
from rainsmith.evaluate.climate_reference import Reference, reference_of
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.scoring import Scored, assess, day_sets_of
from rainsmith.evaluate.settings import Resampling, settings_of
from rainsmith.evaluate.tail import TailReference, TailWatch, tail_reference, tail_rows
from rainsmith.metrics.core import Pairs, Settings


@dataclass(frozen=True)
class Yardstick:
    """What every forecast of an evaluation is measured with.

    Attributes:
        store: the prepared data, in memory or in files.
        source: the same on disk, for workers to read; None where there are none.
        settings: thresholds [mm/day] and seed of the scores.
        resampling: how intervals are made.
        areas: areas whose means are scored; None without any.
        reference: of the climate; None where it is not measured.
        tail: the observed tail.
    """

    store: xr.Dataset
    source: xr.Dataset | None
    settings: Settings
    resampling: Resampling
    areas: Areas | None
    reference: Reference | None
    tail: TailReference

    @classmethod
    def of(cls, config: Config, store: xr.Dataset, source: xr.Dataset | None = None) -> Yardstick:
        """What the configuration asks for, from a store that ``held`` gave, and from where it lies for workers."""
        settings = settings_of(store, config)
        return cls(
            store,
            source,
            settings,
            Resampling(config.evaluate.block_days, config.evaluate.resamples, config.seed),
            read_areas(config.evaluate.areas, store) if config.evaluate.areas else None,
            reference_of(store, config.data.wet_mm) if config.evaluate.climate else None,
            tail_reference(store, settings),
        )


@dataclass(frozen=True)
class Watched:
    """What is known of members that were seen in the order of their days.

    Attributes:
        tail: rows of ``metrics.csv`` on the tail.
        climate: rows of ``climate.csv``; None where it is not measured.
        maps: what ``<model>-<mode>-<split>-climate.nc`` holds, or that file; None where it is not measured.
        areas: rows of ``areas.csv``; None without any.
    """

    tail: pd.DataFrame
    climate: pd.DataFrame | None
    maps: xr.Dataset | Path | None
    areas: pd.DataFrame | None


class Watching:
    """Watches the members of one forecast while they pass."""

    def __init__(self, forecast: Forecast, by: Yardstick) -> None:
        self.forecast, self.by = forecast, by
        self.tail = TailWatch(by.tail, forecast, by.store)
        self.climate = None
        if by.reference is not None and covers(forecast, by.store):
            self.climate = ClimateWatch(by.reference, forecast, by.store)
        self.means = None if by.areas is None else AreaMeans(by.areas)

    def add(self, days: np.ndarray, pairs: Pairs) -> None:
        """Take the next days: their positions among those of the forecast, their members and observation."""
        for watcher in (self.climate, self.means, self.tail):
            if watcher is not None:
                watcher.add(days, pairs)

    def result(self) -> Watched:
        """What is known when all days have passed."""
        forecast, by, climate, maps, areas = self.forecast, self.by, None, None, None
        if self.climate is not None:
            climate, maps = climate_of(self.climate, forecast, by.resampling)
        if self.means is not None:
            areas = score_areas(self.means, forecast, by.store, by.settings, by.resampling)
        whole = covers(forecast, by.store)
        tail = tail_rows(self.tail, forecast, whole_split=whole, seed=by.resampling.seed)
        return Watched(tail, climate, maps, areas)


def measure(forecast: Forecast, by: Yardstick, advance: Callable[[int], object]) -> tuple[Scored, Watched]:
    """Score one forecast and watch it, in one pass over its members.

    Args:
        forecast: what is measured.
        by: what it is measured with.
        advance: called with the number of days done.
    """
    watching = Watching(forecast, by)
    days = chosen_days(by.store, forecast.days) if by.source is None else by.source.isel({TIME: forecast.days})
    scored = assess(
        *(forecast, days["precip"], day_sets_of(days), by.settings, by.resampling),
        watchers=[watching],
        advance=advance,
    )
    return scored, watching.result()


def write_maps(path: Path, data: xr.Dataset, store: xr.Dataset, holds: str) -> None:
    """Write maps and curves, compressed, with history and credit of the data that they were made from.

    Args:
        path: of the NetCDF file.
        data: the maps and curves.
        store: the prepared data.
        holds: what they are, in words.
    """
    about = derived_attributes(store.attrs, "evaluate", holds, use="observed")
    large = [str(name) for name, values in data.data_vars.items() if values.ndim >= 2]
    with atomic(path) as scratch:
        write_netcdf(scratch, data.assign_attrs({**about, "title": holds.capitalize(), **data.attrs}), compress=large)
