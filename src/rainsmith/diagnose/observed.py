"""How far apart observations are from themselves: the yardstick of every verdict on what a model puts out.

Two samples of the observed climate, from different years and as long as the days that are scored, differ by chance. A
model whose members differ from the observation by more than such samples do has failed in a way that anybody can see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.arrays import SPLITS, TIME, in_day_set
from rainsmith.diagnose.finding import Range
from rainsmith.metrics.core import Metric, Settings, pool
from rainsmith.metrics.tally import Parts, tally

DRAWS = 200
"""Pairs of disjoint sets of years that are compared."""
WARN, FAIL = 0.90, 0.99
"""Quantiles of the differences between two samples of observations beyond which a model is warned about, or failed."""
_SETS = ("all", "heavy_x")


@dataclass(frozen=True)
class Natural:
    """Differences between two samples of the observations.

    Attributes:
        log_ratio: by (day set, metric), the quantiles ``WARN`` and ``FAIL`` of |log of the ratio|.
        difference: the same of |difference|.
        years: how many years each sample has; 0 where there are too few years to compare.
    """

    log_ratio: Mapping[tuple[str, str], tuple[float, float]]
    difference: Mapping[tuple[str, str], tuple[float, float]]
    years: int

    @property
    def origin(self) -> str:
        if not self.years:
            return "too few observed years to compare with themselves"
        span = "1 year" if self.years == 1 else f"{self.years} years"
        return (
            f"{100 * WARN:.0f} and {100 * FAIL:.0f} % of the differences between two samples of {span} of observations"
        )

    def ratio(self, day_set: str, metric: str, *, low: bool = True, high: bool = True) -> Range:
        """Range of value / observed; one side is open where only the other is a failure."""
        warn, fail = np.exp(self.log_ratio.get((day_set, metric), (np.nan, np.nan)))
        return Range(_sides(1 / warn, warn, low, high), _sides(1 / fail, fail, low, high), self.origin)

    def distance(self, day_set: str, metric: str, *, low: bool = True, high: bool = True) -> Range:
        """Range of value - observed."""
        warn, fail = self.difference.get((day_set, metric), (np.nan, np.nan))
        return Range(_sides(-warn, warn, low, high), _sides(-fail, fail, low, high), self.origin)


def _sides(lower: float, upper: float, low: bool, high: bool) -> tuple[float, float]:
    return (float(lower) if low else -np.inf, float(upper) if high else np.inf)


def natural(store: xr.Dataset, split: str, metrics: Sequence[Metric], settings: Settings, *, seed: int = 0) -> Natural:
    """Compare observations of some years with those of others, ``DRAWS`` times.

    Args:
        store: all days, with ``precip`` [mm/day], ``split`` and ``heavy_x``.
        split: the one that is scored; the samples have as many years as it has, or half of all where those are fewer.
        metrics: that are measured on the observation, too.
        settings: their thresholds [mm/day].
    """
    days = store.isel({TIME: np.flatnonzero(store["split"].values >= 0)})
    year = days[TIME].dt.year.values
    known = np.unique(year)
    scored = len(np.unique(year[days["split"].values == SPLITS.index(split)]))
    length = min(scored, len(known) // 2)
    if not length:
        return Natural({}, {}, 0)
    heavy = in_day_set(days, "heavy_x")
    rows, of_day = np.unique(np.column_stack([year, heavy]), axis=0, return_inverse=True)
    in_set = {"all": np.ones(len(rows), dtype=bool), "heavy_x": rows[:, 1].astype(bool)}
    parts = Parts(of_day.reshape(-1), rows[:, 0], in_set)
    # the observation as its own single member: what is measured beside a forecast is what is wanted
    sums = tally(days["precip"], days["precip"], parts=parts, settings=settings, metrics=metrics).by_part
    generator = np.random.default_rng([seed, 4])
    order = np.array([generator.permutation(len(known))[: 2 * length] for _ in range(DRAWS)])
    place = np.searchsorted(known, rows[:, 0])
    halves = [(order[:, part, None] == place).any(axis=1) for part in (slice(length), slice(length, None))]
    log_ratio, difference = {}, {}
    for day_set in _SETS:
        one, two = (pool(sums, (half & in_set[day_set]).astype(np.float64)) for half in halves)
        for metric in metrics:
            a, b = metric.observed(one).values, metric.observed(two).values
            with np.errstate(divide="ignore", invalid="ignore"):
                log_ratio[day_set, metric.name] = _quantiles(np.abs(np.log(a / b)))
            difference[day_set, metric.name] = _quantiles(np.abs(a - b))
    return Natural(log_ratio, difference, length)


def _quantiles(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.nan, np.nan
    warn, fail = np.quantile(finite, [WARN, FAIL])
    return float(warn), float(fail)
