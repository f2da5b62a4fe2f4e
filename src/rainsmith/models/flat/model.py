"""The reference's cVAE in physical units: mm/day in, mm/day out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor

from rainsmith.config import Config
from rainsmith.data.normalise import Standardiser, standardised_statics
from rainsmith.models.blocks import kl_per_dimension
from rainsmith.models.flat.loss import ReferenceLoss
from rainsmith.models.flat.network import FlatCVAE
from rainsmith.models.generative import AS_TRAINED, Drawing, GenerativeModel, all_valid, without_drizzle
from rainsmith.models.generative_kinds.flat import FlatSettings


class FlatModel(GenerativeModel):
    """The reference's cVAE with the reference's loss.

    Args:
        config: the run's configuration; its model is ``flat``.
        domain: the store without its time dimension.
    """

    network: FlatCVAE
    statics: Tensor

    def __init__(self, config: Config, domain: xr.Dataset) -> None:
        super().__init__(config, domain)
        settings = config.model
        assert isinstance(settings, FlatSettings)
        fine, coarse = (domain.sizes["y"], domain.sizes["x"]), (domain.sizes["y_lr"], domain.sizes["x_lr"])
        side = int(domain.attrs.get("coarsen", 0))  # [fine cells] padded blocks of the target reach beyond it
        padded = (coarse[0] * side, coarse[1] * side) if side else fine
        covered = (min(1.0, fine[0] / padded[0]), min(1.0, fine[1] / padded[1]))
        self.network = FlatCVAE(settings, domain.sizes["channel"], domain.sizes["static"], fine, coarse, covered)
        self.standardise = Standardiser.from_store(domain)
        self.register_buffer("statics", standardised_statics(domain))
        scale = float(domain["p90"]) if settings.loss.scale == "p90" else float(settings.loss.scale)
        self.objective = ReferenceLoss(settings.loss, scale=max(scale, config.data.wet_mm), p99=float(domain["p99"]))

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return self.network.latent_shapes

    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float) -> tuple[dict[str, Tensor], Tensor]:
        condition = self.network.encode_x(self.standardise(x))
        posterior = self.network.posterior(condition, self.normalised(y, valid), self.statics)
        z = posterior.draw(torch.randn_like(posterior.mu))
        y_hat = self.transform.inverse(self.network.decode(z, condition), clip=False)
        kl = kl_per_dimension(posterior.mu, posterior.logvar)
        return self.objective(y_hat, y, valid, kl, beta), kl.detach()

    @torch.no_grad()
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = AS_TRAINED,
    ) -> Tensor:
        storm = None if y is None else self.normalised(y, all_valid(y) if valid is None else valid)
        fields = self.network.draw(
            self.standardise(x),
            self.statics,
            noise,
            storm,
            how.temperature,
            0.0 if how.keep_levels is None or how.keep_levels > 0 else how.variation,
        )
        return without_drizzle(self.transform.inverse(fields), how.threshold_mm)

    @torch.no_grad()
    def posterior_latents(self, x: Tensor, noise: Sequence[Tensor], y: Tensor, valid: Tensor) -> list[Tensor]:
        condition = self.network.encode_x(self.standardise(x))
        return [self.network.posterior(condition, self.normalised(y, valid), self.statics).draw(noise[0])]
