"""How rare a daily maximum is: a generalised Pareto tail of the training days' maxima."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from rainsmith.base.errors import UserError
from rainsmith.metrics.return_levels import fit_gpd, l_moments

EXCEEDING = 0.05
"""Share of the days, the most extreme ones, that the tail is fitted to."""
LEAST = 20
"""Days that the tail is fitted to at least."""
SHAPES = (0.0, 0.5)
"""Bounds of the shape: daily rain has no upper end (Serinaldi and Kilsby 2014, doi:10.1002/2013WR014211), and the few
exceedances of some years often pretend one."""
_LEAST_SCALE = 1e-3  # [mm/day] of maxima that are all alike


@dataclass(frozen=True)
class Tail:
    """Generalised Pareto distribution of what exceeds a threshold.

    Attributes:
        threshold: [mm/day].
        rate: days above the threshold [1/year].
        scale: [mm/day].
        shape: xi; 0 is the exponential distribution, larger is heavier.
    """

    threshold: float
    rate: float
    scale: float
    shape: float

    @classmethod
    def fit(cls, maxima: np.ndarray, years: float) -> Tail:
        """Fit by L-moments of the excesses, xi = 2 - l1 / l2 and scale = l1 (1 - xi), xi kept within ``SHAPES``.

        Args:
            maxima: (days,) one value a day [mm/day]; NaN is left out.
            years: that the days span, in which a rare day could have happened [years].

        Raises:
            UserError: too few days, or too few with rain.

        References:
            Hosking and Wallis (1987), doi:10.1080/00401706.1987.10488243.
        """
        values = np.sort(maxima[np.isfinite(maxima)].astype(np.float64))
        count, wet = max(LEAST, round(EXCEEDING * len(values))), int((values > 0).sum())
        if len(values) <= count:
            raise UserError(f"found {len(values)} days; return periods need more than {count}; give more training days")
        count = min(count, wet // 2)  # the tail of the days with rain: dry days say nothing of it
        if count < LEAST:
            raise UserError(
                f"found {wet} days with rain; return periods need {2 * LEAST} or more; give more training days"
            )
        threshold = float(values[-count - 1])
        excess = values[-count:] - threshold
        _, l1, l2, _ = l_moments(excess, np.ones(count))
        shape = float(np.clip(np.nan_to_num(fit_gpd(l1, l2)[1]), *SHAPES))
        return cls(threshold, count / years, max(float(l1) * (1 - shape), _LEAST_SCALE), shape)

    def period(self, maxima: np.ndarray) -> np.ndarray:
        """Return periods [years] of maxima [mm/day]; below the threshold that of the threshold, 1 / rate."""
        above = stats.genpareto.sf(maxima, self.shape, loc=self.threshold, scale=self.scale)
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (self.rate * above))

    def level(self, years: float) -> float:
        """The maximum [mm/day] that is reached once in ``years``; at least the threshold."""
        share = min(1.0, 1 / (self.rate * years))
        return float(stats.genpareto.isf(share, self.shape, loc=self.threshold, scale=self.scale))


def years_of(days: np.ndarray) -> float:
    """Years that days YYYYMMDD stand for: days / 365.25, or as many more as the months that they leave out."""
    months = len(np.unique(days // 100 % 100))
    return len(days) / 365.25 * 12 / months
