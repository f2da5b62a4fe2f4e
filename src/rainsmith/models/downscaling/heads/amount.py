"""The head of ``srdrn``: one amount for each cell."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from rainsmith.models.downscaling.heads.head import Head


class Amount(Head):
    """One amount for each cell, trained on the mean of w |y_hat - y| with w = clip(y / scale, w_min, w_max).

    This is not a proper score: an error that is weighted by the outcome rewards over-forecasting (Lerch et al. 2017,
    doi:10.1214/16-STS588). The reference's downscaler is trained on it.
    """

    channels = 1

    def start(self, amounts: Tensor) -> Tensor:
        return self.transform(amounts.median())[None]

    def losses(self, values: Tensor, y: Tensor) -> Tensor:
        weight = (y / self.settings.scale_mm).clamp(self.settings.w_min, self.settings.w_max)
        return weight * (self.to_mm(values[:, 0]) - y).abs()

    def amounts(self, values: Tensor, levels: Sequence[float] | None = None) -> tuple[Tensor, None]:
        return self.to_mm(values[:, 0]).clamp_min(0.0), None
