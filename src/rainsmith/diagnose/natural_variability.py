"""How much two samples of observations differ by chance: the bounds of every verdict on what a model puts out.

Each sample has as many years as the days that are scored, and no year is in both. Data of one season have years of that
season: four winters are four years, and a winter is whole. A model whose members differ from the
observation by more than such samples do from each other has failed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, in_day_set
from rainsmith.base.seasons import first_month, season_year
from rainsmith.diagnose.finding import Range
from rainsmith.metrics.core import Settings, pool
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import Parts, tally

DRAWS = 200
"""Pairs of disjoint sets of years that are compared."""
WARN, FAIL = 0.90, 0.99
"""Quantiles of the differences between two samples of observations beyond which a model is warned about, or failed."""
FEWEST_PAIRS = 20
"""With fewer different pairs of samples the rare differences are not known: then nothing is called a failure."""
WHOLE_YEAR = 330 / 365.25
"""Share of the days of the fullest year from which scored days are a year; samples of years say nothing about fewer."""
Quantiles = tuple[float, float]
"""The quantiles ``WARN`` and ``FAIL`` of some differences."""


@dataclass(frozen=True)
class NaturalVariability:
    """Differences between two samples of the observations.

    Attributes:
        log_ratios: by (day set, metric), the quantiles ``WARN`` and ``FAIL`` of |log of the ratio|.
        differences: the same of |difference|.
        years: how many years each sample has; 0 where there is nothing to compare.
        pairs: how many different pairs of samples there are.
        why_not: why there is nothing to compare, or "".
    """

    log_ratios: Mapping[tuple[str, str], Quantiles]
    differences: Mapping[tuple[str, str], Quantiles]
    years: int
    pairs: int = 0
    why_not: str = ""

    @property
    def origin(self) -> str:
        """Where the bounds come from, in words."""
        if not self.years:
            return self.why_not
        if self.pairs < FEWEST_PAIRS:
            share = f"{100 * WARN:.0f} % of the differences"
            return f"{share} between {self.pairs} pairs of samples of observations, too few to call a failure"
        span = "1 year" if self.years == 1 else f"{self.years} years"
        share = f"{100 * WARN:.0f} % (failed: {100 * FAIL:.0f} %)"
        return f"{share} of the differences between two samples of {span} of observations"

    def ratio(self, day_set: str, metric: str, *, low: bool = True, high: bool = True) -> Range:
        """Healthy range of value / observed; the side that is not asked for is open."""
        warn, fail = np.exp(self._quantiles(self.log_ratios, day_set, metric))
        return Range(_sides(1 / warn, warn, low, high), _sides(1 / fail, fail, low, high), self.origin)

    def difference(self, day_set: str, metric: str, *, low: bool = True, high: bool = True) -> Range:
        """Healthy range of value - observed; the side that is not asked for is open."""
        warn, fail = self._quantiles(self.differences, day_set, metric)
        return Range(_sides(-warn, warn, low, high), _sides(-fail, fail, low, high), self.origin)

    def _quantiles(self, bounds: Mapping[tuple[str, str], Quantiles], day_set: str, metric: str) -> Quantiles:
        warn, fail = bounds.get((day_set, metric), (np.nan, np.nan))
        return warn, fail if self.pairs >= FEWEST_PAIRS or np.isnan(warn) else np.inf


def _sides(lower: float, upper: float, low: bool, high: bool) -> tuple[float, float]:
    return (float(lower) if low else -np.inf, float(upper) if high else np.inf)


def natural_variability(
    store: xr.Dataset,
    split: str,
    metrics: Sequence[Metric],
    settings: Settings,
    *,
    scored: xr.DataArray | None = None,
    seed: int = 0,
) -> NaturalVariability:
    """Compare observations of some years with those of other years, ``DRAWS`` times.

    Args:
        store: all days, with ``precip`` [mm/day], ``split`` and ``heavy_x``.
        split: the one that is scored; a sample has as many years as it has, or half of all years where those are fewer.
        metrics: metrics that are measured on the observation, too.
        settings: their thresholds [mm/day].
        scored: (time,) dates of the days that were scored; None: all of the split. A set of days of which some were
            left out gets no bounds: samples of whole years say nothing about it.
        seed: of the choice of years.
    """
    days = store.isel({TIME: np.flatnonzero(store["split"].values >= 0)})
    begins = first_month(store[TIME])
    year = season_year(days[TIME], begins)
    all_years, days_of_year = np.unique(year, return_counts=True)
    if begins > 1:  # a part of a winter at an end of the record is no winter
        all_years = all_years[days_of_year >= WHOLE_YEAR * days_of_year.max()]
    in_split, heavy = days["split"].values == SPLITS.index(split), in_day_set(days, "heavy_x")
    was_scored = in_split if scored is None else np.isin(days[TIME].values, scored.values)
    day_sets = {"all": in_split, "heavy_x": in_split & heavy}
    whole = [name for name, chosen in day_sets.items() if was_scored[chosen].all()]
    fullest = _year_length(int(days_of_year.max()))
    years = int((in_split.sum() + fullest - WHOLE_YEAR * fullest) // fullest)
    length = min(years, len(all_years) // 2)
    if not length or not whole:
        short = "too few observed years to compare with themselves" if years else "less than a year was scored"
        return NaturalVariability({}, {}, 0, why_not=short if whole else "only some days of the split were scored")
    # sums are kept for each year, its heavy_x days apart from the others
    groups, group_of_day = np.unique(np.column_stack([year, heavy]), axis=0, return_inverse=True)
    in_set = {"all": np.ones(len(groups), dtype=bool), "heavy_x": groups[:, 1].astype(bool)}
    parts = Parts(group_of_day.reshape(-1), groups[:, 0], in_set)
    # the observation is scored against itself: only what a metric measures on the observation is used
    sums = tally(days["precip"], days["precip"], parts=parts, settings=settings, metrics=metrics).by_part
    generator = np.random.default_rng([seed, 4])
    drawn_years = np.array([generator.permutation(len(all_years))[: 2 * length] for _ in range(DRAWS)])
    samples = [
        (all_years[drawn_years[:, half, None]] == groups[:, 0]).any(axis=1)
        for half in (slice(length), slice(length, None))
    ]
    log_ratios, differences = {}, {}
    for day_set in whole:
        one, two = (pool(sums, (sample & in_set[day_set]).astype(np.float64)) for sample in samples)
        for metric in metrics:
            a, b = metric.observed(one).values, metric.observed(two).values
            with np.errstate(divide="ignore", invalid="ignore"):
                log_ratios[day_set, metric.name] = _quantiles(np.abs(np.log(a / b)))
            differences[day_set, metric.name] = _quantiles(np.abs(a - b))
    pairs = math.comb(len(all_years), length) * math.comb(len(all_years) - length, length) // 2
    return NaturalVariability(log_ratios, differences, length, pairs)


def _year_length(fullest: int) -> float:
    """[days] Mean length of a year, from the number of days of the fullest one."""
    return 365.25 if fullest >= 360 else float(fullest)


def _quantiles(values: np.ndarray) -> Quantiles:
    known = values[~np.isnan(values)]  # a sample without rain lies infinitely far away, and that counts
    if not len(known):
        return np.nan, np.nan
    warn, fail = np.quantile(known, [WARN, FAIL], method="higher")
    return float(warn), float(fail)
