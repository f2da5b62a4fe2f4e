"""Climatology: days of the training years from the same season."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.baselines.fields import library_of
from rainsmith.baselines.registry import BASELINES, Baseline

WINDOW_DAYS = 15
"""[days] Half width of the season that climatology draws from."""


def climatology(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """Training days within 15 calendar days, of any year, drawn without replacement; never the day itself.

    Args:
        store: the prepared data.
        days: (day,) indices of the days to forecast.
        members: number of members.
        seed: of the draws.

    Returns:
        (day, member, cell) [mm/day] at the valid cells.

    Raises:
        UserError: a day has no training day in its season.
    """
    library = library_of(store)
    time = store[TIME]
    year_length = 360 if time.dt.calendar == "360_day" else 365
    season = time.dt.dayofyear.values.astype(int)
    numbers = day_numbers(time)
    chosen = np.empty((len(days), members), dtype=np.int64)
    for row, day in enumerate(days):
        away = np.abs(season[library.days] - season[day])
        near = np.minimum(away, year_length - away) <= WINDOW_DAYS
        candidates = np.flatnonzero(near & (library.days != day))
        if not len(candidates):
            raise UserError(
                f"found no training day within {WINDOW_DAYS} calendar days of {numbers[day]}; climatology needs some; "
                "train on the same months"
            )
        generator = np.random.default_rng([seed % 2**32, int(numbers[day])])
        rounds = -(-members // len(candidates))  # a day is repeated only where all candidates are used up
        drawn = np.concatenate([generator.permutation(candidates) for _ in range(rounds)])
        chosen[row] = drawn[:members]
    return library.fields(chosen)


BASELINES.add(
    Baseline(
        name="climatology",
        order=10,
        title="climatology",
        meaning="days of the training years within 15 calendar days",
        needs_coarse_rain=False,
        single_valued=False,
        by_default=True,
        function=climatology,
        drawn=True,
    )
)
