"""A network with its units: mm/day in, mm/day out; nothing outside sees a normalised number."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.config import Config, UserError
from rainsmith.data.normalise import PredictandTransform, Standardiser, standardised_statics
from rainsmith.models.blocks import kl_per_dimension
from rainsmith.models.flat import FlatCVAE
from rainsmith.models.objective import ReferenceLoss


class GenerativeModel(nn.Module):
    """p(y | x, s) in physical units.

    ``forward`` returns the loss terms, so that the same call works on one device and under DDP.

    Args:
        config: the run's configuration.
        domain: the store without its time dimension: grids, statics and training statistics.
    """

    statics: Tensor

    def __init__(self, config: Config, domain: xr.Dataset) -> None:
        super().__init__()
        self.network = build_network(config, domain)
        self.standardise = Standardiser.from_store(domain)
        self.transform = PredictandTransform.from_store(domain, config.transform)
        self.register_buffer("statics", standardised_statics(domain))
        scale = float(domain["p90"]) if config.loss.scale == "p90" else float(config.loss.scale)
        self.loss = ReferenceLoss(config.loss, scale=max(scale, config.data.wet_mm), p99=float(domain["p99"]))

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        """Shape of the noise of one member, one entry a latent level."""
        return self.network.latent_shapes

    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float) -> tuple[dict[str, Tensor], Tensor]:
        """Loss terms of a batch, and the KL of each latent dimension.

        Args:
            x: (N, C, H_lr, W_lr) raw predictors.
            y: (N, H, W) [mm/day], 0 where invalid.
            valid: (N, H, W) bool.
            beta: weight of the KL.
        """
        condition = self.network.encode_x(self.standardise(x))
        posterior = self.network.posterior(condition, self._normalised(y, valid), self.statics)
        z = posterior.draw(torch.randn_like(posterior.mu))
        y_hat = self.transform.inverse(self.network.decode(z, condition), clip=False)
        kl = kl_per_dimension(posterior.mu, posterior.logvar)
        return self.loss(y_hat, y, valid, kl, beta), kl.detach()

    @torch.no_grad()
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Members [mm/day] (N, K, H, W): prior, or posterior of the observation ``y`` [mm/day] (N, H, W)."""
        normalised = (
            None if y is None else self._normalised(y, torch.ones_like(y, dtype=torch.bool) if valid is None else valid)
        )
        return self.transform.inverse(
            self.network.draw(self.standardise(x), self.statics, noise, normalised, temperature)
        )

    def _normalised(self, y: Tensor, valid: Tensor) -> Tensor:
        return torch.where(valid, self.transform(y), 0.0)[:, None]


def build_network(config: Config, domain: xr.Dataset) -> FlatCVAE:
    """The network that ``config.model`` names, for the grids of ``domain``."""
    fine = (domain.sizes["y"], domain.sizes["x"])
    coarse = (domain.sizes["y_lr"], domain.sizes["x_lr"])
    if config.model.name == "flat":
        side = int(domain.attrs.get("coarsen", 0))  # padded blocks of the target reach beyond it
        padded = (coarse[0] * side, coarse[1] * side) if side else fine
        covered = (min(1.0, fine[0] / padded[0]), min(1.0, fine[1] / padded[1]))
        return FlatCVAE(config.model, domain.sizes["channel"], domain.sizes["static"], fine, coarse, covered)
    raise UserError(f"model.name is '{config.model.name}', which is not built yet; expected 'flat'")
