"""``downscale.network: unet``: its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rainsmith.config import Downscale
from rainsmith.models.registry import NETWORKS, NetworkKind

if TYPE_CHECKING:
    import xarray as xr

    from rainsmith.models.downscaling.heads import Head
    from rainsmith.models.downscaling.unet import UNet
    from rainsmith.models.geometry import Geometry


def _head(domain: xr.Dataset, settings: Downscale, wet_mm: float) -> Head:
    from rainsmith.models.downscaling.heads import BernoulliGamma

    return BernoulliGamma(domain, settings, wet_mm)


def unet_trunk(inputs: int, outputs: int, geometry: Geometry, settings: Downscale) -> UNet:
    """The trunk of ``unet`` and ``unet-egp``: so many channels in and out."""
    from rainsmith.models.downscaling.unet import UNet

    return UNet(inputs, outputs, geometry, filters=settings.filters, fine_filters=settings.fine_filters)


NETWORKS.add(
    NetworkKind(
        name="unet",
        order=30,
        title="UNet",
        meaning="A Bernoulli-gamma distribution of each cell, trained on its likelihood; the forecast is the mean.",
        forecasts_quantiles=True,
        needs_quantiles=(),
        head=_head,
        trunk=unet_trunk,
        forecasts_mean=True,
    )
)
