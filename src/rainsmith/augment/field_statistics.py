"""Statistics of a field of rain that the checks of synthetic days compare: texture, pattern, mass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL
from rainsmith.base.large_arrays import release
from rainsmith.data.heavy import coarse_rain_score

SPACINGS = (1, 2, 4)
"""Spacings of the second differences [cells]; each band is an octave coarser than the one before."""
TEXTURE_MEASURES = ("finest band", "next band", "differences of neighbours", "whole field")
"""Names of the columns of ``texture``."""
MIN_WET_DIFFERENCES = 30
"""Number of differences between cells with rain below which the power of a band says nothing."""
_TINY = 1e-12  # added to powers, so that the logarithm of a constant field exists
_DAYS_AT_ONCE = 256  # these two bound the memory
_BYTES_AT_ONCE = 24 * 2**20


def texture(fields: np.ndarray, days: np.ndarray | None = None) -> np.ndarray:
    """How rough each field is, as ratios of power in octaves of its spectrum.

    The power of a band is the mean square of second differences of the square root of rain, s cells apart, along both
    axes. This is a band-pass filter with the response (1 - cos(2 pi k s))^2, and unlike a Fourier transform it needs no
    values beyond a coast. The ratios of a field and of any multiple of it are the same.

    Args:
        fields: (days, y, x) [mm/day], NaN at invalid cells.
        days: places of the days that are measured; None for all.

    Returns:
        (days, 4) log10 of the power at spacing 1 over that at 2; of the power at spacing 2 over that at 4; of the
        semivariance of neighbours over the variance (0 for white noise); and of the variance, which is no ratio. NaN
        where too few cells are wet.
    """
    days = np.arange(len(fields)) if days is None else days
    measures = np.empty((len(days), len(TEXTURE_MEASURES)))
    for part in _a_few(len(days), fields[:1].nbytes):
        roots = np.sqrt(np.maximum(fields[days[part]], 0))
        release(fields)
        fine, middle, wide = (_band(roots, spacing) for spacing in SPACINGS)
        neighbours = _neighbours(roots)
        valid = np.isfinite(roots)
        cells = np.maximum(valid.sum(axis=(1, 2)), 1)
        mean = np.where(valid, roots, 0).sum(axis=(1, 2), dtype=np.float64) / cells
        variance = (np.where(valid, roots - mean[:, None, None], 0) ** 2).sum(axis=(1, 2)) / cells
        whole = np.log10(variance + _TINY)
        columns = [fine - middle, middle - wide, neighbours - whole, whole]
        measures[part] = np.column_stack(columns)
    return measures


def _a_few(days: int, size: int) -> Iterator[slice]:
    """Slices of so many days, each of at most ``_DAYS_AT_ONCE`` and ``_BYTES_AT_ONCE``, for days of so many bytes."""
    step = max(1, min(_DAYS_AT_ONCE, _BYTES_AT_ONCE // max(size, 1)))
    for start in range(0, days, step):
        yield slice(start, start + step)


def _band(roots: np.ndarray, spacing: int) -> np.ndarray:
    """log10 of the mean square of each value minus the mean of its two neighbours ``spacing`` cells away (days,)."""
    pairs = [
        (v[:, :, spacing:-spacing], (v[:, :, : -2 * spacing] + v[:, :, 2 * spacing :]) / 2)
        for v in _along_both_axes(roots)
        if v.shape[2] > 2 * spacing
    ]
    return _log_power(pairs, len(roots))


def _neighbours(roots: np.ndarray) -> np.ndarray:
    """log10 of half the mean square of differences between neighbouring cells (days,)."""
    return _log_power([(v[:, :, 1:], v[:, :, :-1]) for v in _along_both_axes(roots)], len(roots)) + np.log10(0.5)


def _along_both_axes(fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.moveaxis(fields, 1, 2), fields


def _log_power(pairs: list[tuple[np.ndarray, np.ndarray]], days: int) -> np.ndarray:
    """log10 of the mean square of differences, NaN where fewer than ``MIN_WET_DIFFERENCES`` are of cells with rain."""
    total, count, wet = np.zeros(days), np.zeros(days), np.zeros(days)
    for one, other in pairs:
        finite = np.isfinite(one - other)
        total += np.where(finite, (one - other) ** 2, 0).sum(axis=(1, 2), dtype=np.float64)
        count += finite.sum(axis=(1, 2))
        wet += (finite & (one + other > 0)).sum(axis=(1, 2))
    return np.asarray(np.where(wet >= MIN_WET_DIFFERENCES, np.log10(total / np.maximum(count, 1) + _TINY), np.nan))


def pattern_distance(fields: np.ndarray, library: np.ndarray) -> np.ndarray:
    """Hellinger distance between the rain patterns of two fields: how differently their rain is spread.

    It is sqrt(1 - sum sqrt(p q)), where p and q are the shares of the rain that fall in each cell, over the cells that
    are valid in both fields. It is 0 for a field and any multiple of it, and 1 for fields that share no wet cell.

    Args:
        fields: (m, y, x) [mm/day], NaN at invalid cells.
        library: (n, y, x) [mm/day].

    Returns:
        (m, n) float32, NaN where one of the two fields holds no rain.
    """
    cells = np.isfinite(fields).any(axis=0)  # a cell that no field has is in no pair
    rain, valid = _rain_and_valid(fields[:, cells])
    roots = np.sqrt(rain)
    distance = np.empty((len(fields), len(library)), dtype=np.float32)
    for part in _a_few(len(library), 4 * int(cells.sum())):
        other, there = _rain_and_valid(library[part, cells])
        both = (rain @ there.T) * (valid @ other.T)  # product of the totals over the common cells
        with np.errstate(invalid="ignore", divide="ignore"):
            affinity = np.where(both > 0, roots @ np.sqrt(other).T / np.sqrt(both), np.nan)
        distance[:, part] = np.sqrt(np.maximum(1 - affinity, 0))
        release(library)
    return distance


def _rain_and_valid(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rain with 0 at invalid cells, and 1 where a cell is valid, else 0: (days, cells) float32 each."""
    valid = np.isfinite(values)
    return np.maximum(np.where(valid, values, 0), 0).astype(np.float32, copy=False), valid.astype(np.float32)


def block_error(fields: np.ndarray, coarse: np.ndarray, block: np.ndarray, min_mm: float) -> np.ndarray:
    """Share of the rain that is not in the coarse cell where the input has it.

    It is sum |rain of a coarse cell - input| / sum of the input, over coarse cells weighted by their valid cells.

    Args:
        fields: (days, y, x) [mm/day], NaN at invalid cells.
        coarse: (days, y_lr, x_lr) mean by the input of each coarse cell [mm/day], NaN where unknown.
        block: (y, x) number of the coarse cell of each cell.
        min_mm: an input with a smaller mean counts as this [mm/day].

    Returns:
        (days,) 0 where the block means equal the input, 1 for twice the input and for no rain.
    """
    error = np.empty(len(fields))
    for day, (field, wanted) in enumerate(zip(fields, coarse.reshape(len(coarse), -1), strict=True)):
        valid = np.isfinite(field) & np.isfinite(wanted)[block]
        here = block[valid]
        cells = np.bincount(here, minlength=len(wanted))
        total = np.bincount(here, weights=field[valid], minlength=len(wanted))
        given = np.where(cells > 0, np.nan_to_num(wanted), 0) * cells
        error[day] = np.abs(total - given).sum() / max(given.sum(), min_mm * max(cells.sum(), 1))
    return error


def coarse_rain(days: xr.Dataset) -> np.ndarray:
    """Coarse rain of the input (time, y_lr, x_lr) [mm/day], NaN where missing; the store must hold some."""
    return np.asarray(days["predictors"].sel({CHANNEL: days.attrs["coarse_rain_channel"]}).values)


def mean_coarse_rain(days: xr.Dataset) -> np.ndarray | None:
    """Mean coarse rain of each day over valid cells (time,) [mm/day]; None where the input holds no rain."""
    if not days.attrs.get("coarse_rain_channel", ""):
        return None
    return coarse_rain_score(coarse_rain(days), days["block"].values, days["mask"].values)
