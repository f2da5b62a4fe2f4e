"""Quantiles of members that are in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME, X, Y
from rainsmith.base.errors import UserError
from rainsmith.metrics.quantiles import QUANTILE
from rainsmith.quantiles.distribution import Distribution


def quantiles_of_members(members: xr.DataArray, levels: Sequence[float]) -> xr.DataArray:
    """Quantiles (time, quantile, y, x) [mm/day] of each cell; cells without a value in any member stay without.

    Args:
        members: (time, member, y, x) [mm/day].
        levels: rising, between 0 and 1.

    Raises:
        UserError: levels that do not rise between 0 and 1, other dimensions, or fewer than two members.
    """
    known = np.asarray(levels, dtype=np.float64)
    if known.ndim != 1 or not known.size or known.min() <= 0 or known.max() >= 1 or (np.diff(known) <= 0).any():
        raise UserError(f"found quantile levels {list(levels)}; expected rising ones between 0 and 1; sort them")
    wanted = (TIME, MEMBER, Y, X)
    if set(members.dims) != set(wanted) or members.sizes[MEMBER] < 2:
        found = dict(zip(map(str, members.dims), members.shape, strict=True))
        raise UserError(f"found members {found}; expected the dimensions {', '.join(wanted)}, and two members or more")
    values = members.transpose(*wanted)
    fields = np.full((len(values), known.size, *values.shape[2:]), np.nan, np.float32)
    for day in range(len(values)):
        rain = values[day].values.astype(np.float32)
        there = np.isfinite(rain).all(axis=0)
        if there.any():
            fields[day][:, there] = Distribution(np.ascontiguousarray(rain[:, there].T)).quantiles(known).T
    coords = {name: coord for name, coord in members.coords.items() if MEMBER not in coord.dims and name != MEMBER}
    dims = (TIME, QUANTILE, Y, X)
    attrs = {**members.attrs, "long_name": "quantiles of daily precipitation"}
    return xr.DataArray(fields, dims=dims, coords={**coords, QUANTILE: known}, name="quantiles", attrs=attrs)
