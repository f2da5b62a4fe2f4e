"""How far apart observations are from themselves: the yardstick of every verdict on what a model puts out.

Two samples of the observed climate, from different years and as long as the days that are scored, differ by chance. A
model whose members differ from the observation by more than such samples do has failed in a way that anybody can see.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, in_day_set
from rainsmith.diagnose.finding import Range
from rainsmith.metrics.core import Settings, pool
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import Parts, tally

DRAWS = 200
"""Pairs of disjoint sets of years that are compared."""
WARN, FAIL = 0.90, 0.99
"""Quantiles of the differences between two samples of observations beyond which a model is warned about, or failed."""
FEW = 20
"""With fewer different pairs of samples the rare differences are not known: then nothing is called a failure."""
WHOLE_YEAR = 330
"""[days] Fewer scored days than this are no year; samples of whole years say nothing of them."""


@dataclass(frozen=True)
class Natural:
    """Differences between two samples of the observations.

    Attributes:
        log_ratio: by (day set, metric), the quantiles ``WARN`` and ``FAIL`` of |log of the ratio|.
        difference: the same of |difference|.
        years: how many years each sample has; 0 where there is nothing to compare.
        pairs: how many different pairs of samples there are.
        why_not: why there is nothing to compare, or "".
    """

    log_ratio: Mapping[tuple[str, str], tuple[float, float]]
    difference: Mapping[tuple[str, str], tuple[float, float]]
    years: int
    pairs: int = 0
    why_not: str = ""

    @property
    def origin(self) -> str:
        if not self.years:
            return self.why_not
        if self.pairs < FEW:
            share = f"{100 * WARN:.0f} % of the differences"
            return f"{share} between {self.pairs} pairs of samples of observations, too few to call a failure"
        span = "1 year" if self.years == 1 else f"{self.years} years"
        share = f"{100 * WARN:.0f} % (failed: {100 * FAIL:.0f} %)"
        return f"{share} of the differences between two samples of {span} of observations"

    def ratio(self, day_set: str, metric: str, *, low: bool = True, high: bool = True) -> Range:
        """Range of value / observed; one side is open where only the other is a failure."""
        warn, fail = np.exp(self._known(self.log_ratio, day_set, metric))
        return Range(_sides(1 / warn, warn, low, high), _sides(1 / fail, fail, low, high), self.origin)

    def distance(self, day_set: str, metric: str, *, low: bool = True, high: bool = True) -> Range:
        """Range of value - observed."""
        warn, fail = self._known(self.difference, day_set, metric)
        return Range(_sides(-warn, warn, low, high), _sides(-fail, fail, low, high), self.origin)

    def _known(
        self, bounds: Mapping[tuple[str, str], tuple[float, float]], day_set: str, metric: str
    ) -> tuple[float, float]:
        warn, fail = bounds.get((day_set, metric), (np.nan, np.nan))
        return warn, fail if self.pairs >= FEW or np.isnan(warn) else np.inf


def _sides(lower: float, upper: float, low: bool, high: bool) -> tuple[float, float]:
    return (float(lower) if low else -np.inf, float(upper) if high else np.inf)


def natural(
    store: xr.Dataset,
    split: str,
    metrics: Sequence[Metric],
    settings: Settings,
    *,
    scored: xr.DataArray | None = None,
    seed: int = 0,
) -> Natural:
    """Compare observations of some years with those of others, ``DRAWS`` times.

    Args:
        store: all days, with ``precip`` [mm/day], ``split`` and ``heavy_x``.
        split: the one that is scored; the samples have as many years as it has, or half of all where those are fewer.
        scored: (time,) dates of the days that were scored; None: all of the split. A set of days of which some were
            left out has no yardstick: samples of whole years say nothing of it.
        metrics: that are measured on the observation, too.
        settings: their thresholds [mm/day].
    """
    days = store.isel({TIME: np.flatnonzero(store["split"].values >= 0)})
    year = days[TIME].dt.year.values
    known = np.unique(year)
    inside, heavy = days["split"].values == SPLITS.index(split), in_day_set(days, "heavy_x")
    done = inside if scored is None else np.isin(days[TIME].values, scored.values)
    whole = [name for name, chosen in (("all", inside), ("heavy_x", inside & heavy)) if done[chosen].all()]
    years = int((inside.sum() + 365.25 - WHOLE_YEAR) // 365.25)
    length = min(years, len(known) // 2)
    if not length or not whole:
        short = "too few observed years to compare with themselves" if years else "less than a year was scored"
        return Natural({}, {}, 0, why_not=short if whole else "only some days of the split were scored")
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
    for day_set in whole:
        one, two = (pool(sums, (half & in_set[day_set]).astype(np.float64)) for half in halves)
        for metric in metrics:
            a, b = metric.observed(one).values, metric.observed(two).values
            with np.errstate(divide="ignore", invalid="ignore"):
                log_ratio[day_set, metric.name] = _quantiles(np.abs(np.log(a / b)))
            difference[day_set, metric.name] = _quantiles(np.abs(a - b))
    pairs = math.comb(len(known), length) * math.comb(len(known) - length, length) // 2
    return Natural(log_ratio, difference, length, pairs)


def _quantiles(values: np.ndarray) -> tuple[float, float]:
    known = values[~np.isnan(values)]  # a sample without rain lies infinitely far away, and that counts
    if not len(known):
        return np.nan, np.nan
    warn, fail = np.quantile(known, [WARN, FAIL], method="higher")
    return float(warn), float(fail)
