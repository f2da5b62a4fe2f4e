"""Return levels: generalised extreme value and generalised Pareto distributions by L-moments, with their resamples.

The shape is xi, positive for a heavy tail: minus Hosking's k, minus the c of scipy.stats.genextreme. What is resampled
are blocks (weeks or years) of the weather: all members of a day share it, so they are drawn together.

References:
    Hosking (1990), doi:10.1111/j.2517-6161.1990.tb01775.x, for L-moments; Hosking et al. (1985),
    doi:10.1080/00401706.1985.10488049, for the GEV; Hosking and Wallis (1997), doi:10.1017/CBO9780511529443, for
    regional averages; Coles (2001), doi:10.1007/978-1-4471-3675-0, for return levels.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.special import gamma

from rainsmith.metrics.bootstrap import LEVEL
from rainsmith.metrics.climate import Peaks
from rainsmith.metrics.core import CELL

PERIOD, FIT = "return_period", "fit"
PERIODS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""[years] of the return levels."""
MIN_YEARS = 10
"""Whole calendar years without which no distribution is fitted to the annual maxima of a cell."""
MIN_PEAKS = 20
"""Peaks without which a cell has no shape of its own (``gpd``), and the domain none (``gpd_regional``)."""
_NEARLY_ZERO = 1e-6  # of a shape, below which its limit is taken
_AT_ONCE = 2**16  # values whose weights are held at once: they stay in the cache of a core


def l_moments(values: np.ndarray, weights: np.ndarray, order: int = 3) -> list[np.ndarray]:
    """Number and first sample L-moments (unbiased) of values that are counted as often as their weights say.

    Args:
        values: (..., n) in rising order; where the weight is 0 anything finite.
        weights: (..., n) whole numbers.
        order: 2 or 3 moments.

    Returns:
        Count, l1, l2 and l3, (...) each; NaN where the count is below the order.
    """
    upto = weights.cumsum(axis=-1, dtype=np.float64)
    count = upto[..., -1]
    total = values * weights
    b0 = total.sum(axis=-1) / np.where(count >= 1, count, np.nan)
    # the i-th value in rising order has the weight (i - 1) ... (i - r) in the r-th moment; equal values share its mean
    share = (2 * upto - weights - 1) / 2
    b1 = np.einsum("...i,...i", total, share) / np.where(count >= 2, count * (count - 1), np.nan)
    if order == 2:
        return [count, b0, 2 * b1 - b0]
    before = upto - weights
    share = (upto**2 + upto * before + before**2 - 3 * (upto + before) + 2) / 3
    b2 = np.einsum("...i,...i", total, share) / np.where(count >= 3, count * (count - 1) * (count - 2), np.nan)
    return [count, b0, 2 * b1 - b0, 6 * b2 - 6 * b1 + b0]


def fit_gev(l1: np.ndarray, l2: np.ndarray, l3: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Location, scale and shape xi of the GEV with these L-moments; NaN where l2 is not positive.

    The shape is Hosking's rational approximation, off by less than 0.001 for xi between -0.5 and 0.5.
    """
    l2 = np.where(l2 > 0, l2, np.nan)
    c = 2 / (3 + l3 / l2) - np.log(2) / np.log(3)
    k = np.maximum(7.8590 * c + 2.9554 * c**2, -0.99)  # at -1 the mean is infinite
    k = np.where(np.abs(k) < _NEARLY_ZERO, _NEARLY_ZERO, k)  # then the limit, the Gumbel distribution
    scale = l2 * k / ((1 - 2.0**-k) * gamma(1 + k))
    return l1 - scale * (1 - gamma(1 + k)) / k, scale, -k


def fit_gpd(l1: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shape xi of the GPD of amounts above a threshold with these L-moments; NaN where l2 is not positive."""
    shape = 2 - l1 / np.where(l2 > 0, l2, np.nan)
    return (1 - shape) * l1, shape


def gev_level(location: np.ndarray, scale: np.ndarray, shape: np.ndarray, period: float) -> np.ndarray:
    """The level that the largest value of a year exceeds with probability 1 / period."""
    return location + scale * _power(-1 / np.log1p(-1 / period), shape)


def gpd_level(threshold: np.ndarray, scale: np.ndarray, shape: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The level that one peak in ``number`` exceeds; the threshold, where that lies below it (``number`` < 1)."""
    return threshold + scale * _power(np.maximum(number, 1), shape)


def _power(x: float | np.ndarray, shape: np.ndarray) -> np.ndarray:
    """(x^shape - 1) / shape, and log x where the shape is 0."""
    log = np.log(x)
    near = np.abs(shape) < _NEARLY_ZERO
    if not near.any():
        return np.expm1(shape * log) / shape
    safe = np.where(near, 1, shape)
    return np.where(near, log, np.expm1(safe * log) / safe)


class _Sets(NamedTuple):
    """Values of each cell in rising order, and the block that each belongs to; -1 fills a row."""

    values: np.ndarray  # (cell, n)
    block: np.ndarray  # (cell, n)

    def of(self, cells: np.ndarray) -> _Sets:
        """Those of some cells."""
        return _Sets(self.values[cells], self.block[cells])

    def moments(self, weights: np.ndarray, order: int) -> np.ndarray:
        """Count and L-moments, (1 + order, resample, cell), some cells at a time."""
        cells, most = self.values.shape
        found = np.full((1 + order, len(weights), cells), np.nan, dtype=np.float32)
        padded = np.hstack([weights, np.zeros((len(weights), 1))])
        step = max(1, _AT_ONCE // max(len(weights) * most, 1))
        for start in range(0, cells, step):
            part = slice(start, start + step)
            found[:, :, part] = l_moments(self.values[part], padded[:, self.block[part]], order)
        return found


def _sets(cell: np.ndarray, values: np.ndarray, block: np.ndarray, cells: int) -> _Sets:
    order = np.lexsort((values, cell))
    cell, values, block = cell[order], values[order], block[order]
    count = np.bincount(cell, minlength=cells)
    place = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count, count)
    shape = (cells, max(int(count.max(initial=0)), 1))
    filled, blocks = np.zeros(shape), np.full(shape, -1, dtype=np.int32)
    filled[cell, place], blocks[cell, place] = values, block
    return _Sets(filled, blocks)


def levels_of_maxima(maxima: np.ndarray, weights: np.ndarray) -> xr.Dataset:
    """Return levels from a GEV of annual maxima at each cell (fit ``gev``).

    Args:
        maxima: (year, series, cell) [mm/day], NaN where a year is not whole; the series (members) are pooled.
        weights: (1 + resamples, year), each year once and then as often as it was drawn.

    Returns:
        As ``levels_of_peaks``; NaN at cells with fewer than ``MIN_YEARS`` whole years.
    """
    year, series, cell = np.nonzero(np.isfinite(maxima))
    enough = np.flatnonzero(np.isfinite(maxima).any(axis=1).sum(axis=0) >= MIN_YEARS)
    moments = _sets(cell, maxima[year, series, cell], year, maxima.shape[2]).of(enough).moments(weights, 3)
    location, scale, shape = fit_gev(*moments[1:])
    found = (gev_level(location, scale, shape, period) for period in PERIODS)
    return _summary("gev", enough, maxima.shape[2], found, shape)


def levels_of_peaks(
    peaks: Peaks, threshold: np.ndarray, years: np.ndarray, block: np.ndarray, weights: np.ndarray
) -> xr.Dataset:
    """Return levels from a GPD of the amounts above a threshold at each cell.

    ``gpd`` fits scale and shape at each cell with at least ``MIN_PEAKS`` peaks. ``gpd_regional`` takes one shape for
    the domain, from the ratio of l2 to l1, both averaged over the cells by number of peaks before the ratio is taken,
    because a cell may have few. Peaks of neighbouring days are not thinned out: days of members do not follow each
    other. A level below the threshold is given as the threshold.

    Args:
        peaks: of the series (members) to be pooled.
        threshold: (cell,) [mm/day]; inf where there is none.
        years: (cell,) length of the record, all series together.
        block: (day,) the resampled block of each day.
        weights: (1 + resamples, block).

    Returns:
        ``level``, ``lower`` and ``upper`` (fit, return_period, cell) [mm/day], ``domain``, ``domain_lower`` and
        ``domain_upper`` (fit, return_period), means over the cells that have a level, and ``shape`` (fit, cell).
        Bounds hold 90 % of the resamples, and the value; NaN without resamples.
    """
    cells = np.flatnonzero(np.isfinite(threshold) & (years > 0))
    sets = _sets(peaks.cell, peaks.excess, block[peaks.day], len(threshold)).of(cells)
    count, l1, l2 = sets.moments(weights, 2)
    rate = count / years[cells].astype(np.float32)
    bottom = threshold[cells].astype(np.float32)

    own = np.flatnonzero(count[0] >= MIN_PEAKS)
    scale, shape = fit_gpd(l1[:, own], l2[:, own])
    levels = (gpd_level(bottom[own], scale, shape, rate[:, own] * np.float32(period)) for period in PERIODS)
    by_cell = _summary("gpd", cells[own], len(threshold), levels, shape)

    shape = _regional_shape(count, l1, l2)
    scale = (1 - shape) * np.where(count > 0, l1, 0)
    levels = (gpd_level(bottom, scale, shape, rate * np.float32(period)) for period in PERIODS)
    regional = _summary("gpd_regional", cells, len(threshold), levels, np.broadcast_to(shape, count.shape))
    return xr.concat([by_cell, regional], FIT)


def _regional_shape(count: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> np.ndarray:
    """The shape of the domain, (resample, 1), from moments (resample, cell); NaN with too few peaks."""
    known = (count >= 2) & (l1 > 0)
    enough = np.where(known, count, 0).sum(axis=1, keepdims=True) >= MIN_PEAKS
    means = [np.where(known, count * l, 0).sum(axis=1, keepdims=True, dtype=np.float64) for l in (l1, l2)]
    return fit_gpd(*(np.where(enough, mean, np.nan) for mean in means))[1].astype(np.float32)


def _summary(fit: str, cells: np.ndarray, size: int, levels: Iterable[np.ndarray], shape: np.ndarray) -> xr.Dataset:
    """Values and bounds of levels that come period by period, and of a shape, (1 + resamples, cell) each.

    Args:
        fit: its name.
        cells: the cells that have levels.
        size: number of all cells.
        levels: [mm/day].
        shape: only the first row is kept.
    """

    def spread(values: np.ndarray) -> np.ndarray:
        every = np.full(size, np.nan, dtype=np.float32)
        every[cells] = values
        return every

    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("level", "lower", "upper")}
    domain: list[np.ndarray] = []
    for level in levels:
        for name, values in zip(parts, (level[0], *_bounds(level)), strict=True):
            parts[name].append(spread(values))
        known = np.isfinite(level)
        count = known.sum(axis=1)
        total = np.where(known, level, 0).sum(axis=1, dtype=np.float64)
        domain.append(total / np.where(count > 0, count, np.nan))
    curve = np.stack(domain)
    bounds = [np.stack(bound) for bound in zip(*(_bounds(row) for row in curve), strict=True)]
    found = xr.Dataset(
        {
            **{name: ((FIT, PERIOD, CELL), np.stack(values)[None]) for name, values in parts.items()},
            "domain": ((FIT, PERIOD), curve[None, :, 0]),
            "domain_lower": ((FIT, PERIOD), bounds[0][None]),
            "domain_upper": ((FIT, PERIOD), bounds[1][None]),
            "shape": ((FIT, CELL), spread(shape[0])[None]),
        },
        coords={FIT: [fit], PERIOD: (PERIOD, list(PERIODS), {"units": "years"})},
    )
    for key, field in found.data_vars.items():
        field.attrs["units"] = "1" if key == "shape" else "mm/day"
    return found


def _bounds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """90 % percentile interval of (1 + resamples, ...) values, as ``bootstrap.interval`` makes it, of many at once."""
    value, resampled = values[0], np.sort(values[1:], axis=0)  # what is NaN comes last
    count = np.isfinite(resampled).sum(axis=0)
    usable = np.isfinite(value) & (count > len(resampled) / 2)
    found = []
    for q, join in (((1 - LEVEL) / 2, np.minimum), ((1 + LEVEL) / 2, np.maximum)):
        if not len(resampled):
            found.append(np.full_like(value, np.nan))
            continue
        place = q * np.maximum(count - 1, 0)
        low, high = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
        ends = [np.take_along_axis(resampled, index[None], axis=0)[0] for index in (low, high)]
        found.append(np.where(usable, join(ends[0] + (place - low) * (ends[1] - ends[0]), value), np.nan))
    return found[0], found[1]
