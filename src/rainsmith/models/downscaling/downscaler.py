"""A downscaling network in physical units: raw predictors in, mm/day out (docs/downscaling.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.config import Downscale
from rainsmith.data.normalise import Standardiser
from rainsmith.models.geometry import Geometry, valid_box
from rainsmith.models.registry import NETWORKS


class Lesson(NamedTuple):
    """What a generative model says of the rain of some days, beside what was observed.

    Attributes:
        amounts: (N, M, cells) [mm/day] of the cells that can be valid.
        weights: (M,) probability of each amount.
        share: of the loss that they make, 0 to 1; the observation makes the rest.
    """

    amounts: Tensor
    weights: Tensor
    share: float


class Downscaler(nn.Module):
    """p(y | x, s), or one figure of it, in physical units.

    Args:
        settings: of the downscaler.
        domain: the store without its time dimension: grids, statics and training statistics.
        wet_mm: least rain of a wet cell [mm/day].
    """

    cells: Tensor

    def __init__(self, settings: Downscale, domain: xr.Dataset, *, wet_mm: float = 0.1) -> None:
        super().__init__()
        self.settings = settings
        self.history: list[dict[str, float]] = []  # scores of each validation of its training
        self.standardise = Standardiser.from_store(domain, log_rain=True)
        self.kind = NETWORKS[settings.network]
        self.head = self.kind.head(domain, settings, wet_mm)
        whole = Geometry.from_domain(domain)
        geometry = whole.within(valid_box(whole.mask.numpy()))
        self.network = self.kind.trunk(domain.sizes["channel"], self.head.channels, geometry, settings)
        self.register_buffer("cells", torch.from_numpy(np.flatnonzero(whole.mask.numpy())), persistent=False)
        self.size = whole.fine

    @property
    def quantiles(self) -> Sequence[float]:
        """Levels of the quantiles that it forecasts; none where it forecasts one amount."""
        return self.settings.quantiles if self.kind.forecasts_quantiles else ()

    def start_from(self, amounts: np.ndarray) -> None:
        """Let the network begin with the climate of ``amounts`` [mm/day], any number of valid values.

        Keeps the figures of that climate by which losses are scaled.
        """
        bias = self.head.start(torch.from_numpy(np.ascontiguousarray(amounts, dtype=np.float32)))
        with torch.no_grad():
            self.network.to_cells.last.bias.copy_(bias)

    def forward(self, x: Tensor, y: Tensor, valid: Tensor, lesson: Lesson | None = None) -> Tensor:
        """Mean loss over valid cells.

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            y: (N, H, W) [mm/day], anything where invalid.
            valid: (N, H, W) bool.
            lesson: of the same days; None learns from the observation alone.
        """
        there = valid.flatten(1)[:, self.cells]
        observed = torch.where(there, y.flatten(1)[:, self.cells], 0.0)
        values = self._values(x)
        losses = self.head.losses(values, observed)
        loss = torch.where(there, losses, 0.0).sum() / there.sum().clamp_min(1)
        if lesson is None:
            return loss
        taught = self.head.expected(values, lesson.amounts, lesson.weights).mean()
        return (1 - lesson.share) * loss + lesson.share * taught

    @torch.no_grad()
    def predict(self, x: Tensor, levels: Sequence[float] | None = None) -> tuple[Tensor, Tensor | None]:
        """Forecast (N, H, W) [mm/day] of raw predictors (N, C, H_lr, W_lr), and its quantiles (N, Q, H, W) if any.

        NaN at cells that are never valid.

        Args:
            x: raw predictors.
            levels: rising levels of the quantiles; None takes ``quantiles``.

        Raises:
            UserError: the network has no quantile of one of these levels.
        """
        amounts, quantiles = self.head.amounts(self._values(x), levels)
        return self._on_grid(amounts), None if quantiles is None else self._on_grid(quantiles)

    @torch.no_grad()
    def crps(self, x: Tensor, y: Tensor) -> Tensor | None:
        """CRPS (N, H, W) [mm/day] of the forecast distribution; None where the network forecasts none.

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            y: (N, H, W) observed [mm/day], anything where invalid.
        """
        found = self.head.crps(self._values(x), y.flatten(1)[:, self.cells])
        return None if found is None else self._on_grid(found)

    def _values(self, x: Tensor) -> Tensor:
        scaled = self.standardise(x).contiguous(memory_format=torch.channels_last)
        values: Tensor = self.network(scaled)
        return values

    def _on_grid(self, values: Tensor) -> Tensor:
        whole = values.new_full((*values.shape[:-1], self.size[0] * self.size[1]), torch.nan)
        whole[..., self.cells] = values
        return whole.reshape(*values.shape[:-1], *self.size)
