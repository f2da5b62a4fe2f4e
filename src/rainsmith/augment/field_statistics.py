"""What a field of rain is measured by before it may join a training set: texture, likeness, mass."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL
from rainsmith.data.heavy import coarse_rain_score

SPACINGS = (1, 2, 4)
"""[cells] Spacings of the second differences; each band is an octave coarser than the one before."""
TEXTURE = ("finest band", "next band", "differences of neighbours", "whole field")
"""Names of the columns of ``texture``."""
LEAST_WET = 30
"""Differences between cells with rain that a band needs before its power says anything."""
_TINY = 1e-12
_DAYS = 256  # days at a time: bounds the memory


def texture(fields: np.ndarray) -> np.ndarray:
    """Spectrum of each field in octaves, as ratios of power: how rough it is, whatever its amount.

    The power of a band is the mean square of second differences of the square root of rain, s cells apart, along both
    axes: a band-pass filter with the response (1 - cos(2 pi k s))^2 that needs no value beyond a coast, where a
    Fourier transform sees a cliff. The square root makes the ratios the same for a field and its double.

    Args:
        fields: (days, y, x) [mm/day], NaN at invalid cells.

    Returns:
        (days, 4) log10 of: power at spacing 1 over 2; at 2 over 4; the semivariance of neighbours over the variance, 0
        for white noise; and the variance (the one that is no ratio). NaN where too little of the domain is wet to tell.
    """
    found = np.empty((len(fields), len(TEXTURE)))
    for start in range(0, len(fields), _DAYS):
        roots = np.sqrt(np.maximum(fields[start : start + _DAYS], 0))
        fine, middle, wide = (_band(roots, spacing) for spacing in SPACINGS)
        neighbours = _neighbours(roots)
        valid = np.isfinite(roots)
        cells = np.maximum(valid.sum(axis=(1, 2)), 1)
        mean = np.where(valid, roots, 0).sum(axis=(1, 2), dtype=np.float64) / cells
        variance = (np.where(valid, roots - mean[:, None, None], 0) ** 2).sum(axis=(1, 2)) / cells
        whole = np.log10(variance + _TINY)
        found[start : start + _DAYS] = np.column_stack([fine - middle, middle - wide, neighbours - whole, whole])
    return found


def _band(roots: np.ndarray, spacing: int) -> np.ndarray:
    """log10 of the mean square of value minus mean of the two neighbours ``spacing`` cells away (days,)."""
    sides = [
        (v[:, :, spacing:-spacing], (v[:, :, : -2 * spacing] + v[:, :, 2 * spacing :]) / 2)
        for v in _along_both_axes(roots)
        if v.shape[2] > 2 * spacing
    ]
    return _log_power(sides, len(roots))


def _neighbours(roots: np.ndarray) -> np.ndarray:
    """log10 of half the mean square of differences between neighbouring cells (days,)."""
    return _log_power([(v[:, :, 1:], v[:, :, :-1]) for v in _along_both_axes(roots)], len(roots)) + np.log10(0.5)


def _along_both_axes(fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.moveaxis(fields, 1, 2), fields


def _log_power(sides: list[tuple[np.ndarray, np.ndarray]], days: int) -> np.ndarray:
    """log10 of the mean square of differences, NaN where less than ``LEAST_WET`` of them are of cells with rain."""
    total, count, wet = np.zeros(days), np.zeros(days), np.zeros(days)
    for one, other in sides:
        finite = np.isfinite(one - other)
        total += np.where(finite, (one - other) ** 2, 0).sum(axis=(1, 2), dtype=np.float64)
        count += finite.sum(axis=(1, 2))
        wet += (finite & (one + other > 0)).sum(axis=(1, 2))
    return np.asarray(np.where(wet >= LEAST_WET, np.log10(total / np.maximum(count, 1) + _TINY), np.nan))


def pattern_distance(fields: np.ndarray, library: np.ndarray) -> np.ndarray:
    """Hellinger distance of where the rain of two fields lies, whatever their amounts.

    sqrt(1 - sum sqrt(p q)), p and q the shares of the rain in each cell that both fields have: 0 for a field and any
    multiple of it, 1 for fields that share no wet cell.

    Args:
        fields: (m, y, x) [mm/day], NaN at invalid cells.
        library: (n, y, x) [mm/day].

    Returns:
        (m, n) float32, NaN where one of the two holds no rain.
    """
    cells = np.isfinite(fields).any(axis=0)  # no other cell is one that both have
    rain, valid = _rows(fields[:, cells])
    roots = np.sqrt(rain)
    found = np.empty((len(fields), len(library)), dtype=np.float32)
    for start in range(0, len(library), _DAYS):
        other, there = _rows(library[start : start + _DAYS, cells])
        both = (rain @ there.T) * (valid @ other.T)  # the rain of each over the cells that the other has
        with np.errstate(invalid="ignore", divide="ignore"):
            affinity = np.where(both > 0, roots @ np.sqrt(other).T / np.sqrt(both), np.nan)
        found[:, start : start + _DAYS] = np.sqrt(np.maximum(1 - affinity, 0))
    return found


def _rows(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rain with 0 at invalid cells, and which are valid: (days, cells) float32 each."""
    valid = np.isfinite(values)
    return np.maximum(np.where(valid, values, 0), 0).astype(np.float32), valid.astype(np.float32)


def block_error(fields: np.ndarray, coarse: np.ndarray, block: np.ndarray, least_mm: float) -> np.ndarray:
    """Share of the rain that lies in other coarse cells than the input says, or is too much or too little.

    sum |rain of a coarse cell - input| / sum of the input, over coarse cells, weighed by their valid cells.

    Args:
        fields: (days, y, x) [mm/day], NaN at invalid cells.
        coarse: (days, y_lr, x_lr) wanted mean of each coarse cell [mm/day], NaN where unknown.
        block: (y, x) number of the coarse cell of each cell.
        least_mm: an input with a smaller mean counts as this [mm/day].

    Returns:
        (days,): 0 where block means equal the input, 1 for the double or for nothing.
    """
    error = np.empty(len(fields))
    for day, (field, wanted) in enumerate(zip(fields, coarse.reshape(len(coarse), -1), strict=True)):
        valid = np.isfinite(field) & np.isfinite(wanted)[block]
        here = block[valid]
        cells = np.bincount(here, minlength=len(wanted))
        total = np.bincount(here, weights=field[valid], minlength=len(wanted))
        given = np.where(cells > 0, np.nan_to_num(wanted), 0) * cells
        error[day] = np.abs(total - given).sum() / max(given.sum(), least_mm * max(cells.sum(), 1))
    return error


def coarse_rain(days: xr.Dataset) -> np.ndarray:
    """Coarse rain of the input (time, y_lr, x_lr) [mm/day], NaN where missing; only of a store that holds some."""
    return np.asarray(days["predictors"].sel({CHANNEL: days.attrs["coarse_rain_channel"]}).values)


def mean_coarse_rain(days: xr.Dataset) -> np.ndarray | None:
    """Mean coarse rain of each day over valid cells (time,) [mm/day], or None where the input holds none."""
    if not days.attrs.get("coarse_rain_channel", ""):
        return None
    return coarse_rain_score(coarse_rain(days), days["block"].values, days["mask"].values)
