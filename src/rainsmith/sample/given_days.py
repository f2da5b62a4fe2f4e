"""The days that a Python user gives to a loaded model, beside the grids of its training."""

from __future__ import annotations

import json
import warnings

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, TIME, X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.data.checks import CheckLog
from rainsmith.prepare.same_channels import in_units_of_training


def given_days(predictors: xr.DataArray | xr.Dataset, storms: xr.DataArray | None, domain: xr.Dataset) -> xr.Dataset:
    """Predictors, and observed rain where there is some, in the form of the days of a store.

    Args:
        predictors: (time, channel, y_lr, x_lr), raw; or a store, whose ``predictors`` and ``precip`` are taken.
        storms: (time, y, x) observed rain [mm/day], in place of that of a store; or None.
        domain: the store that the model was trained on, without its time.

    Returns:
        ``predictors`` in the order and the units of the model's channels, and ``precip`` if any, with the coordinates
        of the domain.

    Raises:
        UserError: dimensions, channels, units, grids, mask or days are not those that the model expects.

    Warns:
        UserWarning: a channel of a store was converted to the unit of the training.
    """
    if isinstance(predictors, xr.Dataset):
        _refuse_other_mask(predictors, domain)
        predictors = _in_units_of_training(predictors, domain)
    values = predictors["predictors"] if isinstance(predictors, xr.Dataset) else predictors
    values = _in_order_of_channels(values, [str(name) for name in domain[CHANNEL].values])
    _require_grid("predictors", values, domain, (Y_LR, X_LR))
    bare = values.drop_vars([name for name in values.coords if name not in (TIME, CHANNEL)])
    days = domain.drop_dims(CHANNEL).assign(predictors=bare)
    rain = storms
    if rain is None and isinstance(predictors, xr.Dataset):
        rain = predictors.get("precip")
    if rain is None:
        return days
    if set(rain.dims) != {TIME, Y, X} or TIME not in rain.coords:
        raise UserError(f"found storms of dimensions {_listed(rain.dims)}; expected time (with its dates), y and x")
    if not np.array_equal(rain[TIME].values, values[TIME].values):
        raise UserError("found storms and predictors of different days; select the same days, in the same order")
    _require_grid("storms", rain, domain, (Y, X))
    rain = rain.transpose(TIME, Y, X)
    mapping = {key: value for key, value in rain.attrs.items() if key == "grid_mapping"}
    return days.assign(precip=(rain.dims, rain.data, mapping))


def _refuse_other_mask(store: xr.Dataset, domain: xr.Dataset) -> None:
    """Refuse a store of other valid cells: its block means are others, and members would lack its cells."""
    mask = store.get("mask")
    if mask is None or mask.shape != domain["mask"].shape or np.array_equal(mask.values, domain["mask"].values):
        return
    other = int((mask.values != domain["mask"].values).sum())
    raise UserError(
        f"found a store whose mask of valid cells differs from that of the model in {other} cells; prepare it with the "
        "target and 'data.mask' of the training, or give its 'predictors' alone"
    )


def _in_units_of_training(store: xr.Dataset, domain: xr.Dataset) -> xr.Dataset:
    """The store with its predictors in the units of the training, as far as both say their units."""
    values = store.get("predictors")
    if values is None or CHANNEL not in values.coords or not {"channel_units"} <= set(store.attrs) & set(domain.attrs):
        return store
    try:
        units: dict[str, str] = json.loads(str(store.attrs["channel_units"]))
    except ValueError:  # the demo climate has units in words
        return store
    names = [str(name) for name in values[CHANNEL].values]
    log = CheckLog()
    ordered = values.transpose(TIME, CHANNEL, ...)
    converted = in_units_of_training(ordered.values, names, units, domain, log)
    for notice in log.notices:
        warnings.warn(notice, stacklevel=4)
    return store.assign(predictors=ordered.copy(data=converted)) if log.notices else store


def _in_order_of_channels(values: xr.DataArray, channels: list[str]) -> xr.DataArray:
    """The predictors (time, channel, y_lr, x_lr) with the channels of the model, in its order."""
    if set(values.dims) != {TIME, CHANNEL, Y_LR, X_LR} or TIME not in values.coords:
        raise UserError(
            f"found predictors of dimensions {_listed(values.dims)}; expected time (with its dates), channel, y_lr and "
            "x_lr; rename them"
        )
    names = [str(name) for name in values[CHANNEL].values] if CHANNEL in values.coords else []
    if not set(channels) <= set(names):
        raise UserError(
            f"found the predictor channels {', '.join(names) or 'without names'}; the model expects "
            f"{', '.join(channels)}; name the coordinate 'channel' so"
        )
    return values.sel({CHANNEL: channels}).transpose(TIME, CHANNEL, Y_LR, X_LR)


def _require_grid(what: str, values: xr.DataArray, domain: xr.Dataset, dims: tuple[str, str]) -> None:
    """Refuse values of another grid than that of the training, as far as sizes and coordinates tell."""
    for dim in dims:
        if values.sizes[dim] != domain.sizes[dim]:
            raise UserError(
                f"found {what} of {values.sizes[dim]} cells along {dim}; the model was trained with "
                f"{domain.sizes[dim]}; bring them to its grid"
            )
        if dim in values.coords and dim in domain.coords and not _is_same_axis(values[dim], domain[dim]):
            raise UserError(
                f"the cells of the {what} along {dim} lie from {float(values[dim][0]):g} to "
                f"{float(values[dim][-1]):g}, those of the model from {float(domain[dim][0]):g} to "
                f"{float(domain[dim][-1]):g}; bring the {what} to its grid, in its order"
            )


def _is_same_axis(ours: xr.DataArray, theirs: xr.DataArray) -> bool:
    """Whether two axes agree to a hundredth of a cell."""
    a, b = ours.values.astype(np.float64), theirs.values.astype(np.float64)
    step = np.abs(np.diff(b)).min(initial=np.inf)
    return bool(np.allclose(a, b, rtol=0, atol=0.01 * step if np.isfinite(step) else 1e-6))


def _listed(dims: tuple[object, ...]) -> str:
    return ", ".join(map(str, dims)) or "none"
