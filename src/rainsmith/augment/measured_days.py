"""Training days and synthetic days with the figures that several checks need; each figure is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from rainsmith.augment.field_statistics import pattern_distance
from rainsmith.augment.normal_ranges import NormalRange
from rainsmith.augment.return_periods import Tail, years_of
from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks
from rainsmith.data.statistics import domain_means

CALIBRATION_DAYS = 1000
"""Number of wet training days, evenly spaced, that bounds are fitted to; more days change a 0.1 % quantile little."""
MIN_WET_DAYS = 50
"""Number of wet training days below which normal ranges cannot be estimated."""
_BYTES_AT_ONCE = 96 * 2**20  # of wet days that are compared with all days at once
_MIN_DISTANCE = 1e-3  # distances below it count as this, so that their logarithm exists


@dataclass(frozen=True, eq=False)
class TrainingDays:
    """The observed training days, from which every check learns what is normal.

    Attributes:
        data: the training days of the store, in memory.
        wet_mm: days with a smaller domain mean are too dry to judge their texture and pattern [mm/day].

    Raises:
        UserError: fewer than ``MIN_WET_DAYS`` days are wet.
    """

    data: xr.Dataset
    wet_mm: float

    def __post_init__(self) -> None:
        wet = int((self.means >= self.wet_mm).sum())
        if wet < MIN_WET_DAYS:
            raise UserError(
                f"found {wet} wet training days; augmentation needs {MIN_WET_DAYS} to know what is normal; "
                "train on more days"
            )

    @property
    def rain(self) -> np.ndarray:
        """Observed rain (days, y, x) [mm/day], NaN at invalid cells."""
        return np.asarray(self.data["precip"].values)

    @cached_property
    def numbers(self) -> np.ndarray:
        """Each day as YYYYMMDD (days,)."""
        return day_numbers(self.data[TIME])

    @cached_property
    def means(self) -> np.ndarray:
        """Domain means (days,) [mm/day]."""
        return domain_means(self.rain)

    @cached_property
    def calibration(self) -> np.ndarray:
        """Indices of the wet days that bounds are fitted to: all of them, or ``CALIBRATION_DAYS`` evenly spaced."""
        wet = np.flatnonzero(self.means >= self.wet_mm)
        return np.asarray(wet[np.unique(np.linspace(0, len(wet) - 1, CALIBRATION_DAYS).astype(int))])

    @cached_property
    def tail(self) -> Tail:
        """Distribution of the largest domain maxima.

        Raises:
            UserError: too few days, or too few with rain.
        """
        return Tail.fit(domain_maxima(self.rain), years_of(self.numbers))

    @cached_property
    def nearest_distance(self) -> NormalRange:
        """Normal range of log10 of the distance from a day to its nearest other training day, by domain mean."""
        days, step = self.calibration, max(1, _BYTES_AT_ONCE // self.rain[:1].nbytes)
        parts = [days[start : start + step] for start in range(0, len(days), step)]
        nearest = np.concatenate([self._nearest_distances(part) for part in parts])
        return NormalRange.fit(self.means[days], np.log10(np.maximum(nearest, _MIN_DISTANCE)))

    def _nearest_distances(self, days: np.ndarray) -> np.ndarray:
        """Distance of each of some days to its nearest other day (days,), infinite where none is known."""
        distance = pattern_distance(self.rain[days], self.rain)
        distance[np.arange(len(days)), days] = np.nan  # the day itself
        distance[np.isnan(distance)] = np.inf
        return np.asarray(distance.min(axis=1))


@dataclass(frozen=True, eq=False)
class SyntheticDays:
    """Synthetic days, the training days that they were drawn for, and what several checks measure on them.

    Attributes:
        drawn: (days, y, x) synthetic rain as the model drew it [mm/day]; may hold any value.
        sources: the days that they were drawn for, one for each synthetic day.
        training: all training days.
    """

    drawn: np.ndarray
    sources: xr.Dataset
    training: TrainingDays

    @cached_property
    def valid(self) -> np.ndarray:
        """Cells that are observed in the source, bool (days, y, x); no other cell is looked at."""
        return np.isfinite(self.observed)

    @property
    def observed(self) -> np.ndarray:
        """Observed rain of the sources (days, y, x) [mm/day]."""
        return np.asarray(self.sources["precip"].values)

    @cached_property
    def rain(self) -> np.ndarray:
        """Synthetic rain (days, y, x) [mm/day], NaN at invalid cells.

        Missing and negative values count as no rain: the check of the physical range rejects them, the others measure
        the rest of the field.
        """
        usable = self.valid & np.isfinite(self.drawn)
        return np.where(usable, np.clip(self.drawn, 0, None), np.where(self.valid, 0, np.nan))

    @cached_property
    def numbers(self) -> np.ndarray:
        """Each source day as YYYYMMDD (days,)."""
        return day_numbers(self.sources[TIME])

    @cached_property
    def means(self) -> np.ndarray:
        """Domain means of the synthetic rain (days,) [mm/day]."""
        return domain_means(self.rain)

    @cached_property
    def maxima(self) -> np.ndarray:
        """Domain maxima of the synthetic rain (days,) [mm/day]."""
        return domain_maxima(self.rain)

    @cached_property
    def source_maxima(self) -> np.ndarray:
        """Domain maxima of the observed rain of the sources (days,) [mm/day]."""
        return domain_maxima(self.observed)

    @cached_property
    def are_wet(self) -> np.ndarray:
        """Whether each synthetic day has enough rain to judge its texture and pattern, bool (days,)."""
        return np.asarray(self.means >= self.training.wet_mm)

    @cached_property
    def distances(self) -> np.ndarray:
        """Distance of the rain pattern of each synthetic day to each training day (days, training days)."""
        return pattern_distance(self.rain, self.training.rain)

    @cached_property
    def nearest(self) -> np.ndarray:
        """Index of the nearest training day of each synthetic day (days,)."""
        return np.asarray(np.where(np.isfinite(self.distances), self.distances, np.inf).argmin(axis=1))

    @cached_property
    def nearest_distance(self) -> np.ndarray:
        """Distance of each synthetic day to its nearest training day (days,), NaN where none is known."""
        known = np.isfinite(self.distances).any(axis=1)
        return np.where(known, self.distances[np.arange(len(self.nearest)), self.nearest], np.nan)

    @cached_property
    def log_nearest_distance(self) -> np.ndarray:
        """log10 of ``nearest_distance`` (days,), as ``TrainingDays.nearest_distance`` measures it."""
        return np.asarray(np.log10(np.maximum(self.nearest_distance, _MIN_DISTANCE)))

    @cached_property
    def usual_distance(self) -> np.ndarray:
        """Median distance from a training day of the same wetness to its nearest other training day (days,)."""
        return np.asarray(10 ** self.training.nearest_distance.median_at(self.means))

    @cached_property
    def source_distance(self) -> np.ndarray:
        """Distance of each synthetic day to its source (days,), NaN where the source is not a training day."""
        training = self.training.numbers
        place = np.searchsorted(training, self.numbers).clip(0, len(training) - 1)
        distance = self.distances[np.arange(len(place)), place]
        return np.where(training[place] == self.numbers, distance, np.nan)


def domain_maxima(fields: np.ndarray) -> np.ndarray:
    """Largest value of each field (days, y, x) over its finite cells (days,) [mm/day]; 0 where there is none."""
    maxima = np.empty(len(fields))
    for part, block in blocks(fields):
        maxima[part] = np.where(np.isfinite(block), block, 0).max(axis=(1, 2), initial=0)
    return maxima
