"""The head of ``q-srdrn``: monotone quantiles, and the pinball loss that they are trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional as F

from rainsmith.base.errors import UserError
from rainsmith.config import Downscale
from rainsmith.models.downscaling.heads.head import Head

MEDIAN = 0.5
"""Level of the quantile that is the forecast."""


class MonotoneQuantiles(Head):
    """Quantiles that cannot cross: the lowest, then increments through a softplus, in normalised space.

    Trained on the pinball loss in mm/day (Koenker and Bassett 1978, doi:10.2307/1913643), for each quantile divided by
    that of the training climate's own quantile, so that the rare ones are learned as much as the median. The forecast
    is the median. Only the quantiles that it was trained on can be forecast.
    """

    climate_loss: Tensor
    levels: Tensor

    def __init__(self, domain: xr.Dataset, settings: Downscale, wet_mm: float) -> None:
        super().__init__(domain, settings, wet_mm)
        self.channels = len(settings.quantiles)
        self.median = settings.quantiles.index(MEDIAN)
        self.register_buffer("levels", torch.tensor(settings.quantiles)[:, None], persistent=False)
        self.register_buffer("climate_loss", torch.ones(self.channels, 1))  # [mm/day]

    def start(self, amounts: Tensor) -> Tensor:
        climate = torch.from_numpy(np.quantile(amounts.numpy(), self.settings.quantiles)).to(amounts)
        loss = pinball(climate[None, :, None], amounts[None], self.levels).mean(dim=2)[0]
        self.climate_loss = loss.clamp_min(1e-3 * self.wet_mm)[:, None]
        normalised = self.transform(climate)
        steps = torch.diff(normalised).clamp_min(1e-2)
        return torch.cat([normalised[:1], steps.expm1().log()])  # the inverse of softplus

    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        return (pinball(self.quantiles(values), y, self.levels) / self.climate_loss).mean(dim=1)

    def expected(self, values: Tensor, amounts: Tensor, weights: Tensor) -> Tensor:
        # the slope of the expected loss of a quantile is the probability below it minus its level: no need to follow
        # the losses of all amounts back
        quantiles = self.quantiles(values)
        with torch.no_grad():
            below, loss = torch.zeros_like(quantiles), torch.zeros_like(quantiles)
            for amount, weight in zip(amounts.unbind(1), weights, strict=True):
                excess = quantiles - amount[:, None]
                below += weight * (excess > 0)
                loss += weight * torch.maximum(-self.levels * excess, (1 - self.levels) * excess)
            slope = below - self.levels
        with_slope = loss + slope * (quantiles - quantiles.detach())
        return (with_slope / self.climate_loss).mean(dim=1)

    def quantiles(self, values: Tensor) -> Tensor:
        """(N, Q, cells) [mm/day], in the order of the levels; below 0 where dry."""
        steps = torch.cat([values[:, :1], F.softplus(values[:, 1:])], dim=1)
        return self.to_mm(steps.cumsum(dim=1))

    def amounts(self, values: Tensor, levels: Sequence[float] | None = None) -> tuple[Tensor, Tensor]:
        places = self._places(self.settings.quantiles if levels is None else levels)
        # rounding in exp may reverse the order of two quantiles that are nearly equal
        ordered = self.quantiles(values).clamp_min(0.0).cummax(dim=1).values
        return ordered[:, self.median], ordered[:, places]

    def _places(self, levels: Sequence[float]) -> list[int]:
        """Where the levels stand among those of the training."""
        known = self.settings.quantiles
        for level in levels:
            if level not in known:
                raise UserError(
                    f"found the quantile {level:g}, but {self.settings.network} was trained on {known}; give these, or "
                    "train a network that forecasts a distribution"
                )
        return [known.index(level) for level in levels]


def pinball(forecast: Tensor, y: Tensor, levels: Tensor) -> Tensor:
    """Pinball loss of quantiles [mm/day]: max(q (y - f), (q - 1) (y - f)).

    Args:
        forecast: (N, Q, cells).
        y: (N, cells).
        levels: (Q, 1).
    """
    error = y[:, None] - forecast
    return torch.maximum(levels * error, (levels - 1) * error)
