"""Days of a store as tensors, and stratified batches of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rainsmith.base.dims import day_numbers
from rainsmith.base.large_arrays import folder_of_large_arrays, release
from rainsmith.data.held_days import held

IN_MEMORY = 128 * 2**20
"""[bytes] Fields of days up to this size are kept in memory."""
MOST_IN_FILES = 32 * 2**30
"""[bytes] Larger fields are not copied: every process of a training makes a copy of its own."""


@dataclass(frozen=True)
class Batch:
    """Some days as tensors.

    Attributes:
        x: (N, C, H_lr, W_lr) raw predictors.
        y: (N, H, W) rain [mm/day], 0 at invalid cells; (N, 0, 0) in a period without observations.
        valid: (N, H, W) bool, or (N, 0, 0).
        days: (N,) YYYYMMDD.
    """

    x: Tensor
    y: Tensor
    valid: Tensor
    days: np.ndarray

    def to(self, device: torch.device) -> Batch:
        """The same days on a device."""
        return Batch(self.x.to(device), self.y.to(device), self.valid.to(device), self.days)


class Days:
    """Random access to the days of a store.

    Args:
        days: a selection of the store along time.
        in_memory: True reads all days at once, False leaves them where they are; None reads up to 128 MiB of a field
            and puts larger ones where ``large_arrays_in`` says, so that no batch waits for a chunk of other days. Where
            it says nothing, or beyond 32 GiB, each batch is read from disk.
    """

    def __init__(self, days: xr.Dataset, in_memory: bool | None = None) -> None:
        wanted = days[[name for name in ("precip", "predictors") if name in days]]
        if in_memory is None:
            size = max((wanted[name].nbytes for name in wanted.data_vars), default=0)
            in_memory = size <= IN_MEMORY or (folder_of_large_arrays() is not None and size <= MOST_IN_FILES)
        self._days = held(wanted, in_memory=IN_MEMORY) if in_memory else wanted
        self.numbers = day_numbers(days["time"])

    def __len__(self) -> int:
        return len(self.numbers)

    def batch(self, indices: np.ndarray, window: tuple[slice, slice] | None = None) -> Batch:
        """The days at ``indices``, in that order; of a window of the fine grid alone, where one is given."""
        # sorted indices touch every Zarr chunk once
        order = np.argsort(indices, kind="stable")
        days = self._days if window is None else self._days.isel(y=window[0], x=window[1], missing_dims="ignore")
        chosen = days.isel(time=np.asarray(indices)[order])
        back = np.argsort(order, kind="stable")
        y = np.empty((len(back), 0, 0), dtype=np.float32)
        if "precip" in chosen:
            y = np.asarray(chosen["precip"].values, dtype=np.float32)[back]
        x = np.asarray(chosen["predictors"].values, dtype=np.float32)[back]
        valid = np.isfinite(y)
        for field in self._days.data_vars.values():
            release(field)
        return Batch(
            torch.from_numpy(x),
            torch.from_numpy(np.where(valid, y, np.float32(0))),
            torch.from_numpy(valid),
            self.numbers[indices],
        )


def stratified_batches(
    heavy: np.ndarray, batch_size: int, min_heavy_fraction: float, generator: np.random.Generator
) -> list[np.ndarray]:
    """One epoch of batches of day indices, each with at least a given share of heavy days.

    Heavy days are spread evenly over the batches. Where there are too few, some are drawn again at random and take the
    place of other days, which come in other epochs.

    Args:
        heavy: (T,) bool, True for heavy days.
        batch_size: number of days of a batch; the last one may be smaller.
        min_heavy_fraction: least share of heavy days in a batch, 0 to 1.
        generator: draws the order of the days and the repeated days.

    Returns:
        Indices of days, one array a batch.
    """
    heavy_days = generator.permutation(np.flatnonzero(heavy))
    other_days = generator.permutation(np.flatnonzero(~heavy))
    n_batches = max(1, -(-len(heavy) // batch_size))
    batches = []
    # array_split puts the larger parts first; the others are reversed, so that no batch gets two larger parts
    others = np.array_split(other_days, n_batches)[::-1]
    for heavy_part, other_part in zip(np.array_split(heavy_days, n_batches), others, strict=True):
        size = len(heavy_part) + len(other_part)
        short = int(np.ceil(min_heavy_fraction * size)) - len(heavy_part)
        if short > 0 and len(heavy_days):
            # repeats take the place of other days; the next epoch draws a new order and brings these back
            extra = generator.choice(heavy_days, size=short, replace=len(heavy_days) < short)
            other_part = other_part[: max(0, len(other_part) - short)]
            heavy_part = np.concatenate([heavy_part, extra])
        batches.append(generator.permutation(np.concatenate([heavy_part, other_part])))
    return batches
