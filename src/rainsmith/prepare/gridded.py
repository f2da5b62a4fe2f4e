"""Target, predictors and static maps of files on grids, brought together as the raw fields of a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import GRID, X, Y, day_numbers, valid_cells
from rainsmith.base.large_arrays import any_finite, days_of, ever_finite
from rainsmith.base.units import mm_per_day_factor, to_mm_per_day
from rainsmith.config import Data
from rainsmith.data.checks import CheckLog, check_input
from rainsmith.data.grids.block_means import block_rows, crop
from rainsmith.data.grids.coverage import refuse_uncovered
from rainsmith.data.grids.grid import Grid, attach_lat_lon
from rainsmith.data.grids.locate import fractional_index
from rainsmith.data.raw import RawData
from rainsmith.data.sources.channels import Predictors, assemble
from rainsmith.data.sources.credit import credit_of_target
from rainsmith.data.sources.files import open_variable
from rainsmith.data.sources.found import found
from rainsmith.data.sources.masks import apply_mask, without_masked
from rainsmith.data.sources.predictors import (
    DailyField,
    coarse_grid,
    farthest_offset,
    least_common_block,
    read_fields,
    widen,
)
from rainsmith.data.sources.statics import read_statics, stack_statics
from rainsmith.data.splits import leave_gaps, span_of, split_spans
from rainsmith.prepare.channel_gaps import refuse_more_gaps, say_gaps
from rainsmith.prepare.day_lags import compare_days, say
from rainsmith.prepare.days import SplitDays, name_lost, refuse_many_lost, split_days


def read_gridded(settings: Data, log: CheckLog) -> tuple[RawData, dict[str, Any]]:
    """Read target, predictors and static maps from files on grids.

    Args:
        settings: the section ``data`` of the configuration.
        log: takes what the checks of the files count and say.

    Returns:
        The raw fields of the days that have everything, and the numbers of days found, dropped and in gaps.

    Raises:
        UserError: files, variables, units, splits or values are not as expected.
    """
    split_spans(settings.splits)  # refuses a mistake in the splits before any file is read
    precip = read_target(settings, log)
    days = split_days(precip, settings)
    numbers = day_numbers(days.time)
    span = widen((int(numbers[0]), int(numbers[-1])), farthest_offset(settings))
    fields, _ = read_fields(settings, precip, span, log)
    say(compare_days(precip, days, fields), log)
    return join_fields(settings, precip, days, fields, read_statics(settings), credit_of_target(settings), log)


def read_target(settings: Data, log: CheckLog | None = None) -> xr.DataArray:
    """Read the target [mm/day], check it, add 2-D latitudes and longitudes, and crop it where ``data.fit`` says so.

    Raises:
        UserError: what ``open_variable`` or a check refuses.
    """
    target = settings.target
    span = None if settings.period is None else span_of(settings.period, "data.period")
    span = widen(span, farthest_offset(settings))
    precip = open_variable(target.files, target.variable, settings.root, target.units, span=span, select=target.select)
    return target_of_array(precip, settings, log)


def target_of_array(precip: xr.DataArray, settings: Data, log: CheckLog | None = None) -> xr.DataArray:
    """The target as predictors and the store need it.

    Args:
        precip: (time, y, x) in the unit of its attribute ``units``, as ``axes.read_days`` gives it.
        settings: the section ``data`` of the configuration.
        log: takes what the checks count and say.

    Returns:
        (time, y, x) [mm/day], checked, with 2-D latitudes and longitudes, cropped where ``data.fit`` says so, and
        missing outside ``data.mask``.

    Raises:
        UserError: a check refuses it, or its unit does not measure precipitation.
    """
    checked = check_input(precip, "target", "read", settings, log)
    converted = to_mm_per_day(checked, name=f"target '{precip.name}'")
    located = attach_lat_lon(check_input(converted, "target", "converted", settings, log))
    if log is not None:
        unit = str(checked.attrs.get("units", ""))
        log.sources.append(found(located, "target", str(precip.name), unit, factor=mm_per_day_factor(unit)))
    if settings.fit == "crop":
        located = crop(located, least_common_block(settings))
    return apply_mask(located.rename("precip"), settings, log)


def join_fields(
    settings: Data,
    precip: xr.DataArray,
    days: SplitDays,
    fields: Sequence[DailyField],
    maps: Sequence[xr.DataArray | None],
    attrs: dict[str, str],
    log: CheckLog,
) -> tuple[RawData, dict[str, Any]]:
    """Bring target, predictors and static maps together on the days that have all of them.

    Args:
        settings: the section ``data`` of the configuration.
        precip: (time, y, x) [mm/day] from ``target_of_array``.
        days: the wanted days of the target.
        fields: the predictors, each on its own grid.
        maps: static maps, each on its own grid; None is the distance to the coast.
        attrs: source, title, history and terms of the data.
        log: takes what the checks of the static maps count and say.

    Returns:
        The raw fields, and the numbers of days found, dropped and in gaps, as attributes of the store.

    Raises:
        UserError: too many days are lost, a check refuses a static map, or grids do not fit.
    """
    precip, land = without_masked(precip)
    grid = coarse_grid(settings, fields, Grid.of(precip))
    _refuse_target_outside(settings, precip, fields, grid)
    predictors = assemble(fields, days.time, grid, season=settings.season)
    kept = predictors.complete & any_finite(precip)[days.positions]
    lost = refuse_many_lost(kept, days.time, predictors.days_lacking)
    if dropped := name_lost(kept, days.time):
        log.lines.append(dropped)
    # Only rain makes a gap: a day that reads the next day's pressure across a boundary reads nothing that is scored
    # there. Coarse rain from files counts as rain, since it may have been made from the target.
    split = leave_gaps(days.split, predictors.rain_days, days.spans)
    rain = days_of(precip, days.positions[kept])
    row, column = _place_of_cells(Grid.of(precip), predictors)
    refuse_more_gaps(predictors, kept, split)
    say_gaps(predictors, kept, row, column, ever_finite(precip), log)
    mask = valid_cells(rain).assign_attrs(grid_mapping=precip.attrs.get("grid_mapping", ""))
    checked_maps = [m if m is None else check_input(m, "static", "read", settings, log, precip) for m in maps]
    given = [m for m in checked_maps if m is not None]
    if Grid.of(precip).has_axes or Grid.of(precip).located:
        bare = [m for m in given if not {Y, X, "latitude"} & set(m.coords)]
        log.notices += [f"static map '{m.name}' has no coordinates and was matched cell by cell" for m in bare]
    log.sources += [found(m, "static", str(m.name), str(m.attrs.get("units", ""))) for m in given]
    coarse_rain = predictors.coarse_rain
    raw = RawData(
        precip=rain,
        predictors=days_of(predictors.values, np.flatnonzero(kept)),
        statics=stack_statics(checked_maps, mask, land),
        coarse_row=xr.DataArray(row, dims=GRID),
        coarse_col=xr.DataArray(column, dims=GRID),
        coarse_rain_channel="" if coarse_rain is None else coarse_rain.name,
        rain_channels=predictors.rain_channels,
        channel_units=predictors.channel_units,
        coarsen=0 if coarse_rain is None else coarse_rain.coarsen,
        split=split[kept],
        attrs=attrs | ({"terms": settings.credit} if settings.credit else {}),
    )
    counts = {
        "days_found": int(days.positions.size),
        "days_dropped": lost,
        "days_in_gaps": int((split != days.split)[kept].sum()),
    }
    return raw, counts


def _refuse_target_outside(settings: Data, precip: xr.DataArray, fields: Sequence[DailyField], grid: Grid) -> None:
    """Refuse a coarse grid that does not cover the valid cells of the target.

    The other sources are compared with the coarse grid when they are brought to it.
    """
    if any(field.coarsen and field.grid.same_as(grid) for field in fields):
        return  # blocks of the target cover it by their making
    with_grid = [field.label for field in fields if field.has_grid]
    if not with_grid and settings.coarse_grid is None:
        return  # the one cell of time series stands for the whole target
    name = with_grid[0] if settings.coarse_grid is None else "data.coarse_grid"
    refuse_uncovered(grid, Grid.of(precip), name, ever_finite(precip))


def _place_of_cells(fine: Grid, predictors: Predictors) -> tuple[np.ndarray, np.ndarray]:
    """Fractional row and column (y, x) of each fine cell in the coarse grid."""
    if predictors.block_side:
        row, column = np.meshgrid(*(block_rows(n, predictors.block_side) for n in fine.shape), indexing="ij")
        return row, column
    return fractional_index(predictors.grid, fine)
