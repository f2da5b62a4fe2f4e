"""What observed days are usually like, given how wet they are: bounds that hardly any of them passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GROUP_DAYS = 50
"""Days of similar wetness, at least, whose values are taken together."""
MOST_GROUPS = 20
TAIL = 0.001
"""Share of the observed days beyond the quantile that a bound is made of, on each side."""
MARGIN = 1.1
"""How far a bound lies beyond that quantile: other days of the same climate pass those seen now and then."""
_LEAST_MM = 0.01  # [mm/day] wetness below it counts as this
_LEAST_SPREAD = 1e-3  # of a statistic that is a logarithm


@dataclass(frozen=True)
class Usual:
    """Centre and spread of a statistic by wetness, and how far from the centre a day may lie.

    Attributes:
        wetness: (groups,) log of the groups' median wetness.
        centre: (groups,) medians.
        spread: (groups,) half the distance between the 16 and 84 % quantiles.
        lower, upper: distances from the centre, in spreads, that hardly any observed day passes.
        tolerance: the least distance that is granted, in the statistic's own units.
    """

    wetness: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    lower: float = 1.0
    upper: float = 1.0
    tolerance: float = 0.0

    @classmethod
    def of(cls, wetness_mm: np.ndarray, values: np.ndarray, tolerance: float = 0.0) -> Usual:
        """Measure observed days.

        Args:
            wetness_mm: (days,) how wet each day is [mm/day].
            values: (days,), finite on at least one day; others are left out.
            tolerance: a distance from the centre that is granted, however little observed days differ.
        """
        known = np.isfinite(wetness_mm) & np.isfinite(values)
        wetness_mm, values = wetness_mm[known], values[known]
        order = np.argsort(wetness_mm, kind="stable")
        groups = np.array_split(order, int(np.clip(len(order) // GROUP_DAYS, 1, MOST_GROUPS)))
        low, centre, high = np.array([np.quantile(values[group], [0.16, 0.5, 0.84]) for group in groups]).T
        wetness = np.array([np.median(_log(wetness_mm[group])) for group in groups])
        found = cls(wetness, centre, np.maximum((high - low) / 2, _LEAST_SPREAD))
        distance = found.excess(wetness_mm, values)
        lower, upper = np.quantile(distance, [TAIL, 1 - TAIL]) * MARGIN
        return cls(wetness, centre, found.spread, max(float(-lower), 1.0), max(float(upper), 1.0), tolerance)

    def excess(self, wetness_mm: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Signed distance of values (days,) from the centre over the bound on that side: beyond -1 or 1 is unusual."""
        where = _log(wetness_mm)
        distance = values - self.centre_at(wetness_mm)
        bound = np.where(distance < 0, self.lower, self.upper) * np.interp(where, self.wetness, self.spread)
        return np.asarray(distance / np.maximum(bound, self.tolerance))

    def centre_at(self, wetness_mm: np.ndarray) -> np.ndarray:
        """Medians (days,) at some wetness [mm/day]; beyond the driest and the wettest group as there."""
        return np.asarray(np.interp(_log(wetness_mm), self.wetness, self.centre))


def _log(wetness_mm: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(wetness_mm, _LEAST_MM))
