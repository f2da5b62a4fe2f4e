"""One pass over the rain of a store: figures of each day, and maps of the training days."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, X, Y
from rainsmith.base.large_arrays import blocks

RARE = 0.99
"""Quantile of the days of a cell that is shown as a map."""


@dataclass(frozen=True)
class Rain:
    """What one pass over the rain gives.

    Attributes:
        mean: (time,) mean over the valid cells of the day [mm/day]; NaN on a day without values.
        wet: (time,) share of the valid cells of the day at or above the wet threshold.
        largest: (time,) largest value [mm/day]; NaN on a day without values.
        place: (time,) flat number of its cell.
        present: (time,) share of the cells of the mask that are valid on the day.
        valid: (y, x) share of all days on which a cell of the mask is valid, NaN elsewhere.
        climatology: (y, x) mean of the training days [mm/day], NaN outside the mask.
        wet_days: (y, x) share of the training days at or above the wet threshold.
        rare: (y, x) quantile ``RARE`` of the training days [mm/day], dry days among them.
    """

    mean: np.ndarray
    wet: np.ndarray
    largest: np.ndarray
    place: np.ndarray
    present: np.ndarray
    valid: np.ndarray
    climatology: np.ndarray
    wet_days: np.ndarray
    rare: np.ndarray


def measure_rain(store: xr.Dataset, wet_mm: float) -> Rain:
    """Read the rain of a store once, a few days at a time.

    Args:
        store: the prepared data.
        wet_mm: least amount of a wet day [mm/day].
    """
    mask = np.asarray(store["mask"].values, dtype=bool)
    training = store["split"].values == SPLITS.index("train")
    days, cells = store.sizes[TIME], int(mask.sum())
    mean, wet, largest, present = (np.full(days, np.nan) for _ in range(4))
    place = np.zeros(days, dtype=np.int64)
    every, count, total, count_wet = (np.zeros(cells) for _ in range(4))
    top = TopValues(cells, int(training.sum()))
    flat_places = np.flatnonzero(mask)
    for part, block in blocks(store["precip"].transpose(TIME, Y, X)):
        values = block[:, mask]
        known = np.isfinite(values)
        some = known.any(axis=1)
        filled = np.where(known, values, 0.0)
        is_wet = filled >= wet_mm
        number = np.maximum(known.sum(axis=1), 1)
        lowest = np.where(known, values, -np.inf)
        mean[part] = np.where(some, filled.sum(axis=1, dtype=np.float64) / number, np.nan)
        wet[part] = np.where(some, is_wet.sum(axis=1) / number, np.nan)
        largest[part] = np.where(some, lowest.max(axis=1), np.nan)
        place[part] = flat_places[lowest.argmax(axis=1)]
        present[part] = known.mean(axis=1)
        every += known.sum(axis=0)
        taught = training[part]
        if taught.any():
            count += known[taught].sum(axis=0)
            total += filled[taught].sum(axis=0, dtype=np.float64)
            count_wet += is_wet[taught].sum(axis=0)
            top.add(lowest[taught])
    number = np.where(count > 0, count, np.nan)
    on_map = (_on_map(v, mask) for v in (every / max(days, 1), total / number, count_wet / number, top.quantile(count)))
    return Rain(mean, wet, largest, place, present, *on_map)


class TopValues:
    """The largest values of each cell, as many as the quantile ``RARE`` needs.

    Args:
        cells: number of cells.
        days: number of days that will be added.
    """

    def __init__(self, cells: int, days: int) -> None:
        self.size = min(days, math.ceil((1 - RARE) * days) + 2)
        self.values = np.full((self.size, cells), -np.inf, dtype=np.float32)

    def add(self, values: np.ndarray) -> None:
        """Add days (day, cell), -inf where missing."""
        both = np.concatenate([self.values, values])
        self.values = np.partition(both, len(both) - self.size, axis=0)[len(both) - self.size :]

    def quantile(self, count: np.ndarray) -> np.ndarray:
        """(cell,) quantile ``RARE`` by linear interpolation, as numpy gives it of all days.

        Args:
            count: (cell,) number of valid days among those that were added.
        """
        falling = -np.sort(-self.values, axis=0)
        from_top = (1 - RARE) * np.maximum(count - 1, 0)
        upper = np.floor(from_top).astype(int)
        cells = np.arange(len(count))
        high, low = (falling[np.minimum(upper + step, self.size - 1), cells] for step in (0, 1))
        high = np.where(count > 0, high, np.nan)
        low = np.where(np.isfinite(low), low, high)
        return np.asarray(high + (low - high) * (from_top - upper))


def _on_map(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    field = np.full(mask.shape, np.nan)
    field[mask] = values
    return field
