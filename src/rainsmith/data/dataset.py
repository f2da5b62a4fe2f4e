"""Days of a store as tensors, and stratified batches of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rainsmith.base.dims import day_numbers


@dataclass(frozen=True)
class Batch:
    """Some days: x raw (N, C, H_lr, W_lr), y [mm/day] (N, H, W) with 0 at invalid cells, valid (N, H, W) bool.

    Where nothing was observed (application to a new period), y and valid are (N, 0, 0).
    """

    x: Tensor
    y: Tensor
    valid: Tensor
    days: np.ndarray  # (N,) YYYYMMDD

    def to(self, device: torch.device) -> Batch:
        return Batch(self.x.to(device), self.y.to(device), self.valid.to(device), self.days)


class Days:
    """Random access to the days of a selection of a store, in memory or read as asked.

    Args:
        days: a selection of the store along time.
        in_memory: True reads everything at once (the default for up to 2 GiB).
    """

    def __init__(self, days: xr.Dataset, in_memory: bool | None = None) -> None:
        wanted = days[[name for name in ("precip", "predictors") if name in days]]
        if in_memory is None:
            in_memory = sum(4 * wanted[name].size for name in wanted.data_vars) < 2 * 2**30
        self._days = wanted.load() if in_memory else wanted
        self.numbers = day_numbers(days["time"])

    def __len__(self) -> int:
        return len(self.numbers)

    def batch(self, indices: np.ndarray) -> Batch:
        """The days at ``indices``, in that order."""
        # a sorted read touches every Zarr chunk once
        order = np.argsort(indices, kind="stable")
        chosen = self._days.isel(time=np.asarray(indices)[order])
        back = np.argsort(order, kind="stable")
        y = np.empty((len(back), 0, 0), dtype=np.float32)
        if "precip" in chosen:
            y = np.asarray(chosen["precip"].values, dtype=np.float32)[back]
        x = np.asarray(chosen["predictors"].values, dtype=np.float32)[back]
        valid = np.isfinite(y)
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

    Heavy days are spread evenly over the batches; where they do not suffice, some are drawn again at random and take
    the place of other days, which other epochs then hold.

    Args:
        heavy: (T,) bool.
        batch_size: days a batch; the last one may be smaller.
        min_heavy_fraction: least share of heavy days in a batch.
        generator: of the order and of the repeats.
    """
    heavy_days = generator.permutation(np.flatnonzero(heavy))
    other_days = generator.permutation(np.flatnonzero(~heavy))
    n_batches = max(1, -(-len(heavy) // batch_size))
    batches = []
    # array_split puts the larger parts first; reversed for the others, so that no batch gets two larger parts in vain
    others = np.array_split(other_days, n_batches)[::-1]
    for heavy_part, other_part in zip(np.array_split(heavy_days, n_batches), others, strict=True):
        size = len(heavy_part) + len(other_part)
        short = int(np.ceil(min_heavy_fraction * size)) - len(heavy_part)
        if short > 0 and len(heavy_days):
            # repeats take the place of other days, which the next epoch's permutation brings back
            extra = generator.choice(heavy_days, size=short, replace=len(heavy_days) < short)
            other_part = other_part[: max(0, len(other_part) - short)]
            heavy_part = np.concatenate([heavy_part, extra])
        batches.append(generator.permutation(np.concatenate([heavy_part, other_part])))
    return batches
