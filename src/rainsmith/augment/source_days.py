"""Which training days synthetic days are drawn for."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.augment.field_statistics import mean_coarse_rain
from rainsmith.augment.measured_days import domain_maxima
from rainsmith.augment.return_periods import Tail
from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Augment
from rainsmith.data.analogs import analog_mean, ordinals
from rainsmith.data.held_days import chosen_days
from rainsmith.data.statistics import domain_means
from rainsmith.sample.days import select_days


def choose_source_days(training: xr.Dataset, settings: Augment, tail: Tail) -> xr.Dataset:
    """The training days that synthetic days are drawn for.

    Args:
        training: all training days of the store, and no others.
        settings: ``days`` or ``top`` choose days; ``months`` and ``return_period`` keep some of them.
        tail: distribution of the largest domain maxima of the training days.

    Raises:
        UserError: a date is not a training day, or no day is left.
    """
    if settings.top is None:
        asked = select_days(training[["category", "heavy_x"]], settings.days, "train")
        chosen = np.isin(day_numbers(training[TIME]), day_numbers(asked[TIME]))
    else:
        chosen = _wettest(training, settings.top)
    if settings.months is not None:
        chosen &= np.isin(training[TIME].dt.month.values, settings.months)
    if settings.return_period is not None:
        chosen &= tail.period(domain_maxima(training["precip"].values)) >= settings.return_period
    if not chosen.any():
        raise UserError(
            f"found no training day for augment.days {settings.days!r}, top {settings.top}, months {settings.months}, "
            f"return_period {settings.return_period}; choose less narrowly"
        )
    return chosen_days(training, np.flatnonzero(chosen))


def _wettest(training: xr.Dataset, share: float) -> np.ndarray:
    """The given share of the days, at least one, whose predictors look wettest: bool (time,)."""
    chosen = np.zeros(training.sizes[TIME], dtype=bool)
    order = np.argsort(-wetness_by_predictors(training), kind="stable")
    chosen[order[: max(1, round(share * len(order)))]] = True
    return chosen


def wetness_by_predictors(training: xr.Dataset) -> np.ndarray:
    """How wet each training day looks by its predictors alone (time,) [mm/day]; ``heavy_x`` is ranked by it.

    It is the mean coarse rain over valid cells, or without coarse rain the mean of the analog ensemble.
    """
    coarse = mean_coarse_rain(training)
    if coarse is not None:
        return coarse
    means = domain_means(training["precip"].values)
    every = np.ones(len(means), dtype=bool)
    return analog_mean(training["predictors"].values, means, every, ordinals(training[TIME]))
