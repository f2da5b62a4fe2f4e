"""Categories of days, and the heavy days chosen by the predictors alone (docs/architecture.md, "Days to judge on")."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rainsmith.base.dims import CATEGORIES, SPLITS
from rainsmith.base.large_arrays import blocks, parts, release

_DAYS = 64  # days come in multiples of it, so that products of a matrix add up each day as they do for all days


def categories(precip: np.ndarray, threshold: float, area: float, wet_mm: float) -> np.ndarray:
    """Category of each day as an index into ``dims.CATEGORIES``.

    A day is heavy where at least ``area`` of its valid cells exceed ``threshold``, and moderate where any cell does.
    Other days are dry where their mean is below ``wet_mm``, and light otherwise.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        threshold: a quantile of all training values [mm/day].
        area: share of the valid cells of the day that must exceed the threshold, 0 to 1.
        wet_mm: least mean rain of a day that is not dry [mm/day].

    Returns:
        (time,) int8.
    """
    category = np.empty(len(precip), dtype=np.int8)
    for day, field in _one_by_one(precip):
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
        category[day] = CATEGORIES.index(name)
    return category


def _one_by_one(precip: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The number and the field of each day."""
    for part, block in blocks(precip):
        yield from enumerate(block, part.start)


def choose_heavy_x(score: np.ndarray, category: np.ndarray, split: np.ndarray) -> np.ndarray:
    """Choose in each split the days of the largest score, as many as are ``heavy`` there.

    Args:
        score: (time,) how wet the predictors make the day look [mm/day].
        category: (time,) index into ``dims.CATEGORIES``.
        split: (time,) index into ``dims.SPLITS``, -1 for none.

    Returns:
        (time,) bool.
    """
    chosen = np.zeros(len(score), dtype=bool)
    for index in range(len(SPLITS)):
        days = np.flatnonzero(split == index)
        count = int((category[days] == CATEGORIES.index("heavy")).sum())
        order = np.argsort(-score[days], kind="stable")
        chosen[days[order[:count]]] = True
    return chosen


def coarse_rain_score(coarse: np.ndarray, block: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean coarse rain of each day; a coarse cell weighs as much as the number of valid fine cells that it holds.

    Args:
        coarse: (time, y_lr, x_lr) [mm/day], NaN where missing.
        block: (y, x) number of the coarse cell of each fine cell.
        mask: (y, x) bool, valid cells.

    Returns:
        (time,) [mm/day].
    """
    weight = np.bincount(block[mask].ravel(), minlength=coarse[0].size).astype(np.float64)
    score = np.empty(len(coarse))
    for few in parts(-(-len(coarse) // _DAYS), 8 * _DAYS * coarse[0].size):
        days = slice(few.start * _DAYS, few.stop * _DAYS)
        flat = coarse[days].reshape(-1, coarse[0].size).astype(np.float64)
        known = np.isfinite(flat) * weight
        score[days] = np.where(np.isfinite(flat), flat, 0.0) @ weight / np.maximum(known.sum(axis=1), 1e-9)
        release(coarse)
    return score
