"""Channels of the predictors: fields of several days and the season, stacked on one coarse grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, TIME, X_LR, Y_LR
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks, empty, parts, release
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.regrid import regrid
from rainsmith.data.sources.predictors import DailyField
from rainsmith.data.splits import shifted_days


@dataclass(frozen=True)
class Channel:
    """One channel of the predictors.

    Attributes:
        name: such as ``rain_8_lag-1``, ``msl_day+1`` or ``season_sin``.
        offset: [days] from the target's day to the day that it holds.
        days: (time,) the day YYYYMMDD that it holds on each day of the target.
        rain: True where it is rain in mm/day.
        coarsen: side of the blocks [fine cells] where it is block means of the target on their own grid, else 0.
        units: unit of its values, "" where none is known.
    """

    name: str
    offset: int
    days: np.ndarray
    rain: bool
    coarsen: int
    units: str = ""


@dataclass(frozen=True)
class Predictors:
    """The predictors of each wanted day.

    Attributes:
        values: (time, channel, y_lr, x_lr) float32 with the coordinates of the coarse grid.
        complete: (time,) bool, True where every channel has a value that day.
        grid: the coarse grid.
        channels: what each channel is, in the order of ``channel``; those of the season are left out.
        block_side: side of the blocks [fine cells] where the coarse grid is one of blocks of the target, else 0.
    """

    values: xr.DataArray
    complete: np.ndarray
    grid: Grid
    channels: tuple[Channel, ...]
    block_side: int

    @property
    def days_lacking(self) -> dict[str, int]:
        """The number of days on which each channel has no value at all; channels that have one on all are left out."""
        lacking = np.sum([np.isnan(block).all(axis=(2, 3)).sum(axis=0) for _, block in blocks(self.values)], axis=0)
        names = self.values[CHANNEL].values
        return {str(name): int(days) for name, days in zip(names, lacking, strict=True) if days}

    @property
    def rain_channels(self) -> tuple[str, ...]:
        """Names of the channels of rain, of any day."""
        return tuple(channel.name for channel in self.channels if channel.rain)

    @property
    def channel_units(self) -> dict[str, str]:
        """The unit of each channel, "" where none is known."""
        return {channel.name: channel.units for channel in self.channels}

    @property
    def rain_days(self) -> list[np.ndarray]:
        """For each channel of rain, the day YYYYMMDD (time,) whose rain it holds."""
        return [channel.days for channel in self.channels if channel.rain]

    @property
    def coarse_rain(self) -> Channel | None:
        """The channel of the rain of the day itself, None where there is none.

        Block means of the target are the exact coarse rain, so rain from files is taken only where there are none.
        """
        same_day = [channel for channel in self.channels if channel.rain and channel.offset == 0]
        return next((channel for channel in same_day if channel.coarsen), same_day[0] if same_day else None)


def assemble(fields: Sequence[DailyField], time: xr.DataArray, grid: Grid, *, season: bool) -> Predictors:
    """Bring all fields to one grid and stack their days and the season as channels.

    Days are matched by calendar date, so that predictors of 12 UTC belong to the target day that begins at 00 UTC.

    Args:
        fields: from ``read_fields``.
        time: (time,) the wanted days.
        grid: the coarse grid.
        season: add the sine and cosine of the day of the year as two more channels.

    Raises:
        UserError: a field does not cover the grid, or two channels have one name.
    """
    channels = [_channels(field, time, grid) for field in fields]
    waves = _season(time) if season else {}
    names = [channel.name for of_field in channels for channel in of_field] + list(waves)
    _refuse_repeated(names)
    values = empty((time.size, len(names), *grid.shape))
    complete = np.ones(time.size, dtype=bool)
    number = 0
    for field, of_field in zip(fields, channels, strict=True):
        if field.has_grid:
            on_grid = regrid(field.values, field.grid, grid, conservative=field.conservative, name=field.label)
        else:
            on_grid = np.broadcast_to(field.values, (len(field.values), *grid.shape))
        for channel in of_field:
            for part in parts(time.size, 4 * len(names) * grid.shape[0] * grid.shape[1]):
                values[part, number] = _on_days(on_grid, field.days, channel.days[part])
                complete[part] &= np.isfinite(values[part, number]).any(axis=(1, 2))
                release(values)
                release(on_grid)
            number += 1
    for wave in waves.values():
        values[:, number] = wave[:, None, None]
        number += 1
    coords = {TIME: time, CHANNEL: np.asarray(names, dtype=object), **grid.coords()}
    return Predictors(
        values=xr.DataArray(values, dims=(TIME, CHANNEL, Y_LR, X_LR), coords=coords, name="predictors"),
        complete=complete,
        grid=grid,
        channels=tuple(channel for of_field in channels for channel in of_field),
        block_side=next((f.coarsen for f in fields if f.coarsen and f.grid.same_as(grid)), 0),
    )


def _channels(field: DailyField, time: xr.DataArray, grid: Grid) -> list[Channel]:
    coarsen = field.coarsen if field.coarsen and field.grid.same_as(grid) else 0
    return [
        Channel(
            name=field.channel_name(offset),
            offset=offset,
            days=shifted_days(time, offset),
            rain=field.rain,
            coarsen=coarsen,
            units=field.units,
        )
        for offset in field.offsets
    ]


def _season(time: xr.DataArray) -> dict[str, np.ndarray]:
    """Sine and cosine of the day of the year, each (time,)."""
    angle = 2 * np.pi * (time.dt.dayofyear.values - 1) / time.dt.days_in_year.values
    return {"season_sin": np.sin(angle), "season_cos": np.cos(angle)}


def _refuse_repeated(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(
            f"data.predictors gives channel '{repeated[0]}' twice; expected different lags, factors or variables"
        )


def _on_days(fields: np.ndarray, days: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The fields of the wanted days (time, y, x), NaN on a day that is not among ``days``."""
    position = np.minimum(np.searchsorted(days, wanted), len(days) - 1)
    there = days[position] == wanted
    return np.where(there[:, None, None], fields[position], np.nan)
