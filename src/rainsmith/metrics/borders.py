"""Whether the blocks of the coarse input are visible: steps between neighbours across their borders and inside them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.cell_pairs import neighbours
from rainsmith.base.dims import TIME
from rainsmith.metrics.core import SERIES, Pairs, Settings
from rainsmith.metrics.registry import metric


def border_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sums of absolute steps between neighbouring cells, and their number, across borders of blocks and inside."""
    first, second = neighbours(pairs.cells, pairs.grid)
    rows, columns = np.divmod(pairs.cells, pairs.grid[1])
    block = rows // settings.coarsen * pairs.grid[1] + columns // settings.coarsen
    across = block[first] != block[second]
    both = pairs.valid[:, first] & pairs.valid[:, second]
    step = np.abs(pairs.fields[:, :, first] - pairs.fields[:, :, second])
    if not both.all():
        step *= both[:, None]
    sums_of_steps: dict[str, tuple[str | tuple[str, str], np.ndarray]] = {}
    for name, chosen in (("border", across), ("inside", ~across)):
        sums_of_steps[f"{name}_steps"] = ((TIME, SERIES), step[:, :, chosen].sum(axis=2, dtype=np.float64))
        sums_of_steps[f"{name}_pairs"] = (TIME, both[:, chosen].sum(axis=1))
    return xr.Dataset(sums_of_steps)


@metric(
    border_terms,
    units="1",
    perfect=None,
    beside=True,
    needs="coarsen",
    order=350,
    title="Steps across the borders of input blocks over steps inside",
)
def block_borders(sums: xr.Dataset) -> xr.DataArray:
    """Mean absolute step across borders of input blocks over that inside; above the observed value, blocks show."""
    border = sums["border_steps"] / sums["border_pairs"].where(sums["border_pairs"] > 0)
    inside = sums["inside_steps"] / sums["inside_pairs"].where(sums["inside_pairs"] > 0)
    return border / inside.where(inside > 0)
