"""Categories of days, and the heavy days chosen by the predictors alone (DESIGN 5)."""

from __future__ import annotations

import numpy as np

from rainsmith.base.dims import CATEGORIES, SPLITS


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
