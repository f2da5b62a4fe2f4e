"""Channels of a new period as the model knows them: their order, whether they are rain, and their units."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL
from rainsmith.base.errors import UserError
from rainsmith.base.units import convert
from rainsmith.data.checks import CheckLog
from rainsmith.data.sources.channels import Predictors

MOST_MISSING = 0.01
"""Share of the values of a channel that may be missing beyond that of the training."""


def as_in_training(predictors: Predictors, domain: xr.Dataset, log: CheckLog) -> xr.DataArray:
    """Bring the channels of a new period to the order and the units of the training.

    Args:
        predictors: of the new period, on the coarse grid of the model.
        domain: the store of the trained model without its time; its attribute ``channel_units`` says the units.
        log: takes what was converted, and what cannot be compared.

    Returns:
        (time, channel, y_lr, x_lr) float32, with the channels of ``domain`` in its order.

    Raises:
        UserError: other channels, rain that was none in the training or the other way round, or units that measure
            another thing or are missing.
    """
    expected, names = ([str(name) for name in values[CHANNEL].values] for values in (domain, predictors.values))
    if sorted(names) != sorted(expected):
        raise UserError(f"predictors are {', '.join(names)}; the model expects {', '.join(expected)}")
    _refuse_other_rain(predictors, domain)
    values = in_units_of_training(predictors.values.values, names, predictors.channel_units, domain, log)
    return predictors.values.copy(data=values).sel({CHANNEL: expected})


def in_units_of_training(
    values: np.ndarray, names: Sequence[str], units: Mapping[str, str], domain: xr.Dataset, log: CheckLog
) -> np.ndarray:
    """Convert channels to the units of the training.

    Args:
        values: (time, channel, y_lr, x_lr). It is not changed.
        names: (channel,) of the channels.
        units: the unit of each channel that has one to compare, "" where it is unknown.
        domain: the store of the trained model without its time.
        log: takes what was converted, and that nothing can be compared.

    Raises:
        UserError: a unit measures another thing, or is missing where the training had one.
    """
    trained: dict[str, str] = json.loads(str(domain.attrs.get("channel_units", "{}")))
    if not trained:
        log.notices.append("the checkpoint does not say the units of its predictors, so they were not compared")
    values = values.copy()
    for number, name in enumerate(names):
        wanted = trained.get(name, "")
        if name not in units or not wanted or units[name] == wanted:
            continue
        if not units[name]:
            raise UserError(
                f"predictor '{name}' has no unit; the model was trained with '{wanted}'; say it with 'units:'"
            )
        converted = convert(values[:, number], units[name], wanted, name=f"predictor '{name}'")
        if not np.array_equal(converted, values[:, number], equal_nan=True):
            values[:, number] = converted
            log.notices.append(f"'{name}' converted from {units[name]} to {wanted}")
    return values


def refuse_more_missing(values: xr.DataArray, domain: xr.Dataset) -> None:
    """Refuse a channel that lacks values which the training had: the network would take them for the training mean.

    Args:
        values: (time, channel, y_lr, x_lr) of the new period, on days that have a value of every channel.
        domain: the store of the trained model without its time; its attribute ``channel_missing`` says what it lacked.

    Raises:
        UserError: more than 1 % of the values are missing beyond the share of the training.
    """
    for problem in more_missing(values, domain):
        raise UserError(problem)


def more_missing(values: xr.DataArray, domain: xr.Dataset) -> list[str]:
    """What ``refuse_more_missing`` says of each channel that it refuses; the arguments are the same."""
    if "channel_missing" not in domain.attrs:
        return []
    trained: dict[str, float] = json.loads(str(domain.attrs["channel_missing"]))  # of channels that lacked any
    problems = []
    for number, name in enumerate(map(str, values[CHANNEL].values)):
        share, before = float(np.isnan(values.values[:, number]).mean()), trained.get(name, 0.0)
        if share > before + MOST_MISSING:
            problems.append(
                f"predictor '{name}' lacks {share:.1%} of its values on the grid of the model, in the training "
                f"{before:.1%}; expected at most {MOST_MISSING:.0%} more; fill them, or give files without gaps"
            )
    return problems


def _refuse_other_rain(predictors: Predictors, domain: xr.Dataset) -> None:
    """Refuse rain that was none in the training, and the other way round; only rain has statistics of its log1p."""
    is_rain = np.isfinite(domain["predictor_log_mean"].values)
    trained = {str(name) for name, rain in zip(domain[CHANNEL].values, is_rain, strict=True) if rain}
    for channel in predictors.channels:
        if channel.name in trained and not channel.rain:
            raise UserError(
                f"predictor '{channel.name}' was rain in mm/day in the training; expected 'rain: true' with its "
                "source; add it, so that its values are converted"
            )
        if channel.rain and channel.name not in trained:
            raise UserError(
                f"predictor '{channel.name}' was no rain in the training; remove 'rain: true' from its source"
            )
