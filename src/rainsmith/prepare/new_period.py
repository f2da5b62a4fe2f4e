"""Predictors of a period without observations, for a model that was trained on another one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, TIME, X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.config import Config, Data
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.coverage import extents_of
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.channels import assemble
from rainsmith.data.sources.credit import credit_of_predictors
from rainsmith.data.sources.masks import without_masked
from rainsmith.data.sources.predictors import DailyField, farthest_offset, read_fields, widen
from rainsmith.data.splits import span_of
from rainsmith.prepare.days import refuse_many_lost, wanted_days
from rainsmith.prepare.gridded import read_target
from rainsmith.prepare.same_channels import as_in_training, refuse_more_missing


def prepare_predictors(config: Config, domain: xr.Dataset, log: CheckLog | None = None) -> xr.Dataset:
    """Read the predictors of a period that has no observations, on the coarse grid of a trained model.

    The files of the target are opened only where a predictor is ``from: target``.

    Args:
        config: names the predictor sources, and with ``data.period`` and ``data.months`` the new period.
        domain: the store of the trained model without its time.
        log: takes what the checks of the fields count and say, and which units were converted.

    Returns:
        ``predictors`` (time, channel, y_lr, x_lr), raw, in the order and the units of the training; days that lack a
        predictor are dropped and counted in the attribute ``days_dropped``. Other attributes are what the files say
        of themselves.

    Raises:
        UserError: channels are not those of the model or have other units, over 5 % of the days are lost, or a file is
            not as expected.
    """
    log = CheckLog() if log is None else log
    settings = config.data
    if settings.kind != "gridded":
        raise UserError(f"new predictors need 'data.kind: gridded', found '{settings.kind}'")
    precip = _target_on(domain, settings) if any(source.from_ for source in settings.predictors) else None
    span = None if settings.period is None else span_of(settings.period, "data.period")
    names = [str(name) for name in domain[CHANNEL].values]
    fields, time = read_fields(settings, precip, widen(span, farthest_offset(settings)), log, channels=names)
    if precip is not None:
        time = precip[TIME]
    assert time is not None
    time = time[wanted_days(time, settings, "the predictors hold")]
    predictors = assemble(fields, time, Grid.of(domain, "_lr"), season=settings.season)
    _refuse_other_series(fields, domain)
    values = as_in_training(predictors, domain, log)
    lacking = predictors.days_lacking
    lost = refuse_many_lost(predictors.complete, time, lacking)
    if lost:
        which = ", ".join(f"'{name}' {days}" for name, days in lacking.items())
        log.notices.append(f"{lost} of {time.size} days are left out for lack of a predictor (days lacking: {which})")
    kept = values.isel({TIME: np.flatnonzero(predictors.complete)})
    refuse_more_missing(kept, domain)
    return xr.Dataset({"predictors": kept}, attrs={**credit_of_predictors(settings), "days_dropped": lost})


def _refuse_other_series(fields: Sequence[DailyField], domain: xr.Dataset) -> None:
    """Refuse a field on a grid in place of a time series of the training, and the other way round.

    Raises:
        UserError: a source is of the other kind, on a coarse grid of more than one cell.
    """
    if domain.sizes[Y_LR] * domain.sizes[X_LR] == 1 or "channel_units" not in domain.attrs:
        return
    trained = str(domain.attrs.get("predictors_without_grid", "")).split(", ")
    for field in fields:
        if field.has_grid == (field.label in trained):
            kinds = ("a time series without a grid", "a field on a grid")
            then, now = kinds if field.has_grid else kinds[::-1]
            raise UserError(
                f"predictor '{field.label}' was {then} in the training, and is {now} in the new files; "
                "give the same kind of file"
            )


def _target_on(domain: xr.Dataset, settings: Data) -> xr.DataArray:
    """The target [mm/day] whose block means are predictors, its rows and columns in the order of the model's grid.

    Blocks are counted from the first row and column, so in a file that runs the other way they would be other blocks.
    """
    precip, _ = without_masked(read_target(settings))
    if precip.shape[1:] != (domain.sizes[Y], domain.sizes[X]):
        raise UserError(
            f"the target has {precip.sizes[Y]} x {precip.sizes[X]} cells, the model was trained on "
            f"{domain.sizes[Y]} x {domain.sizes[X]}; name files of the same grid"
        )
    backwards = [d for d in (Y, X) if d in precip.coords and d in domain.coords and _opposed(precip[d], domain[d])]
    precip = precip.isel({d: slice(None, None, -1) for d in backwards})
    here, there = Grid.of(precip), Grid.of(domain)
    comparable = (here.has_axes and there.has_axes) or (here.located and there.located)
    if comparable and not here.same_as(there):
        extent, trained = extents_of(here, there)
        raise UserError(
            f"the target's cells are not those of the model ({extent}; the model was trained on {trained}); "
            "name files of the same grid"
        )
    if domain.attrs.get("mask_given"):  # block means of the training were those of the cells inside its mask
        precip = precip.where(domain["mask"].values)
    return precip


def _opposed(axis: xr.DataArray, other: xr.DataArray) -> bool:
    """True where one axis rises and the other falls."""
    return bool((axis[-1] > axis[0]).item() != (other[-1] > other[0]).item())
