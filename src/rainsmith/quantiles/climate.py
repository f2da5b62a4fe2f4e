"""What is known without members: amounts that were observed in cells whose members are alike, and traces."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME

LEVELS = np.concatenate([np.arange(0, 0.9, 0.02), np.arange(0.9, 0.99, 0.005), 1 - 10 ** -np.arange(2, 5.05, 0.1)])
"""Levels at which amounts are known."""
MOST_VALUES = 4_000_000
"""Cell-days that traces are made of, at most; days are thinned out evenly."""


def climate_of(values: np.ndarray) -> np.ndarray:
    """Quantiles [mm/day] at ``LEVELS`` of observed amounts [mm/day]; 0 where there are none."""
    return np.asarray(np.quantile(values, LEVELS)) if values.size else np.zeros(len(LEVELS))


def traces_of(days: xr.Dataset, least_mm: float) -> np.ndarray:
    """Quantiles [mm/day] at ``LEVELS`` of the amounts that members have as 0.

    Args:
        days: with observed ``precip`` (time, y, x) [mm/day].
        least_mm: members have smaller amounts as 0.
    """
    rain = days["precip"]
    values = rain.isel({TIME: slice(None, None, -(-rain.size // MOST_VALUES))}).values
    return climate_of(values[values < least_mm])


def quantiles_in(climate: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Amounts [mm/day] of some levels in a climate, in their shape; the largest that is known above the last one."""
    return np.interp(levels, LEVELS, climate)


def levels_in(climate: np.ndarray, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest level of amounts [mm/day] in a climate, in their shape; they differ for dry cells."""
    first = int(np.searchsorted(climate, 0.0, side="right")) - 1  # the last level that is dry
    x, y = (climate, LEVELS) if first < 0 else (climate[first:], LEVELS[first:])
    highest = np.interp(amounts, x, y, left=0.0)
    return np.where(amounts > 0, highest, 0.0), highest
