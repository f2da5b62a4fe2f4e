"""How far the distribution of forecast amounts lies from the observed one, members and cell-days pooled."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.metrics.bins import BIN, BIN_LOWER, BIN_UPPER, OCTAVE, distances, intensities, mean_member
from rainsmith.metrics.core import SERIES
from rainsmith.metrics.registry import metric

_PLACE = np.concatenate([[0.0], (BIN_LOWER[1:] + BIN_UPPER[1:]) / 2])  # [mm/day] middle of each bin
FLOOR = 1e-6
"""Least share of wet cell-days that a class of amounts takes in the forecast of ``kl_divergence``."""


@metric(
    intensities,
    units="mm/day",
    perfect=0.0,
    order=270,
    title="Distance of the distributions (Wasserstein)",
    aim="low",
    of_single_cells=True,
)
def wasserstein(sums: xr.Dataset) -> xr.DataArray:
    """Area between the two cumulative distributions of cell-days, zeros included: the 1-Wasserstein distance [mm/day].

    It is the integral of |F(t) - G(t)| dt, members pooled. Places and days of the amounts do not matter. Amounts count
    at the middle of their bin, which is off by 0.05 % at most.

    References:
        Vallender (1974), doi:10.1137/1118101.
    """
    step = xr.DataArray([*np.diff(_PLACE), 0.0], dims=BIN)  # all lies below the upper edge of the last bin
    return distances(sums["below"]).dot(step, dim=BIN)


@metric(
    intensities,
    units="1",
    perfect=0.0,
    threshold="wet_mm",
    needs="wet_mm",
    order=280,
    title="Divergence of the wet amounts (KL)",
    aim="low",
    of_single_cells=True,
)
def kl_divergence(sums: xr.Dataset) -> xr.DataArray:
    """Kullback-Leibler divergence of the forecast from the observed distribution of wet amounts [nats].

    sum_j p_j ln(p_j / q_j) over twelve classes of amounts. They begin at ``wet_mm``, each is twice as wide as the last,
    and the highest is open. p_j and q_j are the shares of observed and forecast wet cell-days, members pooled. Where
    p_j > 0, q_j counts as at least 1e-6 (and all are scaled to the sum of 1), so that a class that members never reach
    costs p_j (13.8 + ln p_j).

    References:
        Kullback and Leibler (1951), doi:10.1214/aoms/1177729694.
    """
    below, total = sums["below_octave"], sums["below"].isel({BIN: -1})
    p = _shares(below.isel({SERIES: -1}), total.isel({SERIES: -1}))
    q = _shares(mean_member(below), mean_member(total))
    q = q.where(~((p > 0) & (q < FLOOR)), FLOOR)
    ratio = (p / (q / q.sum(OCTAVE, skipna=False))).where(p != 0, 1.0)
    return (p * np.log(ratio)).sum(OCTAVE, skipna=False)


def _shares(below: xr.DataArray, total: xr.DataArray) -> xr.DataArray:
    """Share of wet cell-days in each class, from the counts below it; NaN without a wet one."""
    above = (total - below).astype(np.float64)
    higher = above.shift({OCTAVE: -1}, fill_value=0.0)
    wet = above.isel({OCTAVE: 0})
    return (above - higher) / wet.where(wet > 0)
