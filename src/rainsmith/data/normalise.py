"""Normalisation of rain and predictors. Outside the network all rain is in mm/day; only this module converts it.

There are two transforms of rain, both with statistics of the training days, which the store holds:

- ``log1p-cell``: z = (log1p(y) - mean) / std for each cell. The std has a floor, so that z stays finite in a cell that
  is almost never wet. Statistics that came with legacy files are used without the floor, in both directions.
- ``log1p-global``: z = log1p(y) / std with one standard deviation for the domain, so that 0 mm stays 0.

inverse(forward(y)) = y for every y >= 0; the inverse clips at 0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.base.errors import UserError
from rainsmith.data.statistics import cell_statistics

MAX_LOG1P = 12.0
"""log1p of 160 000 mm/day, far above any rain; it keeps expm1 finite."""


class PredictandTransform(nn.Module):
    """Converts tensors (..., H, W) between mm/day and normalised values.

    Args:
        mean: (H, W) or scalar mean of log1p mm/day.
        std: (H, W) or scalar standard deviation of log1p mm/day, positive where cells are valid.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: np.ndarray, std: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(np.asarray(mean), dtype=torch.float32))
        self.register_buffer("std", torch.as_tensor(np.asarray(std), dtype=torch.float32))

    @classmethod
    def from_store(cls, domain: xr.Dataset, kind: Literal["log1p-cell", "log1p-global"]) -> PredictandTransform:
        """The transform with the training statistics of a store (or of a checkpoint's domain)."""
        if kind == "log1p-global":
            return cls(np.zeros(()), np.asarray(domain["log_std_global"].values))
        mean, std = cell_statistics(domain)
        known = np.isfinite(mean) & np.isfinite(std)
        return cls(np.where(known, mean, 0.0), np.where(known, std, 1.0))

    def forward(self, y: Tensor) -> Tensor:
        """Normalise mm/day."""
        return (torch.log1p(y) - self.mean) / self.std

    def inverse(self, z: Tensor, *, clip: bool = True) -> Tensor:
        """Convert normalised values to mm/day, clipped at 0 and at e^12 mm, above which float32 would overflow.

        A loss uses ``clip=False``: values between -1 and 0 mm then keep a gradient, so that a dry cell can become wet.
        """
        logged = (z * self.std + self.mean).clamp(max=MAX_LOG1P)
        return torch.expm1(logged.clamp(min=0.0) if clip else logged)


class Standardiser(nn.Module):
    """z-scores of predictors (N, C, H_lr, W_lr) by channel; missing values become 0, the training mean.

    Args:
        mean: (C,) means of the training days.
        std: (C,) standard deviations of the training days.
        logged: (C,) bool, True for channels of rain that enter as log1p of mm/day; their mean and std are of log1p.
    """

    mean: Tensor
    std: Tensor
    logged: Tensor

    def __init__(self, mean: np.ndarray, std: np.ndarray, logged: np.ndarray | None = None) -> None:
        super().__init__()
        flat = np.where(np.asarray(std) > 0, std, 1.0)  # a constant channel becomes 0 everywhere
        self.register_buffer("mean", torch.as_tensor(np.asarray(mean), dtype=torch.float32)[:, None, None])
        self.register_buffer("std", torch.as_tensor(flat, dtype=torch.float32)[:, None, None])
        by_channel = np.zeros(len(flat), dtype=bool) if logged is None else np.asarray(logged)
        self.register_buffer("logged", torch.as_tensor(by_channel)[:, None, None])

    @classmethod
    def from_store(cls, domain: xr.Dataset, *, log_rain: bool = False) -> Standardiser:
        """The z-scores with statistics of a store's training days; rain enters as log1p where ``log_rain`` is True."""
        mean, std = domain["predictor_mean"].values, domain["predictor_std"].values
        if not log_rain:
            return cls(mean, std)
        if "predictor_log_mean" not in domain:
            raise UserError(
                "the store has no statistics of log1p rain among its predictors; run 'rainsmith prepare' again"
            )
        log_mean, log_std = domain["predictor_log_mean"].values, domain["predictor_log_std"].values
        logged = np.isfinite(log_mean)
        return cls(np.where(logged, log_mean, mean), np.where(logged, log_std, std), logged)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.where(self.logged, torch.log1p(x.clamp_min(0.0)), x)
        return torch.nan_to_num((x - self.mean) / self.std, nan=0.0)


def standardised_statics(domain: xr.Dataset) -> Tensor:
    """Static maps (S, H, W), each with mean 0 and standard deviation 1 over valid cells, 0 elsewhere.

    A valid cell without a value, such as one whose climate is unknown because it was not observed in training, gets the
    mean, 0.
    """
    maps = np.asarray(domain["statics"].values, dtype=np.float32)
    known = np.asarray(domain["mask"].values, dtype=bool) & np.isfinite(maps)
    count = np.maximum(known.sum(axis=(1, 2), keepdims=True), 1)
    mean = np.where(known, maps, 0.0).sum(axis=(1, 2), keepdims=True, dtype=np.float64) / count
    away = np.where(known, maps - mean, 0.0)
    std = np.sqrt((away**2).sum(axis=(1, 2), keepdims=True) / count)
    return torch.from_numpy((away / np.where(std > 0, std, 1.0)).astype(np.float32))
