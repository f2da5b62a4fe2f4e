"""The normal range of a statistic of a day, given how wet the day is: hardly any observed day lies outside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MIN_GROUP_DAYS = 50
"""Least number of days of similar wetness that are taken together, where there are as many."""
MAX_GROUPS = 20
EXTREME_SHARE = 0.001
"""Share of the observed days beyond the quantile that a bound is made of, on each side."""
MARGIN = 1.1
"""How far a bound lies beyond that quantile, since other days of the same climate pass the quantile now and then."""
_MIN_WETNESS_MM = 0.01  # [mm/day] less rain counts as this, so that its logarithm exists
_MIN_SPREAD = 1e-3  # in the units of the statistic, which is a logarithm


@dataclass(frozen=True)
class NormalRange:
    """Median and spread of a statistic by wetness, and how far from the median a day may lie.

    Attributes:
        log_wetness: (groups,) log of the median wetness of each group of days, in rising order.
        medians: (groups,) medians of the statistic.
        spreads: (groups,) half the distance between the 16 and 84 % quantiles.
        lower, upper: distances below and above the median that hardly any observed day exceeds [spreads].
        tolerance: a distance from the median that is always normal, in the units of the statistic.
    """

    log_wetness: np.ndarray
    medians: np.ndarray
    spreads: np.ndarray
    lower: float = 1.0
    upper: float = 1.0
    tolerance: float = 0.0

    @classmethod
    def fit(cls, wetness_mm: np.ndarray, values: np.ndarray, tolerance: float = 0.0) -> NormalRange:
        """Estimate the normal range from observed days.

        Args:
            wetness_mm: (days,) how wet each day is [mm/day].
            values: (days,) the statistic, finite on at least one day; other days are left out.
            tolerance: a distance from the median that is always normal, however alike the observed days are.
        """
        known = np.isfinite(wetness_mm) & np.isfinite(values)
        wetness_mm, values = wetness_mm[known], values[known]
        order = np.argsort(wetness_mm, kind="stable")
        groups = np.array_split(order, int(np.clip(len(order) // MIN_GROUP_DAYS, 1, MAX_GROUPS)))
        low, medians, high = np.array([np.quantile(values[group], [0.16, 0.5, 0.84]) for group in groups]).T
        log_wetness = np.array([np.median(_log(wetness_mm[group])) for group in groups])
        spreads = np.maximum((high - low) / 2, _MIN_SPREAD)
        in_spreads = cls(log_wetness, medians, spreads).departure(wetness_mm, values)
        lower, upper = np.quantile(in_spreads, [EXTREME_SHARE, 1 - EXTREME_SHARE]) * MARGIN
        return cls(log_wetness, medians, spreads, max(float(-lower), 1.0), max(float(upper), 1.0), tolerance)

    def departure(self, wetness_mm: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Signed distance of values from the median, over the bound on that side: outside -1 to 1 is not normal.

        Args:
            wetness_mm: (days,) how wet each day is [mm/day].
            values: (days,) the statistic; NaN stays NaN.
        """
        distance = values - self.median_at(wetness_mm)
        spread = np.interp(_log(wetness_mm), self.log_wetness, self.spreads)
        bound = np.where(distance < 0, self.lower, self.upper) * spread
        return np.asarray(distance / np.maximum(bound, self.tolerance))

    def median_at(self, wetness_mm: np.ndarray) -> np.ndarray:
        """Medians (days,) at some wetness [mm/day]; beyond the driest and the wettest group those of that group."""
        return np.asarray(np.interp(_log(wetness_mm), self.log_wetness, self.medians))


def _log(wetness_mm: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(wetness_mm, _MIN_WETNESS_MM))
