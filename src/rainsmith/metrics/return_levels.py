"""Return levels: generalised extreme value (GEV) and generalised Pareto (GPD) distributions, fitted by L-moments.

The shape is xi, which is positive for a heavy tail; it is minus Hosking's k, and minus the c of scipy.stats.genextreme.
Resamples draw blocks of days (weeks or years). All members of a day share its weather, so that they are drawn together.

References:
    Hosking (1990), doi:10.1111/j.2517-6161.1990.tb01775.x, for L-moments; Hosking et al. (1985),
    doi:10.1080/00401706.1985.10488049, for the GEV; Hosking and Wallis (1997), doi:10.1017/CBO9780511529443, for
    regional averages; Coles (2001), doi:10.1007/978-1-4471-3675-0, for return levels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import xarray as xr
from scipy.special import gamma

from rainsmith.base.large_arrays import release
from rainsmith.metrics.bootstrap import interval
from rainsmith.metrics.climate import Peaks
from rainsmith.metrics.core import CELL
from rainsmith.metrics.peak_moments import moments_of_peaks

PERIOD, FIT = "return_period", "fit"
PERIODS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""[years] Return periods of the levels."""
MIN_YEARS = 10
"""Least number of whole calendar years for a fit to the annual maxima of a cell."""
MIN_PEAKS = 20
"""Least number of peaks for a shape of one cell (``gpd``), and for the shape of the domain (``gpd_regional``)."""
MIN_SHARE = 0.9
"""Least share of the cells that must have a level; their mean then stands for the domain."""
_NEARLY_ZERO = 1e-6  # a shape below it is taken as 0, where formulas have a limit
_CELLS_AT_ONCE = 2**15  # cells whose resamples are held at once
_AT_ONCE = 2**16  # number of values whose weights are held at once, so that they stay in the cache of a core


def l_moments(values: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """The number of values and their first three sample L-moments, each value counted as often as its weight says.

    Only pairs and triples of *different* values count. The copies of a value in a resample say nothing about the
    spread, and with few values they would make it too small. Without copies these are the unbiased sample L-moments.

    Args:
        values: (..., n) in rising order; any finite number where the weight is 0.
        weights: (..., n) whole numbers.

    Returns:
        The number, l1, l2 and l3, (...) each; NaN where there is no value, pair or triple.
    """
    upto = weights.cumsum(axis=-1, dtype=np.float64)
    before, count = upto - weights, upto[..., -1]
    total = values * weights
    s0 = total.sum(axis=-1)
    s1 = np.einsum("...i,...i", total, (upto + before - 1) / 2)
    s2 = np.einsum("...i,...i", total, (upto**2 + upto * before + before**2 - 3 * (upto + before) + 2) / 3)
    l1 = s0 / np.where(count > 0, count, np.nan)
    squares, cubes = (weights**2).sum(axis=-1), (weights**3).sum(axis=-1)
    # sums over pairs of larger - smaller, and over triples of largest - 2 middle + smallest
    of_pairs = 2 * s1 - (count - 1) * s0
    of_triples = 3 * s2 - 3 * (count - 2) * s1 + (count - 1) * (count - 2) * s0 / 2
    of_copies = (weights * (weights - 1) / 2 * (s0[..., None] - count[..., None] * values)).sum(axis=-1)
    pairs, triples = (count**2 - squares) / 2, (count**3 - 3 * count * squares + 2 * cubes) / 6
    l2 = of_pairs / np.where(pairs > 0, 2 * pairs, np.nan)
    return [count, l1, l2, (of_triples - of_copies) / np.where(triples > 0, 3 * triples, np.nan)]


def fit_gev(l1: np.ndarray, l2: np.ndarray, l3: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Location, scale and shape xi of the GEV that has these L-moments; NaN where l2 is not positive.

    The shape is Hosking's rational approximation, off by less than 0.001 for xi between -0.5 and 0.5.
    """
    l2 = np.where(l2 > 0, l2, np.nan)
    c = 2 / (3 + l3 / l2) - np.log(2) / np.log(3)
    k = np.maximum(7.8590 * c + 2.9554 * c**2, -0.99)  # at -1 the mean is infinite
    k = np.where(np.abs(k) < _NEARLY_ZERO, _NEARLY_ZERO, k)  # then the limit, the Gumbel distribution
    scale = l2 * k / ((1 - 2.0**-k) * gamma(1 + k))
    return l1 - scale * (1 - gamma(1 + k)) / k, scale, -k


def fit_gpd(l1: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shape xi of the GPD of excesses that has these L-moments; NaN where l2 is not positive."""
    shape = 2 - l1 / np.where(l2 > 0, l2, np.nan)
    return (1 - shape) * l1, shape


def gev_level(location: np.ndarray, scale: np.ndarray, shape: np.ndarray, period: float) -> np.ndarray:
    """The level that is exceeded once in ``period`` years on average.

    Exceedances come as a Poisson process of the rate 1 / T, as the GPD of peaks assumes, too. Hence the level is the
    quantile e^(-1/T) of the annual maxima, and levels of both distributions mean the same.
    """
    return location + scale * _power(period, shape)


def gpd_level(threshold: np.ndarray, scale: np.ndarray, shape: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The level that one peak in ``number`` exceeds; the threshold itself where ``number`` is below 1."""
    return threshold + scale * _power(np.maximum(number, 1), shape)


def _power(x: float | np.ndarray, shape: np.ndarray) -> np.ndarray:
    """(x^shape - 1) / shape, or its limit log x where the shape is 0."""
    log = np.log(x)
    near = np.abs(shape) < _NEARLY_ZERO
    if not near.any():
        return np.expm1(shape * log) / shape
    safe = np.where(near, 1, shape)
    return np.where(near, log, np.expm1(safe * log) / safe)


def levels_of_maxima(maxima: np.ndarray, weights: np.ndarray) -> xr.Dataset:
    """Return levels from a GEV of annual maxima at each cell (fit ``gev``).

    The L-moments of several series (members) are averaged, not those of their pooled maxima: members of one year share
    its weather and differ less than years do.

    Args:
        maxima: (year, series, cell) [mm/day], NaN where a year is not whole.
        weights: (1 + resamples, year) how often each year is counted: once in the first row, then as it was drawn.

    Returns:
        The variables of ``levels_of_peaks``; NaN at cells with fewer than ``MIN_YEARS`` whole years.
    """
    known = np.isfinite(maxima)
    enough = np.flatnonzero((known.sum(axis=0) >= MIN_YEARS).all(axis=0))
    summary = _Summary("gev", enough, known.any(axis=(0, 1)), len(weights))
    for part in _a_few(len(enough)):
        location, scale, shape = fit_gev(*_moments_of_maxima(maxima, enough[part], weights))
        summary.add(part, (gev_level(location, scale, shape, period) for period in PERIODS), shape)
    return summary.dataset()


def _moments_of_maxima(maxima: np.ndarray, cells: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """l1, l2 and l3 of the maxima at some cells, averaged over the series: (3, resample, chosen) float32."""
    series, moments = maxima.shape[1], np.zeros((3, len(weights), len(cells)), dtype=np.float32)
    step = max(1, _AT_ONCE // max(weights.size, 1))
    for start, k in itertools.product(range(0, len(cells), step), range(series)):
        part = slice(start, start + step)
        values = maxima[:, k, cells[part]].T
        order = np.argsort(values, axis=1)  # NaN comes last
        drawn = np.where(np.isfinite(values), weights[:, None], 0)
        drawn = np.take_along_axis(drawn, np.broadcast_to(order, drawn.shape), axis=2)
        values = np.nan_to_num(np.take_along_axis(values, order, axis=1))
        moments[:, :, part] += np.stack(l_moments(values, drawn)[1:]) / series
    return moments


def levels_of_peaks(
    peaks: Peaks, threshold: np.ndarray, years: np.ndarray, block: np.ndarray, weights: np.ndarray
) -> xr.Dataset:
    """Return levels from a GPD of the amounts above a threshold at each cell.

    ``gpd`` fits scale and shape at each cell with at least ``MIN_PEAKS`` peaks. ``gpd_regional`` takes one shape for
    the domain, because a cell may have few peaks: l1 and l2 are averaged over the cells, weighted by the number of
    peaks, and the shape comes from the ratio of the averages. Peaks of neighbouring days are all kept, because days of
    members do not follow each other. A level below the threshold is given as the threshold.

    Args:
        peaks: the peaks of the series (members) that are pooled.
        threshold: (cell,) [mm/day]; inf where there is none.
        years: (cell,) [years] length of the record, all series together.
        block: (day,) the resampled block of each day.
        weights: (1 + resamples, block) how often each block is counted: once in the first row, then as it was drawn.

    Returns:
        ``level``, ``lower`` and ``upper`` (fit, return_period, cell) [mm/day]; ``domain``, ``domain_lower`` and
        ``domain_upper`` (fit, return_period) [mm/day], which are means over the cells and NaN unless nine tenths of the
        cells with data have a level; and ``shape`` (fit, cell). The bounds hold 90 % of the resamples, and the value;
        they are NaN without resamples.
    """
    has_data = np.isfinite(threshold) & (years > 0)
    cells = np.flatnonzero(has_data)
    moments = moments_of_peaks(peaks, block, cells, len(threshold), weights)

    own = np.flatnonzero(moments[0, 0] >= MIN_PEAKS)
    by_cell = _Summary("gpd", cells[own], has_data, len(weights))
    for part in _a_few(len(own)):
        count, l1, l2 = moments[:, :, own[part]]
        scale, shape = fit_gpd(l1, l2)
        by_cell.add(part, _levels(cells[own[part]], threshold, years, count, scale, shape), shape)
        release(moments)

    regional, shape = _Summary("gpd_regional", cells, has_data, len(weights)), _regional_shape(moments)
    for part in _a_few(len(cells)):
        count, l1 = moments[:2, :, part]
        scale = (1 - shape) * np.where(count > 0, l1, 0)
        levels = _levels(cells[part], threshold, years, count, scale, shape)
        regional.add(part, levels, np.broadcast_to(shape, count.shape))
        release(moments)
    return xr.concat([by_cell.dataset(), regional.dataset()], FIT)


def _levels(
    cells: np.ndarray,
    threshold: np.ndarray,
    years: np.ndarray,
    count: np.ndarray,
    scale: np.ndarray,
    shape: np.ndarray,
) -> Iterator[np.ndarray]:
    """Levels (resample, chosen) [mm/day] of each of ``PERIODS`` at some cells, whose peaks were counted and fitted."""
    rate, bottom = count / years[cells].astype(np.float32), threshold[cells].astype(np.float32)
    for period in PERIODS:
        yield gpd_level(bottom, scale, shape, rate * np.float32(period))


def _regional_shape(moments: np.ndarray) -> np.ndarray:
    """The shape of the domain, (resample, 1), from count, l1 and l2 (resample, cell); NaN with too few peaks."""
    sums = np.zeros((3, moments.shape[1], 1))
    for part in _a_few(moments.shape[2]):
        count, l1, l2 = moments[:, :, part]
        known = np.isfinite(l2)
        for total, term in zip(sums, (count, count * l1, count * l2), strict=True):
            total += np.where(known, term, 0).sum(axis=1, keepdims=True, dtype=np.float64)
        release(moments)
    enough = sums[0] >= MIN_PEAKS
    return fit_gpd(*(np.where(enough, total, np.nan) for total in sums[1:]))[1].astype(np.float32)


def _a_few(cells: int) -> Iterator[slice]:
    """Slices of so many cells, whose resamples are held at once."""
    for start in range(0, cells, _CELLS_AT_ONCE):
        yield slice(start, start + _CELLS_AT_ONCE)


class _Summary:
    """Values and bounds of the levels of one fit at each cell and in the mean, and its shape, from a few cells at once.

    Args:
        fit: name of the fit.
        cells: (fitted,) positions of the cells that have levels.
        has_data: (cell,) whether there are any data.
        rows: 1 + number of resamples.
    """

    def __init__(self, fit: str, cells: np.ndarray, has_data: np.ndarray, rows: int) -> None:
        self.fit, self.cells, self.has_data = fit, cells, has_data
        shape = (len(PERIODS), len(has_data))
        self.maps = {name: np.full(shape, np.nan, dtype=np.float32) for name in ("level", "lower", "upper")}
        self.shape = np.full(len(has_data), np.nan, dtype=np.float32)
        self.count, self.total = np.zeros((len(PERIODS), rows), dtype=np.int64), np.zeros((len(PERIODS), rows))

    def add(self, part: slice, levels: Iterable[np.ndarray], shape: np.ndarray) -> None:
        """Take some of the cells.

        Args:
            part: of the cells.
            levels: (1 + resamples, chosen) [mm/day] for each of ``PERIODS``.
            shape: (1 + resamples, chosen), of which only the first row is kept.
        """
        chosen = self.cells[part]
        self.shape[chosen] = shape[0]
        for number, level in enumerate(levels):
            for maps, values in zip(self.maps.values(), (level[0], *interval(level)), strict=True):
                maps[number, chosen] = values
            known = np.isfinite(level)
            self.count[number] += known.sum(axis=1)
            self.total[number] += np.where(known, level, 0).sum(axis=1, dtype=np.float64)

    def dataset(self) -> xr.Dataset:
        """The dataset of the fit."""
        enough = self.count >= max(MIN_SHARE * self.has_data.sum(), 1)
        curve = self.total / np.where(enough, self.count, np.nan)
        bounds = [np.stack(bound) for bound in zip(*(interval(row) for row in curve), strict=True)]
        summary = xr.Dataset(
            {
                **{name: ((FIT, PERIOD, CELL), values[None]) for name, values in self.maps.items()},
                "domain": ((FIT, PERIOD), curve[None, :, 0]),
                "domain_lower": ((FIT, PERIOD), bounds[0][None]),
                "domain_upper": ((FIT, PERIOD), bounds[1][None]),
                "shape": ((FIT, CELL), self.shape[None]),
            },
            coords={FIT: [self.fit], PERIOD: (PERIOD, list(PERIODS), {"units": "years"})},
        )
        for key, field in summary.data_vars.items():
            field.attrs["units"] = "1" if key == "shape" else "mm/day"
        return summary
