"""Which training days synthetic days are drawn for, and which of a day's members is taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.augment.field_statistics import mean_coarse_rain
from rainsmith.augment.return_periods import Tail
from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Augment
from rainsmith.data.analogs import analog_mean, ordinals
from rainsmith.data.store import domain_means
from rainsmith.sample.stage import choose_days


def wetness_by_x(training: xr.Dataset) -> np.ndarray:
    """How wet the predictors make each training day look (time,) [mm/day]: what ``heavy_x`` is ranked by.

    The mean coarse rain over valid cells, or without coarse rain the mean of the analog ensemble (DESIGN 5).
    """
    score = mean_coarse_rain(training)
    if score is not None:
        return score
    means = domain_means(training["precip"].values)
    every = np.ones(len(means), dtype=bool)
    return analog_mean(training["predictors"].values, means, every, ordinals(training[TIME]))


def choose_sources(training: xr.Dataset, settings: Augment, tail: Tail) -> xr.Dataset:
    """The training days that synthetic ones are drawn for.

    Args:
        training: all training days of the store, and no others.
        settings: ``days`` or ``top``, and of those the ``months`` and what is above ``return_period``.
        tail: of the domain maxima of the training days.

    Raises:
        UserError: a date is not a training day, or no day is left.
    """
    chosen = np.zeros(training.sizes[TIME], dtype=bool)
    if settings.top is None:
        asked = choose_days(training, settings.days, "train")
        chosen |= np.isin(day_numbers(training[TIME]), day_numbers(asked[TIME]))
    else:
        order = np.argsort(-wetness_by_x(training), kind="stable")
        chosen[order[: max(1, round(settings.top * len(order)))]] = True
    if settings.months is not None:
        chosen &= np.isin(training[TIME].dt.month.values, settings.months)
    if settings.return_period is not None:
        chosen &= tail.period(training["precip"].max(("y", "x")).values) >= settings.return_period
    if not chosen.any():
        raise UserError(
            f"found no training day for augment.days {settings.days!r}, top {settings.top}, months {settings.months}, "
            f"return_period {settings.return_period}; choose less narrowly"
        )
    return training.isel({TIME: np.flatnonzero(chosen)})


@dataclass(frozen=True)
class Steering:
    """Which of a day's candidates come first: by rank in the model's own distribution, or by return level.

    Values are never changed: what the model does not draw cannot be had.

    Attributes:
        intensity: wanted rank of the domain maximum among the candidates, 0 the least and 1 the most intense.
        level_mm: wanted domain maximum [mm/day].
    """

    intensity: float | None = None
    level_mm: float | None = None

    @classmethod
    def of(cls, settings: Augment, tail: Tail) -> Steering | None:
        """What the settings ask for; None where members are taken as they come."""
        if settings.intensity is not None:
            return cls(intensity=settings.intensity)
        if settings.target_return_period is not None:
            return cls(level_mm=tail.level(settings.target_return_period))
        return None

    def order(self, maxima: np.ndarray) -> np.ndarray:
        """Candidates of each day, the best first.

        Args:
            maxima: (days, candidates) domain maxima [mm/day].

        Returns:
            (days, candidates) int64.
        """
        if self.level_mm is not None:
            away = np.abs(np.log(np.maximum(maxima, 1e-3) / self.level_mm))
        else:
            away = np.abs(rank_share(maxima) - (self.intensity or 0.0))
        return np.argsort(away, axis=1, kind="stable")


def rank_share(values: np.ndarray) -> np.ndarray:
    """Rank of each value in its row as a share, (rank + 0.5) / n: (days, n) within 0 and 1."""
    ranks = np.argsort(np.argsort(values, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray((ranks + 0.5) / values.shape[1])
