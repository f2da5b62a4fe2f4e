"""``downscale.network: srdrn``: its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rainsmith.config import Downscale
from rainsmith.models.registry import NETWORKS, NetworkKind

if TYPE_CHECKING:
    import xarray as xr

    from rainsmith.models.downscaling.heads import Head
    from rainsmith.models.downscaling.srdrn import SRDRN
    from rainsmith.models.geometry import Geometry


def _head(domain: xr.Dataset, settings: Downscale, wet_mm: float) -> Head:
    from rainsmith.models.downscaling.heads import Amount

    return Amount(domain, settings, wet_mm)


def srdrn_trunk(inputs: int, outputs: int, geometry: Geometry, settings: Downscale) -> SRDRN:
    """The trunk of ``srdrn`` and ``q-srdrn``: so many channels in and out."""
    from rainsmith.models.downscaling.srdrn import SRDRN

    sizes = {"filters": settings.filters, "blocks": settings.blocks, "fine_filters": settings.fine_filters}
    return SRDRN(inputs, outputs, geometry, **sizes)


NETWORKS.add(
    NetworkKind(
        name="srdrn",
        order=20,
        title="SRDRN",
        meaning="One amount for each cell, trained on an error that weighs heavy rain more; not a proper score.",
        forecasts_quantiles=False,
        needs_quantiles=(),
        head=_head,
        trunk=srdrn_trunk,
    )
)
