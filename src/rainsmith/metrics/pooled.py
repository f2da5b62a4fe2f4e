"""Measures of all valid cell-days together: amounts, shares of wet cells, quantiles, distance of distributions."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.metrics.bins import BIN, distances, intensities, quantile
from rainsmith.metrics.core import POOLING, SERIES, Pairs, Settings
from rainsmith.metrics.registry import metric

LIGHT_MM = 1.0
"""[mm/day] Below it a wet cell is light rain, or drizzle."""


def amounts(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Cells, days, rain, wet cells and cells of light rain of each day."""
    cells = pairs.valid.sum(axis=1)
    wet = (pairs.fields >= settings.wet_mm) & pairs.valid[:, None, :]
    light = wet & (pairs.fields < LIGHT_MM)
    return xr.Dataset(
        {
            "cells": (TIME, cells),
            "days": (TIME, (cells > 0).astype(np.int64)),
            "lost": (TIME, pairs.lost),
            "rain": ((TIME, SERIES), pairs.fields.sum(axis=2, dtype=np.float64)),
            "wet": ((TIME, SERIES), wet.sum(axis=2)),
            "light": ((TIME, SERIES), light.sum(axis=2)),
        }
    )


def highest(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """The largest cell of each day, to be summed and to be maximised."""
    peak = pairs.fields.max(axis=2).astype(np.float64)
    dims = (TIME, SERIES)
    return xr.Dataset({"peak": (dims, peak, {POOLING: "max"}), "peak_sum": (dims, peak)})


@metric(
    amounts,
    highest,
    units="mm/day",
    perfect=None,
    beside=True,
    name="max",
    order=10,
    title="Largest value of all, median member",
    of_single_cells=True,
    single_extreme=True,
)
def maximum(sums: xr.Dataset) -> xr.DataArray:
    """Largest value of all valid cell-days; NaN without any."""
    return sums["peak"].where(sums["cells"] > 0)


@metric(
    amounts,
    highest,
    units="mm/day",
    perfect=None,
    beside=True,
    order=20,
    title="Wettest cell of a day, mean over days",
    of_single_cells=True,
)
def max_daily(sums: xr.Dataset) -> xr.DataArray:
    """Mean over days of the largest cell."""
    return sums["peak_sum"] / sums["days"]


@metric(
    amounts,
    units="mm/day",
    perfect=None,
    beside=True,
    order=30,
    title="Mean rain",
    of_single_cells=True,
)
def mean(sums: xr.Dataset) -> xr.DataArray:
    """Mean over all valid cell-days."""
    return sums["rain"] / sums["cells"]


@metric(
    intensities,
    units="mm/day",
    perfect=None,
    beside=True,
    order=40,
    title="95th percentile",
    of_single_cells=True,
)
def p95(sums: xr.Dataset) -> xr.DataArray:
    """0.95 quantile of all valid cell-days, dry ones included."""
    return quantile(sums["below"], 0.95)


@metric(
    intensities,
    units="mm/day",
    perfect=None,
    beside=True,
    order=50,
    title="99th percentile",
    of_single_cells=True,
)
def p99(sums: xr.Dataset) -> xr.DataArray:
    """0.99 quantile of all valid cell-days, dry ones included."""
    return quantile(sums["below"], 0.99)


@metric(
    intensities,
    units="mm/day",
    perfect=None,
    beside=True,
    order=60,
    title="99.9th percentile",
    of_single_cells=True,
    single_extreme=True,
)
def p999(sums: xr.Dataset) -> xr.DataArray:
    """0.999 quantile of all valid cell-days, dry ones included."""
    return quantile(sums["below"], 0.999)


@metric(
    intensities,
    units="mm/day",
    perfect=None,
    beside=True,
    order=70,
    title="99.99th percentile",
    of_single_cells=True,
)
def p9999(sums: xr.Dataset) -> xr.DataArray:
    """0.9999 quantile of all valid cell-days, dry ones included."""
    return quantile(sums["below"], 0.9999)


@metric(
    amounts,
    units="1",
    perfect=None,
    beside=True,
    threshold="wet_mm",
    order=80,
    title="Share of wet cells",
    percent=True,
    of_single_cells=True,
)
def wet_fraction(sums: xr.Dataset) -> xr.DataArray:
    """Share of valid cell-days at or above ``wet_mm`` [mm/day]; amounts are in mm/day, never in normalised units."""
    return sums["wet"] / sums["cells"]


@metric(
    amounts,
    units="1",
    perfect=None,
    beside=True,
    threshold="wet_mm",
    order=90,
    title="Share of wet cells below 1 mm",
    percent=True,
    of_single_cells=True,
)
def light_fraction(sums: xr.Dataset) -> xr.DataArray:
    """Share of valid cell-days from ``wet_mm`` to below 1 mm/day: above the observed one it drizzles too often.

    References:
        Stephens et al. (2010), doi:10.1029/2010JD014532, on the drizzle of models.
    """
    return sums["light"] / sums["cells"]


@metric(
    amounts,
    units="1",
    perfect=0.0,
    order=250,
    title="Total rain, difference from observed",
    aim="low",
    percent=True,
    signed=True,
    of_single_cells=True,
)
def mass_bias(sums: xr.Dataset) -> xr.DataArray:
    """Rain of the mean member over observed rain, minus 1."""
    rain = sums["rain"]
    return rain.isel({SERIES: slice(None, -1)}).mean(SERIES) / rain.isel({SERIES: -1}) - 1


@metric(
    intensities,
    units="1",
    perfect=0.0,
    order=260,
    title="Distance of the distributions (KS)",
    aim="low",
    of_single_cells=True,
)
def ks(sums: xr.Dataset) -> xr.DataArray:
    """Largest distance of the two cumulative distributions of cell-days, zeros included (Kolmogorov-Smirnov).

    Members are pooled. Distances are taken at the upper edges of the bins.
    """
    return distances(sums["below"]).max(BIN, skipna=False)
