"""Predictors on one coarse grid: block means of the target, files on any grid, and the day of the year."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, TIME, X_LR, Y_LR, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.units import to_mm_per_day
from rainsmith.config import Data, PredictorSource
from rainsmith.data.grids.block_means import block_grid, block_means
from rainsmith.data.grids.grid import Grid, around
from rainsmith.data.grids.regrid import regrid
from rainsmith.data.sources.axes import read_any_map
from rainsmith.data.sources.files import open_file, open_variable, resolve_files
from rainsmith.data.splits import Span, shifted_days

_FLUX = re.compile(r"flux|precipitation|rainfall|snowfall|evaporation|runoff")


@dataclass(frozen=True)
class Source:
    """One field by day on its own grid, and the days that become channels.

    Attributes:
        label: what its channels are called, before the day.
        values: (time, y, x) float32.
        numbers: (time,) days YYYYMMDD, rising.
        grid: its cells.
        offsets: [days] 0 is the day itself.
        coarsen: side of the blocks [fine cells] of block means of the target, 0 for files.
        rain: is it rain in mm/day?
        conservative: is it regridded conservatively?
    """

    label: str
    values: np.ndarray
    numbers: np.ndarray
    grid: Grid
    offsets: tuple[int, ...]
    coarsen: int
    rain: bool
    conservative: bool

    def channel(self, offset: int) -> str:
        """Name of a channel, such as ``rain_8_lag-1`` or ``msl_day+1``."""
        return f"{self.label}_{'lag' if self.coarsen else 'day'}{f'{offset:+d}' if offset else '0'}"


@dataclass(frozen=True)
class Assembled:
    """Predictors of each wanted day.

    Attributes:
        values: (time, channel, y_lr, x_lr) float32 with the coordinates of the coarse grid.
        complete: (time,) is every channel of that day there?
        grid: the coarse grid.
        coarse_rain_channel: channel of the rain of the day itself [mm/day], or "".
        rain_channels: every channel of rain, of whatever day.
        coarsen: side of its blocks where they are block means of the target on their own grid, else 0.
        factor: side of the blocks that are the coarse grid, 0 where it is no grid of blocks.
        rain_reads: for each channel of rain, the days YYYYMMDD (time,) whose rain is read.
    """

    values: xr.DataArray
    complete: np.ndarray
    grid: Grid
    coarse_rain_channel: str
    rain_channels: tuple[str, ...]
    coarsen: int
    factor: int
    rain_reads: list[np.ndarray]


def block_factor(data: Data) -> int:
    """Factor that must divide a cropped grid: the least common multiple of all blocks of the target, or 1."""
    return math.lcm(*(source.coarsen for source in data.predictors if source.from_ == "target"))


def reach(data: Data) -> int:
    """[days] The farthest day that a predictor reads."""
    return max((abs(o) for s in data.predictors for o in (s.lags if s.from_ else s.day_offsets)), default=0)


def widen(span: Span | None, days: int) -> Span | None:
    """A span of days that begins and ends at least ``days`` earlier and later (whole months, any calendar)."""
    if span is None or not days:
        return span
    months = -(-days // 28)
    first, last = (
        day // 10000 * 12 + day // 100 % 100 - 1 + step for day, step in zip(span, (-months, months), strict=True)
    )
    return first // 12 * 10000 + (first % 12 + 1) * 100 + 1, last // 12 * 10000 + (last % 12 + 1) * 100 + 31


def read_sources(
    data: Data, precip: xr.DataArray | None, span: Span | None
) -> tuple[list[Source], xr.DataArray | None]:
    """Read every predictor source.

    Args:
        data: the section of the configuration.
        precip: (time, y, x) [mm/day], checked; needed where a source is ``from: target``.
        span: days to read, as YYYYMMDD.

    Returns:
        The sources, and the time coordinate of the first source from files (None where there is none).

    Raises:
        UserError: no source, or what ``open_variable`` refuses.
    """
    if not data.predictors:
        raise UserError("data.predictors is empty; expected at least one source, '{from: target, coarsen: 8}' or files")
    sources: list[Source] = []
    time: xr.DataArray | None = None
    region = None if precip is None else Grid.of(precip).longitude
    middle = None if region is None else float(region.flat[region.size // 2])
    for given in data.predictors:
        if given.from_ == "target":
            assert precip is not None
            sources.append(_from_target(given, precip))
            continue
        da = open_variable(given.files or [], given.variable, data.root, given.units, span=span)
        time = da[TIME] if time is None else time
        flux = bool(_FLUX.search(da.attrs.get("standard_name", "")))
        if given.rain:
            da = to_mm_per_day(da, name=f"predictor '{da.name}'")
        grid, values = Grid.of(da), da.values
        if middle is not None:
            grid, order = around(grid, middle)
            values = values if order is None else values[..., order]
        sources.append(
            Source(
                _free_label(given.name or str(da.name), sources),
                values,
                day_numbers(da[TIME]),
                grid,
                tuple(given.day_offsets),
                0,
                given.rain,
                given.rain or flux,
            )
        )
    return sources, time


def assemble(data: Data, sources: list[Source], time: xr.DataArray, grid: Grid | None = None) -> Assembled:
    """Bring all sources to one grid and stack their days and the season as channels.

    Days are matched by calendar date, so that predictors of 12 UTC belong to the target day that begins at 00 UTC.

    Args:
        data: the section of the configuration.
        sources: from ``read_sources``.
        time: (time,) the wanted days.
        grid: the coarse grid; None for ``data.coarse_grid``, or the grid of the first source.

    Raises:
        UserError: a source does not cover the grid, or two channels have one name.
    """
    if grid is None:
        grid = sources[0].grid if data.coarse_grid is None else _grid_of_file(data)
    n_channels = sum(len(source.offsets) for source in sources) + (2 if data.season else 0)
    values = np.empty((time.size, n_channels, *grid.shape), dtype=np.float32)
    complete = np.ones(time.size, dtype=bool)
    names: list[str] = []
    coarse_rain: list[tuple[str, int]] = []
    rain_reads: list[np.ndarray] = []
    rain_channels: list[str] = []
    for source in sources:
        on_grid = source.grid.same_as(grid)
        field = regrid(source.values, source.grid, grid, conservative=source.conservative, name=source.label)
        for offset in source.offsets:
            wanted = shifted_days(time, offset)
            position = np.minimum(np.searchsorted(source.numbers, wanted), len(source.numbers) - 1)
            found = source.numbers[position] == wanted
            channel = np.where(found[:, None, None], field[position], np.nan)
            complete &= np.isfinite(channel).any(axis=(1, 2))
            values[:, len(names)] = channel
            names.append(source.channel(offset))
            if source.rain:
                rain_reads.append(wanted)
                rain_channels.append(names[-1])
            if source.rain and offset == 0:
                coarse_rain.append((names[-1], source.coarsen if on_grid else 0))
    if data.season:
        year = time.dt
        angle = 2 * np.pi * (year.dayofyear.values - 1) / year.days_in_year.values
        for name, wave in (("season_sin", np.sin(angle)), ("season_cos", np.cos(angle))):
            values[:, len(names)] = wave[:, None, None]
            names.append(name)
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise UserError(
            f"data.predictors gives channel '{sorted(repeated)[0]}' twice; "
            "expected different lags, factors or variables"
        )
    coords = {TIME: time, CHANNEL: np.asarray(names, dtype=object), **grid.coords()}
    array = xr.DataArray(values, dims=(TIME, CHANNEL, Y_LR, X_LR), coords=coords, name="predictors")
    # block means of the target are the exact coarse rain; rain from other files stands in only without them
    channel_name, coarsen = next((r for r in coarse_rain if r[1]), coarse_rain[0] if coarse_rain else ("", 0))
    factor = next((s.coarsen for s in sources if s.coarsen and s.grid.same_as(grid)), 0)
    return Assembled(array, complete, grid, channel_name, tuple(rain_channels), coarsen, factor, rain_reads)


def _from_target(given: PredictorSource, precip: xr.DataArray) -> Source:
    means = block_means(precip, given.coarsen, given.min_valid_cells)
    if not np.isfinite(means).any():
        raise UserError(
            f"no block of {given.coarsen} x {given.coarsen} cells has {given.min_valid_cells} "
            "valid cells; use a smaller 'min_valid_cells'"
        )
    return Source(
        f"rain_{given.coarsen}",
        means,
        day_numbers(precip[TIME]),
        block_grid(Grid.of(precip), given.coarsen),
        tuple(given.lags),
        given.coarsen,
        True,
        True,
    )


def _free_label(name: str, sources: list[Source]) -> str:
    """The variable's name, numbered where an earlier source has it (geopotential of two levels in two files)."""
    used = {source.label for source in sources}
    number = 2
    label = name
    while label in used:
        label, number = f"{name}_{number}", number + 1
    return label


def _grid_of_file(data: Data) -> Grid:
    path = resolve_files(data.coarse_grid or "", data.root)[0]
    with open_file(path) as ds:
        return Grid.of(read_any_map(ds, path))
