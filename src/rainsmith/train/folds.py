"""Which days teach a network of a pool, and which choose its epoch and fit its curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, day_numbers, in_split
from rainsmith.base.errors import UserError

LONG_PAUSE = 27
"""[days] A longer pause lies between two seasons."""


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
        fold: the block of the training and validation days together that chooses while all others teach; None leaves
            training and validation days as they are.

    Raises:
        UserError: fewer than two days on one side.
    """
    if fold is None:
        chosen = {split: in_split(store, split) for split in ("train", "validation")}
    else:
        known = np.isin(store["split"].values, [SPLITS.index("train"), SPLITS.index("validation")])
        days = store.isel(time=np.flatnonzero(known))
        left_out = blocks_of_days(day_numbers(days["time"]), fold.of) == fold.number
        chosen = {
            "train": days.isel(time=np.flatnonzero(~left_out)),
            "validation": days.isel(time=np.flatnonzero(left_out)),
        }
    for split, days in chosen.items():
        if days.sizes["time"] < 2:
            raise UserError(f"the {split} split has {days.sizes['time']} days, expected 2 or more; change data.splits")
    return chosen["train"], chosen["validation"]


def blocks_of_days(numbers: np.ndarray, blocks: int) -> np.ndarray:
    """Split days into blocks of much the same length that end with a season, or else with a year.

    Args:
        numbers: (days,) YYYYMMDD, rising.
        blocks: how many.

    Returns:
        (days,) number of the block of each day.
    """
    ordinal = numbers // 10000 * 372 + numbers // 100 % 100 * 31 + numbers % 100
    ends = np.flatnonzero(np.diff(ordinal) > LONG_PAUSE + 3) + 1
    if not len(ends):
        ends = np.flatnonzero(np.diff(numbers // 10000)) + 1
    wanted = np.arange(1, blocks) * len(numbers) / blocks
    if len(ends):
        nearest = ends[np.abs(ends[:, None] - wanted).argmin(axis=0)]
        if len(np.unique(nearest)) == blocks - 1:
            wanted = nearest
    return np.searchsorted(wanted, np.arange(len(numbers)), side="right")
