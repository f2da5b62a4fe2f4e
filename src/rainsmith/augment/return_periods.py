"""How rare a daily maximum is: a generalised Pareto tail of the training days' maxima."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from rainsmith.base.errors import UserError
from rainsmith.metrics.return_levels import fit_gpd, l_moments

TAIL_SHARE = 0.05
"""Share of the days, the most extreme ones, that the tail is fitted to."""
MIN_TAIL_DAYS = 20
"""Least number of days that the tail is fitted to."""
SHAPES = (0.0, 0.5)
"""Bounds of the shape. Daily rain has no upper end (Serinaldi and Kilsby 2014, doi:10.1002/2013WR014211), although the
few exceedances of some years often suggest one."""
_MIN_SCALE = 1e-3  # [mm/day] where all maxima are alike


@dataclass(frozen=True)
class Tail:
    """Generalised Pareto distribution of daily maxima above a threshold.

    Attributes:
        threshold: lower end of the tail [mm/day].
        rate: number of days above the threshold [1/year].
        scale: scale of the distribution [mm/day].
        shape: xi; 0 is the exponential distribution, a larger value is a heavier tail.
    """

    threshold: float
    rate: float
    scale: float
    shape: float

    @classmethod
    def fit(cls, maxima: np.ndarray, years: float) -> Tail:
        """Fit by L-moments of the excesses: xi = 2 - l1 / l2, kept within ``SHAPES``, and scale = l1 (1 - xi).

        Args:
            maxima: (days,) one value a day [mm/day]; NaN is left out.
            years: time that the days cover [years].

        Raises:
            UserError: too few days, or too few with rain.

        References:
            Hosking and Wallis (1987), doi:10.1080/00401706.1987.10488243.
        """
        values = np.sort(maxima[np.isfinite(maxima)].astype(np.float64))
        count, wet = max(MIN_TAIL_DAYS, round(TAIL_SHARE * len(values))), int((values > 0).sum())
        if len(values) <= count:
            raise UserError(f"found {len(values)} days; return periods need more than {count}; give more training days")
        count = min(count, wet // 2)  # dry days say nothing about the tail
        if count < MIN_TAIL_DAYS:
            raise UserError(
                f"found {wet} days with rain; return periods need {2 * MIN_TAIL_DAYS} or more; give more training days"
            )
        threshold = float(values[-count - 1])
        excess = values[-count:] - threshold
        _, l1, l2, _ = l_moments(excess, np.ones(count))
        shape = float(np.clip(np.nan_to_num(fit_gpd(l1, l2)[1]), *SHAPES))
        return cls(threshold, count / years, max(float(l1) * (1 - shape), _MIN_SCALE), shape)

    def period(self, maxima: np.ndarray) -> np.ndarray:
        """Return periods [years] of maxima [mm/day]; below the threshold 1 / rate, that of the threshold."""
        above = scipy.stats.genpareto.sf(maxima, self.shape, loc=self.threshold, scale=self.scale)
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (self.rate * above))

    def level(self, years: float) -> float:
        """The maximum [mm/day] that is exceeded once in ``years``; at least the threshold."""
        share = min(1.0, 1 / (self.rate * years))
        return float(scipy.stats.genpareto.isf(share, self.shape, loc=self.threshold, scale=self.scale))


def years_of(days: np.ndarray) -> float:
    """Number of years that days (YYYYMMDD) stand for: days / 365.25, and more where whole months are left out."""
    months = len(np.unique(days // 100 % 100))
    return len(days) / 365.25 * 12 / months
