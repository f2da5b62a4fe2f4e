"""``downscale.network: q-srdrn``: its record."""

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
    from rainsmith.models.downscaling.heads import MonotoneQuantiles

    return MonotoneQuantiles(domain, settings, wet_mm)


def _trunk(inputs: int, outputs: int, geometry: Geometry, settings: Downscale) -> SRDRN:
    from rainsmith.models.downscaling.srdrn import SRDRN

    sizes = {"filters": settings.filters, "blocks": settings.blocks, "fine_filters": settings.fine_filters}
    return SRDRN(inputs, outputs, geometry, **sizes)


NETWORKS.add(
    NetworkKind(
        name="q-srdrn",
        order=10,
        title="SRDRN with quantiles",
        meaning="Monotone quantiles of each cell, trained on their pinball loss; the forecast is the median.",
        forecasts_quantiles=True,
        needs_quantiles=(0.5,),
        head=_head,
        trunk=_trunk,
    )
)
