"""The stage ``prepare``: read, check, split and measure the data, and write ``store.zarr``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.console import console
from rainsmith.base.dims import CHANNEL, GRID, TIME, X, Y, day_numbers, valid_cells
from rainsmith.base.errors import UserError
from rainsmith.base.units import to_mm_per_day
from rainsmith.config import Config, Data
from rainsmith.data.check import Checked, check_precip
from rainsmith.data.grids.block_means import block_rows, crop
from rainsmith.data.grids.grid import Grid, attach_lat_lon, fractional_index
from rainsmith.data.raw import RawData
from rainsmith.data.sources import predictors as predictor_sources
from rainsmith.data.sources.files import open_file, open_variable, resolve_files
from rainsmith.data.sources.statics import read_statics
from rainsmith.data.splits import Span, assign, leave_gaps, refuse_empty, span_of, split_spans

MOST_LOST = 0.05
"""Share of the wanted days that may be lost to missing predictors or lags."""


def _checks(checked: Checked, data: Data) -> dict[str, Any]:
    """What the check of the values found, as attributes of the store."""
    return {
        "negatives_set_to_zero": checked.negatives,
        "suspect_values": "; ".join(map(str, checked.suspects)),
        "suspect_action": data.suspect,
    }


def read_gridded(data: Data) -> tuple[RawData, dict[str, Any]]:
    """Read target, predictors and statics from files on grids.

    Returns:
        The raw fields of the days that have everything, and counts of what was lost, mended or found suspect.

    Raises:
        UserError: see ``prepare``.
    """
    spans = split_spans(data.splits)
    precip, checked = read_target(data)
    fine = Grid.of(precip)
    wanted = np.flatnonzero(_wanted(precip[TIME], data))
    if not wanted.size:
        raise UserError(
            f"no day lies within data.period {data.period} and data.months {data.months}; "
            f"the files hold {_held(precip)}"
        )
    time = precip[TIME][wanted]
    numbers = day_numbers(time)
    refuse_empty(assign(numbers, spans), numbers)
    span = predictor_sources.widen((int(numbers[0]), int(numbers[-1])), predictor_sources.reach(data))
    sources, _ = predictor_sources.read_sources(data, precip, span)
    found = predictor_sources.assemble(data, sources, time)
    observed = np.isfinite(precip.values[wanted]).any(axis=(1, 2))
    kept = found.complete & observed
    lost = _refuse_lost(kept, numbers)
    split = assign(numbers, spans)
    # Only rain makes a gap: a day that reads the next day's pressure across a boundary reads nothing that is scored
    # there. Coarse rain from files counts as rain, since it may have been made from the target.
    with_gap = leave_gaps(split, found.rain_reads, spans)
    if found.factor:
        row, col = np.meshgrid(*(block_rows(n, found.factor) for n in fine.shape), indexing="ij")
    else:
        row, col = fractional_index(found.grid, fine)
    days = precip.isel({TIME: wanted[kept]})
    mask = valid_cells(days)
    statics = read_statics(data, mask.assign_attrs(grid_mapping=precip.attrs.get("grid_mapping", "")))
    raw = RawData(
        precip=days,
        predictors=found.values.isel({TIME: np.flatnonzero(kept)}),
        statics=statics,
        coarse_row=xr.DataArray(row, dims=GRID),
        coarse_col=xr.DataArray(col, dims=GRID),
        coarse_rain_channel=found.coarse_rain_channel,
        rain_channels=found.rain_channels,
        coarsen=found.coarsen,
        split=with_gap[kept],
        attrs=_source_attrs(data) | ({"terms": data.credit} if data.credit else {}),
    )
    counts: dict[str, Any] = {
        "days_found": int(wanted.size),
        "days_dropped": lost,
        "days_in_gaps": int((with_gap != split)[kept].sum()),
        **_checks(checked, data),
    }
    _notice(counts, len(checked.suspects))
    return raw, counts


def read_target(data: Data) -> tuple[xr.DataArray, Checked]:
    """The checked target [mm/day] with 2-D latitudes and longitudes, cropped where the configuration asks for it."""
    span: Span | None = None if data.period is None else span_of(data.period, "data.period")
    target = data.target
    span = predictor_sources.widen(span, predictor_sources.reach(data))
    precip = open_variable(target.files, target.variable, data.root, target.units, span=span)
    precip = to_mm_per_day(precip, name=f"target '{precip.name}'")
    checked = check_precip(precip, suspect=data.suspect)
    precip = attach_lat_lon(checked.precip)
    if data.fit == "crop":
        precip = crop(precip, predictor_sources.block_factor(data))
    return precip.rename("precip"), replace(checked, precip=precip)


def prepare_predictors(config: Config, domain: xr.Dataset) -> xr.Dataset:
    """Predictors of a period that has no observations, on the coarse grid of a trained model.

    The target's files are opened only where a predictor is ``from: target``.

    Args:
        config: names the predictor sources, ``data.period`` and ``data.months`` of the new period.
        domain: the store of the trained model without its time.

    Returns:
        ``predictors`` (time, channel, y_lr, x_lr), raw; days that lack a predictor are dropped and counted in the
        attribute ``days_dropped``.

    Raises:
        UserError: channels are not those of the model, more than 5 % of the days are lost, or see ``prepare``.
    """
    data = config.data
    if data.kind != "gridded":
        raise UserError(f"new predictors need 'data.kind: gridded', found '{data.kind}'")
    precip = _target_on(domain, data) if any(source.from_ for source in data.predictors) else None
    span: Span | None = None if data.period is None else span_of(data.period, "data.period")
    sources, time = predictor_sources.read_sources(
        data, precip, predictor_sources.widen(span, predictor_sources.reach(data))
    )
    if precip is not None:
        time = precip[TIME]
    assert time is not None
    wanted = _wanted(time, data)
    if not wanted.any():
        raise UserError(f"no day of the predictors lies within data.period {data.period} and data.months {data.months}")
    time = time[np.flatnonzero(wanted)]
    found = predictor_sources.assemble(data, sources, time, Grid.of(domain, "_lr"))
    expected, names = [str(c) for c in domain[CHANNEL].values], [str(c) for c in found.values[CHANNEL].values]
    if names != expected:
        raise UserError(f"predictors are {', '.join(names)}; the model expects {', '.join(expected)}, in that order")
    lost = _refuse_lost(found.complete, day_numbers(time))
    kept = found.values.isel({TIME: np.flatnonzero(found.complete)})
    return xr.Dataset({"predictors": kept}, attrs={"days_dropped": lost})


def _target_on(domain: xr.Dataset, data: Data) -> xr.DataArray:
    """The target [mm/day] whose block means are predictors, its rows and columns in the order of the model's grid.

    Blocks are counted from the first row and column: in a file that runs the other way they would be other blocks.
    """
    precip = read_target(data)[0]
    if precip.shape[1:] != (domain.sizes[Y], domain.sizes[X]):
        raise UserError(
            f"the target has {precip.sizes[Y]} x {precip.sizes[X]} cells, the model was trained on "
            f"{domain.sizes[Y]} x {domain.sizes[X]}; name files of the same grid"
        )
    backwards = [d for d in (Y, X) if d in precip.coords and d in domain.coords and _opposed(precip[d], domain[d])]
    precip = precip.isel({d: slice(None, None, -1) for d in backwards})
    here, there = Grid.of(precip), Grid.of(domain)
    if here.axes and there.axes and not here.same_as(there):
        raise UserError(
            f"the target's first cell lies at y {here.y[0]:g}, x {here.x[0]:g} and its last at y {here.y[-1]:g}, "
            f"x {here.x[-1]:g}; those of the model at {there.y[0]:g}, {there.x[0]:g} and {there.y[-1]:g}, "
            f"{there.x[-1]:g}; name files of the same grid"
        )
    return precip


def _opposed(axis: xr.DataArray, other: xr.DataArray) -> bool:
    return bool((axis[-1] > axis[0]).item() != (other[-1] > other[0]).item())


def _wanted(time: xr.DataArray, data: Data) -> np.ndarray:
    numbers = day_numbers(time)
    wanted = np.ones(len(numbers), dtype=bool)
    if data.period is not None:
        first, last = span_of(data.period, "data.period")
        wanted &= (numbers >= first) & (numbers <= last)
    if data.months is not None:
        wanted &= np.isin(numbers // 100 % 100, data.months)
    return wanted


def _refuse_lost(kept: np.ndarray, numbers: np.ndarray) -> int:
    lost = int((~kept).sum())
    if lost > MOST_LOST * len(kept):
        raise UserError(
            f"{lost} of {len(kept)} days ({lost / len(kept):.0%}) lack the target, a predictor or a lag (first: "
            f"{_date(numbers[~kept][0])}, last: {_date(numbers[~kept][-1])}); at most {MOST_LOST:.0%} may be lost; "
            "give files that cover the period, or shorten data.period"
        )
    return lost


def _date(number: int) -> str:
    return f"{number // 10000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"


def _held(precip: xr.DataArray) -> str:
    numbers = day_numbers(precip[TIME])
    return f"{_date(numbers[0])} to {_date(numbers[-1])}"


def _source_attrs(data: Data) -> dict[str, str]:
    with open_file(resolve_files(data.target.files, data.root)[0]) as ds:
        kept = ("title", "source", "institution", "references", "comment", "license", "licence", "history")
        return {key: str(ds.attrs[key]) for key in kept if key in ds.attrs}


def _notice(counts: dict[str, Any], suspects: int) -> None:
    kept = counts["days_found"] - counts["days_dropped"]
    console.print(
        f"prepare: {kept} days ({counts['days_dropped']} dropped for lack of a lag or predictor, "
        f"{counts['days_in_gaps']} left as gaps between splits), {counts['negatives_set_to_zero']} tiny negatives "
        f"set to 0, {suspects} suspect values ({counts['suspect_action']})",
        soft_wrap=True,
    )
