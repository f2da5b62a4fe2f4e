"""What is known without a model: the climate of the rain of all cells, by season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME

SEASONS = ("DJF", "MAM", "JJA", "SON")
LEVELS = np.concatenate([np.arange(0, 0.9, 0.02), np.arange(0.9, 0.99, 0.005), 1 - 10 ** -np.arange(2, 5.05, 0.1)])
"""Levels at which the climate is known."""
MOST_VALUES = 4_000_000
"""Cell-days that the climate of a season is made of, at most; days are thinned out evenly."""


def season_of(months: np.ndarray) -> np.ndarray:
    """Numbers of the seasons (in ``SEASONS``) of some months, 1 to 12."""
    return np.asarray(months) % 12 // 3


@dataclass(frozen=True, eq=False)
class Climate:
    """The distribution of the rain of any cell on any day of a season.

    Attributes:
        amounts: (seasons, levels) quantiles [mm/day] at ``LEVELS``, not falling.
        traces: (levels,) quantiles [mm/day] of the amounts that members have as 0.
    """

    amounts: np.ndarray
    traces: np.ndarray

    @classmethod
    def of_days(cls, days: xr.Dataset, least_mm: float) -> Climate:
        """The climate of some days; a season without any has that of the year.

        Args:
            days: with observed ``precip`` (time, y, x) [mm/day].
            least_mm: members have smaller amounts as 0.
        """
        seasons = season_of(days[TIME].dt.month.values)
        whole = _values(days["precip"])
        parts = [np.flatnonzero(seasons == number) for number in range(len(SEASONS))]
        by_season = [_quantiles(_values(days["precip"].isel({TIME: part})) if len(part) else whole) for part in parts]
        return cls(np.stack(by_season), _quantiles(whole[whole < least_mm]))

    def quantiles(self, levels: np.ndarray, season: int) -> np.ndarray:
        """Amounts [mm/day] of some levels, in their shape; the largest that is known above the last one."""
        return np.interp(levels, LEVELS, self.amounts[season])

    def levels(self, amounts: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest level of amounts [mm/day], in their shape; they differ for dry cells."""
        known = self.amounts[season]
        first = int(np.searchsorted(known, 0.0, side="right")) - 1  # the last level that is dry
        x, y = (known, LEVELS) if first < 0 else (known[first:], LEVELS[first:])
        highest = np.interp(amounts, x, y, left=0.0)
        return np.where(amounts > 0, highest, 0.0), highest


def _values(rain: xr.DataArray) -> np.ndarray:
    """Observed amounts of evenly spaced days."""
    values = rain.isel({TIME: slice(None, None, -(-rain.size // MOST_VALUES))}).values
    return np.asarray(values[np.isfinite(values)])


def _quantiles(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.quantile(values, LEVELS)) if values.size else np.zeros(len(LEVELS))
