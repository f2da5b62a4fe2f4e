"""Categories of days, and the heavy days chosen by the predictors alone (DESIGN 5)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.arrays import CATEGORIES, SPLITS, TIME

PRINCIPAL_COMPONENTS = 15
ANALOGS = 50
NEIGHBOUR_DAYS = 3
"""[days] A training day's own neighbourhood, out of which it may take no analog."""


def categories(precip: np.ndarray, threshold: float, area: float, wet_mm: float) -> np.ndarray:
    """Category of each day as an index into ``arrays.CATEGORIES``.

    heavy: at least ``area`` of the valid cells exceed ``threshold``; moderate: any cell does; dry: the mean is below
    ``wet_mm``; light: the rest.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        threshold: [mm/day] a quantile of all training values.
        area: share of the valid cells of the day.
        wet_mm: [mm/day].

    Returns:
        (time,) int8.
    """
    found = np.empty(len(precip), dtype=np.int8)
    for day, field in enumerate(precip):
        values = field[np.isfinite(field)]
        share = float((values > threshold).mean()) if values.size else 0.0
        if share >= area:
            name = "heavy"
        elif share > 0:
            name = "moderate"
        elif not values.size or float(values.mean(dtype=np.float64)) < wet_mm:
            name = "dry"
        else:
            name = "light"
        found[day] = CATEGORIES.index(name)
    return found


def choose_heavy_x(score: np.ndarray, category: np.ndarray, split: np.ndarray) -> np.ndarray:
    """In each split as many days as are ``heavy``, those with the largest score: bool (time,)."""
    chosen = np.zeros(len(score), dtype=bool)
    for index in range(len(SPLITS)):
        days = np.flatnonzero(split == index)
        count = int((category[days] == CATEGORIES.index("heavy")).sum())
        order = np.argsort(-score[days], kind="stable")
        chosen[days[order[:count]]] = True
    return chosen


def coarse_rain_score(coarse: np.ndarray, block: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean coarse rain of each day over valid cells: coarse cells weigh as many valid fine cells as they hold.

    Args:
        coarse: (time, y_lr, x_lr) [mm/day], NaN where missing.
        block: (y, x) number of the coarse cell of each fine cell.
        mask: (y, x) bool, valid cells.

    Returns:
        (time,) [mm/day].
    """
    weight = np.bincount(block[mask].ravel(), minlength=coarse[0].size).astype(np.float64)
    flat = coarse.reshape(len(coarse), -1).astype(np.float64)
    known = np.isfinite(flat) * weight
    return np.asarray(np.where(np.isfinite(flat), flat, 0.0) @ weight / np.maximum(known.sum(axis=1), 1e-9))


def analog_score(
    predictors: xr.DataArray, domain_mean: np.ndarray, training: np.ndarray, numbers: np.ndarray
) -> np.ndarray:
    """Mean rain of each day's 50 training analogs: what x alone lets one expect.

    Args:
        predictors: (time, channel, y_lr, x_lr), raw.
        domain_mean: (time,) [mm/day] mean over valid cells; read on training days only.
        training: (time,) bool.
        numbers: (time,) ordinal of each day [days], to keep a training day from its own neighbours.

    Returns:
        (time,) [mm/day].
    """
    components = principal_components(predictors, training)
    days = np.flatnonzero(training)
    analogs = nearest_days(components, components[days], numbers, numbers[days], ANALOGS)
    return np.asarray(domain_mean[days][analogs].mean(axis=1))


def principal_components(
    predictors: xr.DataArray, training: np.ndarray, count: int = PRINCIPAL_COMPONENTS
) -> np.ndarray:
    """Leading principal components of the standardised predictors, fitted on training days.

    Each channel is standardised in each coarse cell, missing values count as the mean.

    Args:
        predictors: (time, channel, y_lr, x_lr), raw.
        training: (time,) bool.
        count: how many at most.

    Returns:
        (time, count) float64, scaled as they come (the first vary most).
    """
    flat = predictors.values.reshape(predictors.sizes[TIME], -1)
    kept = np.isfinite(flat[training]).any(axis=0)
    flat = flat[:, kept].astype(np.float64)
    mean = np.nanmean(flat[training], axis=0)
    std = np.nanstd(flat[training], axis=0)
    flat = (flat - mean) / np.where(std > 0, std, 1.0)
    flat[~np.isfinite(flat)] = 0.0
    covariance = flat[training].T @ flat[training]
    _, vectors = np.linalg.eigh(covariance)
    return np.asarray(flat @ vectors[:, ::-1][:, :count])


def nearest_days(
    points: np.ndarray, candidates: np.ndarray, days: np.ndarray, candidate_days: np.ndarray, count: int
) -> np.ndarray:
    """Positions of the nearest candidates of each point, none within 3 days of it.

    Args:
        points: (n, k).
        candidates: (m, k).
        days: (n,) ordinal of each point [days].
        candidate_days: (m,) likewise.
        count: how many (fewer where there are not so many candidates).

    Returns:
        (n, count) integers into ``candidates``, nearest first.
    """
    count = min(count, len(candidates) - 2 * NEIGHBOUR_DAYS - 1) if len(candidates) > 2 * NEIGHBOUR_DAYS + 1 else 1
    found = np.empty((len(points), count), dtype=np.int64)
    square = (candidates**2).sum(axis=1)
    for start in range(0, len(points), 512):
        rows = slice(start, start + 512)
        distance = (points[rows] ** 2).sum(axis=1)[:, None] + square - 2 * points[rows] @ candidates.T
        distance[np.abs(days[rows][:, None] - candidate_days) <= NEIGHBOUR_DAYS] = np.inf
        nearest = np.argpartition(distance, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(distance, nearest, axis=1), axis=1, kind="stable")
        found[rows] = np.take_along_axis(nearest, order, axis=1)
    return found
