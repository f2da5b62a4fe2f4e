"""A generative model without an encoder, a KL divergence and a curve: as little as the protocol asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.config import Config, ModelSettings
from rainsmith.models.generative import AS_TRAINED, Drawing, GenerativeModel, without_drizzle
from rainsmith.models.registry import MODELS, ModelKind
from rainsmith.models.training_scores import fair_crps


class BareSettings(ModelSettings):
    """Settings of the bare model."""

    name: Literal["bare"] = "bare"
    members: int = 2
    """Members a day that the loss scores."""


class BareModel(GenerativeModel):
    """One convolution of the predictors, interpolated to the fine grid, and noise; trained on the fair CRPS."""

    has_posterior = False

    def __init__(self, config: Config, domain: xr.Dataset) -> None:
        super().__init__(config, domain)
        assert isinstance(config.model, BareSettings)
        self.members, self.fine = config.model.members, (domain.sizes["y"], domain.sizes["x"])
        self.network = nn.Conv2d(domain.sizes["channel"] + 1, 1, 3, padding=1)
        for name in ("mean", "std"):
            values = torch.from_numpy(domain[f"predictor_{name}"].values).float()[:, None, None]
            self.register_buffer(name, values, persistent=False)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return [(1, *self.fine)]

    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float) -> tuple[dict[str, Tensor], Tensor]:
        assert beta == 0
        noise = torch.randn(len(x), self.members, 1, *self.fine, device=x.device)
        crps = fair_crps(self._amounts(x, noise), y)
        loss = (crps * valid).sum() / valid.sum()
        return {"loss": loss, "crps": loss.detach()}, loss.new_empty(0)

    @torch.no_grad()
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = AS_TRAINED,
    ) -> Tensor:
        assert y is None
        return without_drizzle(self._amounts(x, how.temperature * noise[0]).clamp_min(0.0), how.threshold_mm)

    def _amounts(self, x: Tensor, noise: Tensor) -> Tensor:
        """(N, C, H_lr, W_lr) and noise (N, K, 1, H, W) to (N, K, H, W) [mm/day]."""
        fine = F.interpolate((x - self.mean) / self.std, size=self.fine, mode="bilinear")
        both = torch.cat([fine[:, None].expand(-1, noise.shape[1], -1, -1, -1), noise], dim=2)
        fields = self.network(both.flatten(0, 1)).view(noise.shape[:2] + self.fine)
        return self.transform.inverse(F.leaky_relu(fields.float(), 0.1), clip=False)


@contextmanager
def bare_model() -> Iterator[ModelKind]:
    """The bare model among those that a configuration can name, until the end of the block."""
    kind = ModelKind(
        name="bare",
        order=30,
        title="bare model",
        meaning="One convolution with noise.",
        settings=BareSettings,
        build=BareModel,
    )
    assert len(MODELS) > 0  # the package's own records come first
    MODELS.add(kind)
    try:
        yield kind
    finally:
        del MODELS._records[kind.name]
