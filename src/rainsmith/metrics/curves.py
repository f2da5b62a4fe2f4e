"""Curves that the plots of the report show: ranks, spectra, quantiles and exceedances, from the sums of the terms."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER
from rainsmith.metrics.bins import BIN, BIN_LOWER, quantile
from rainsmith.metrics.core import SERIES
from rainsmith.metrics.ensemble import RANK
from rainsmith.metrics.probability import VOTES
from rainsmith.metrics.spatial import WAVENUMBER

PROBABILITY, INTENSITY = "probability", "intensity"
_PROBABILITIES = 1 - np.concatenate([[0.9, 0.8, 0.7, 0.6], np.geomspace(0.5, 1e-6, 100)])
_EDGES = np.unique(np.searchsorted(BIN_LOWER, np.geomspace(0.1, 1000.0, 161)))  # bins that begin at an intensity


def curves(sums: xr.Dataset) -> xr.Dataset:
    """Compute the curves of one day set.

    Args:
        sums: pooled terms without dimensions of rows or resamples.

    Returns:
        A dataset with the variables

        - ``rank_count`` (rank), where there are several members;
        - ``forecast_votes`` and ``observed_votes`` (threshold, votes), the cell-days by the number of members that see
          the event, and those of them where it was observed;
        - ``spectrum`` (member, wavenumber) [(mm/day)^2], mean over days;
        - ``quantile`` (member, probability) [mm/day], NaN above the probability of the largest value;
        - ``exceedance`` (member, intensity), the share of cell-days at or above an intensity [mm/day];
        - ``<name>_observed``, the last three of the observation, without ``member``.
    """
    arrays: dict[str, xr.DataArray] = {}
    if RANK in sums.dims:
        arrays["rank_count"] = sums["ranks"].assign_coords({RANK: np.arange(sums.sizes[RANK])})
    for name in ("forecast_votes", "observed_votes"):
        arrays[name] = sums[name].assign_coords({VOTES: np.arange(sums.sizes[VOTES])})
    below = sums["below"]
    total = below.isel({BIN: -1})
    probability = xr.DataArray(_PROBABILITIES, dims=PROBABILITY, coords={PROBABILITY: _PROBABILITIES})
    above = 1 - below.isel({BIN: _EDGES - 1}) / total
    by_series = {
        "spectrum": sums["power"] / sums["days"],
        "quantile": quantile(below, probability).where(total * (1 - probability) >= 1),
        "exceedance": above.rename({BIN: INTENSITY}).assign_coords({INTENSITY: BIN_LOWER[_EDGES]}),
    }
    for name, curve in by_series.items():
        arrays[name] = curve.isel({SERIES: slice(None, -1)}).rename({SERIES: MEMBER}).transpose(MEMBER, ...)
        arrays[f"{name}_observed"] = curve.isel({SERIES: -1})
    data = xr.Dataset(arrays).astype(np.float64)
    data[WAVENUMBER].attrs = {"units": "1", "long_name": "wavenumber, cycles per cell"}
    data[INTENSITY].attrs = {"units": "mm/day"}
    data[PROBABILITY].attrs = {"units": "1", "long_name": "non-exceedance probability"}
    for name, units in (("spectrum", "(mm/day)^2"), ("quantile", "mm/day"), ("exceedance", "1")):
        data[name].attrs = {"units": units}
        data[f"{name}_observed"].attrs = {"units": units}
    return data
