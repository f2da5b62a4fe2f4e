"""Daily fields that become predictors: block means of the target, and fields from files on any grid."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.units import MM_PER_DAY, mm_per_day_factor, to_mm_per_day
from rainsmith.config import Data, PredictorSource
from rainsmith.data.checks import CheckLog, check_input
from rainsmith.data.grids.block_means import block_grid, block_means
from rainsmith.data.grids.grid import Grid, move_seam_away
from rainsmith.data.sources.axes import read_any_map
from rainsmith.data.sources.files import open_file, resolve_files
from rainsmith.data.sources.found import found
from rainsmith.data.sources.series import read_source
from rainsmith.data.splits import Span

_FLUX = re.compile(r"flux|precipitation|rainfall|snowfall|evaporation|runoff")
"""Standard names of quantities whose total matters, so that they are regridded conservatively."""


@dataclass(frozen=True)
class DailyField:
    """One field a day on its own grid, and which of its days become channels.

    Attributes:
        label: what it is called; its channels add the day to it.
        values: (time, y, x) float32.
        days: (time,) its days YYYYMMDD, rising.
        grid: its cells.
        offsets: [days] the days that become channels, counted from the target's day; 0 is that day itself.
        coarsen: side of the blocks [fine cells] where it is block means of the target, else 0.
        rain: True where it is rain in mm/day.
        conservative: True where it is regridded conservatively.
        add_day: True where the names of channels say the day, as ``msl_day0`` does.
        has_grid: False for a time series (time, 1, 1), which holds on every cell of the coarse grid.
        units: unit of the values, "" where neither the file nor the configuration says one.
    """

    label: str
    values: np.ndarray
    days: np.ndarray
    grid: Grid
    offsets: tuple[int, ...]
    coarsen: int = 0
    rain: bool = False
    conservative: bool = False
    add_day: bool = True
    has_grid: bool = True
    units: str = ""

    def channel_name(self, offset: int) -> str:
        """Name of the channel of a day, such as ``rain_8_lag-1`` or ``msl_day+1``."""
        if not self.add_day:
            return self.label
        return f"{self.label}_{'lag' if self.coarsen else 'day'}{f'{offset:+d}' if offset else '0'}"


def least_common_block(settings: Data) -> int:
    """The number that must divide the sides of a cropped grid: the least common multiple of all block sides, or 1."""
    return math.lcm(*(source.coarsen for source in settings.predictors if source.from_ == "target"))


def farthest_offset(settings: Data) -> int:
    """[days] How far the farthest day that a predictor holds lies from the target's day."""
    return max((abs(o) for s in settings.predictors for o in (s.lags if s.from_ else s.day_offsets)), default=0)


def widen(span: Span | None, days: int) -> Span | None:
    """A span of days that begins and ends at least ``days`` earlier and later (whole months, any calendar)."""
    if span is None or not days:
        return span
    months = -(-days // 28)
    first, last = (
        day // 10000 * 12 + day // 100 % 100 - 1 + step for day, step in zip(span, (-months, months), strict=True)
    )
    return first // 12 * 10000 + (first % 12 + 1) * 100 + 1, last // 12 * 10000 + (last % 12 + 1) * 100 + 31


def read_fields(
    settings: Data,
    precip: xr.DataArray | None,
    span: Span | None,
    log: CheckLog | None = None,
    channels: Sequence[str] | None = None,
) -> tuple[list[DailyField], xr.DataArray | None]:
    """Read and check every predictor source of the configuration.

    Args:
        settings: the section ``data`` of the configuration.
        precip: (time, y, x) [mm/day], checked; needed where a source is ``from: target``.
        span: first and last day to read, as YYYYMMDD.
        log: takes what the checks of the fields count and say.
        channels: names of the channels of a trained model, None where there is none.

    Returns:
        The fields, and the time coordinate of the one from files that has most days, the first of these (None where
        there is none).

    Raises:
        UserError: there is no source, a check refuses a field, or what ``open_variable`` refuses.
    """
    if not settings.predictors:
        raise UserError("data.predictors is empty; expected at least one source, '{from: target, coarsen: 8}' or files")
    fields: list[DailyField] = []
    time: xr.DataArray | None = None
    for source in settings.predictors:
        if source.from_ == "target":
            assert precip is not None
            fields.append(field_of_target(source, precip))
            continue
        for variable in read_source(source, settings, span, channels):
            held = variable.values[TIME]
            time = held if time is None or held.size > time.size else time
            label = unused_label(variable.label, fields)
            field = field_of_array(variable.values, label, source.day_offsets, source.rain, settings, precip, log)
            fields.append(replace(field, has_grid=variable.has_grid))
            if log is not None and variable.notice:
                log.notices.append(variable.notice)
    everywhere = [field.label for field in fields if not field.has_grid]
    if log is not None and everywhere:
        log.notices.append(f"{len(everywhere)} time series hold on all cells")
        log.attributes["predictors_without_grid"] = ", ".join(everywhere)
    return fields, time


def field_of_array(
    da: xr.DataArray,
    label: str,
    offsets: Sequence[int],
    rain: bool,
    settings: Data,
    precip: xr.DataArray | None,
    log: CheckLog | None = None,
) -> DailyField:
    """Check a field that was read, and prepare it for the coarse grid.

    Args:
        da: (time, y, x) as ``axes.read_days`` gives it.
        label: what its channels are called, before the day.
        offsets: [days] the days that become channels.
        rain: True where it is rain; it is then converted to mm/day.
        settings: the section ``data`` of the configuration, for the checks.
        precip: the checked target [mm/day], None where there are no observations.
        log: takes what the checks count and say.

    Raises:
        UserError: a check refuses the field, or rain has units that do not measure precipitation.
    """
    flux = bool(_FLUX.search(da.attrs.get("standard_name", "")))
    checked = check_input(da.rename(label), "predictor", "read", settings, log, precip)
    unit, factor = str(da.attrs.get("units", "")), 1.0
    if rain:
        factor = mm_per_day_factor(unit, name=f"predictor '{da.name}'")
        checked = to_mm_per_day(checked, name=f"predictor '{da.name}'")
        checked = check_input(checked, "predictor", "converted", settings, log, precip)
    if log is not None:
        log.sources.append(found(checked, "predictor", label, unit, factor=factor))
    grid, values = Grid.of(checked), checked.values
    longitudes = None if precip is None else Grid.of(precip).longitude
    if longitudes is not None:
        grid, order = move_seam_away(grid, float(longitudes.flat[longitudes.size // 2]))
        values = values if order is None else values[..., order]
    days = day_numbers(checked[TIME])
    units = str(checked.attrs.get("units", ""))
    return DailyField(label, values, days, grid, tuple(offsets), rain=rain, conservative=rain or flux, units=units)


def field_of_target(source: PredictorSource, precip: xr.DataArray) -> DailyField:
    """Block means of the target.

    Raises:
        UserError: no block has enough valid cells.
    """
    means = block_means(precip, source.coarsen, source.min_valid_cells)
    if not np.isfinite(means).any():
        raise UserError(
            f"no block of {source.coarsen} x {source.coarsen} cells has {source.min_valid_cells} "
            "valid cells; use a smaller 'min_valid_cells'"
        )
    return DailyField(
        label=f"rain_{source.coarsen}",
        values=means,
        days=day_numbers(precip[TIME]),
        grid=block_grid(Grid.of(precip), source.coarsen),
        offsets=tuple(source.lags),
        coarsen=source.coarsen,
        units=MM_PER_DAY,
        rain=True,
        conservative=True,
    )


def unused_label(name: str, fields: Sequence[DailyField]) -> str:
    """The variable's name, numbered where an earlier field has it (geopotential of two levels in two files)."""
    used = {field.label for field in fields}
    number = 2
    label = name
    while label in used:
        label, number = f"{name}_{number}", number + 1
    return label


def coarse_grid(settings: Data, fields: Sequence[DailyField], fine: Grid) -> Grid:
    """The grid of ``data.coarse_grid``, else that of the first field that has one, else one cell over the target.

    Raises:
        UserError: the file of ``data.coarse_grid`` is missing or holds no grid.
    """
    if settings.coarse_grid is None:
        return next((field.grid for field in fields if field.has_grid), None) or one_cell(fine)
    path = resolve_files(settings.coarse_grid, settings.root)[0]
    with open_file(path) as ds:
        grid = Grid.of(read_any_map(ds, path))
    if fine.longitude is None:
        return grid
    return move_seam_away(grid, float(fine.longitude.flat[fine.longitude.size // 2]))[0]


def one_cell(fine: Grid) -> Grid:
    """A single cell in the middle of a grid, which stands for all of it."""
    if not fine.has_axes and fine.latitude is not None and fine.longitude is not None:
        latitude, longitude = (np.full((1, 1), values.mean()) for values in (fine.latitude, fine.longitude))
        return Grid(np.zeros(1), np.zeros(1), None, latitude, longitude, has_axes=False)
    y, x = (np.array([(axis.min() + axis.max()) / 2]) for axis in (fine.y, fine.x))
    return Grid(y, x, fine.crs, has_axes=fine.has_axes, attrs=fine.attrs).locate()
