"""Which days teach a network of a pool, and which choose its epoch and fit its curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.metrics.bootstrap import calendar_blocks

LONG_PAUSE = 30
"""[days] A longer pause lies between two seasons."""
GAP = 5
"""[days] Days this near to a block that chooses teach nothing: a storm may belong to both sides, and predictors may
hold the rain of neighbouring days."""
LONGEST_BLOCK = 1.5
"""Largest length of a block over their mean."""


@dataclass(frozen=True)
class Fold:
    """One block of years among several.

    Attributes:
        number: of the block, from 0.
        of: number of blocks.
    """

    number: int
    of: int


def days_to_learn_and_to_choose(store: xr.Dataset, fold: Fold | None) -> tuple[xr.Dataset, xr.Dataset]:
    """The days that teach, and the days that choose an epoch.

    Args:
        store: the prepared data.
        fold: the block of the training and validation days together that chooses while all others teach, but for a
            few days on each side of it; None leaves training and validation days as they are.

    Raises:
        UserError: fewer than two days on one side.
    """
    if fold is None:
        chosen = {split: in_split(store, split) for split in ("train", "validation")}
    else:
        known = np.isin(store["split"].values, [SPLITS.index("train"), SPLITS.index("validation")])
        days = store.isel(time=np.flatnonzero(known))
        left_out = blocks_of_days(day_numbers(days["time"]), fold.of) == fold.number
        teaches = _far_from(calendar_blocks(days["time"], 1), left_out)
        chosen = {
            "train": days.isel(time=np.flatnonzero(teaches)),
            "validation": days.isel(time=np.flatnonzero(left_out)),
        }
    for split, days in chosen.items():
        if days.sizes["time"] < 2:
            raise UserError(f"the {split} split has {days.sizes['time']} days, expected 2 or more; change data.splits")
    return chosen["train"], chosen["validation"]


def _far_from(day: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """(days,) bool, whether a day lies more than ``GAP`` days from all that are left out.

    Args:
        day: (days,) number of the day, rising.
        left_out: (days,) bool.
    """
    others = day[left_out]
    if not others.size:
        return ~left_out
    after = np.searchsorted(others, day)
    before = np.abs(day - others[np.maximum(after - 1, 0)])
    behind = np.abs(day - others[np.minimum(after, others.size - 1)])
    return np.asarray(np.minimum(before, behind) > GAP)


def blocks_of_days(numbers: np.ndarray, blocks: int) -> np.ndarray:
    """Split days into blocks of much the same length that end with a year, or with a season of a seasonal record.

    Where such blocks would differ much in length, they end anywhere.

    Args:
        numbers: (days,) YYYYMMDD, rising.
        blocks: how many.

    Returns:
        (days,) number of the block of each day.
    """
    length = len(numbers) / blocks
    wanted = np.arange(1, blocks) * length
    for ends in _ends_of_seasons_or_years(numbers):
        nearest = ends[np.abs(ends[:, None] - wanted).argmin(axis=0)] if len(ends) else wanted
        lengths = np.diff([0, *nearest, len(numbers)])
        if lengths.min() > 0 and lengths.max() <= LONGEST_BLOCK * length:
            wanted = nearest
            break
    return np.searchsorted(wanted, np.arange(len(numbers)), side="right")


def _ends_of_seasons_or_years(numbers: np.ndarray) -> list[np.ndarray]:
    """Places after which a block may end, the better choice first: pauses within years, then ends of years."""
    ordinal = numbers // 10000 * 372 + (numbers // 100 % 100 - 1) * 31 + numbers % 100 - 1
    pauses = np.flatnonzero(np.diff(ordinal) > LONG_PAUSE) + 1
    years = np.flatnonzero(np.diff(numbers // 10000)) + 1
    within = np.setdiff1d(pauses, years)
    is_seasonal = len(within) >= max(1, len(years) - 1)  # a pause in nearly every year
    return [pauses, years] if is_seasonal else [years]
