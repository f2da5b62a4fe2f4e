"""``downscale.network: unet-egp``: its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rainsmith.config import Downscale
from rainsmith.models.downscaling_kinds.unet import unet_trunk
from rainsmith.models.registry import NETWORKS, NetworkKind

if TYPE_CHECKING:
    import xarray as xr

    from rainsmith.models.downscaling.heads import Head


def _head(domain: xr.Dataset, settings: Downscale, wet_mm: float) -> Head:
    from rainsmith.models.downscaling.heads import BernoulliPareto

    return BernoulliPareto(domain, settings, wet_mm)


NETWORKS.add(
    NetworkKind(
        name="unet-egp",
        order=40,
        title="UNet with a Pareto tail",
        meaning="A Bernoulli and extended generalised Pareto distribution of each cell, trained on its likelihood; the "
        "forecast is the mean.",
        forecasts_quantiles=True,
        needs_quantiles=(),
        head=_head,
        trunk=unet_trunk,
        forecasts_mean=True,
    )
)
