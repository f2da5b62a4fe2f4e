"""``downscale.network: q-srdrn``: its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rainsmith.config import Downscale
from rainsmith.models.downscaling_kinds.srdrn import srdrn_trunk
from rainsmith.models.registry import NETWORKS, NetworkKind

if TYPE_CHECKING:
    import xarray as xr

    from rainsmith.models.downscaling.heads import Head


def _head(domain: xr.Dataset, settings: Downscale, wet_mm: float) -> Head:
    from rainsmith.models.downscaling.heads import MonotoneQuantiles

    return MonotoneQuantiles(domain, settings, wet_mm)


NETWORKS.add(
    NetworkKind(
        name="q-srdrn",
        order=10,
        title="SRDRN with quantiles",
        meaning="Monotone quantiles of each cell, trained on their pinball loss; the forecast is the median.",
        forecasts_quantiles=True,
        needs_quantiles=(0.5,),
        head=_head,
        trunk=srdrn_trunk,
    )
)
