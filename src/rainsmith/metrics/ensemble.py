"""Scores of the ensemble at each cell: how far members are from the observation, and whether their spread is right."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scores.continuous import mae as mean_absolute_error
from scores.continuous import mse as mean_squared_error
from scores.probability import crps_for_ensemble, tail_tw_crps_for_ensemble

from rainsmith.base.dims import MEMBER, TIME
from rainsmith.metrics.core import CELL, Pairs, Settings
from rainsmith.metrics.pooled import amounts
from rainsmith.metrics.registry import metric

RANK = "rank"
_CASE = "case"


def crps_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sum of the CRPS over the cells of each day."""
    daily = crps_for_ensemble(pairs.forecast, pairs.observation, MEMBER, method=_estimator(pairs), preserve_dims=[TIME])
    return xr.Dataset({"crps": daily * pairs.valid.shape[1]})


def twcrps_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sum of the threshold-weighted CRPS over the cells of each day; only cells above the threshold add to it."""
    if not np.isfinite(settings.p99):
        raise ValueError("found no threshold for twcrps_p99; expected the training P99 in mm/day; give p99=...")
    day, cell = np.nonzero((pairs.fields > settings.p99).any(axis=1))
    values = np.zeros(0)
    if len(day):
        values = tail_tw_crps_for_ensemble(
            xr.DataArray(pairs.fields[day, :-1, cell], dims=(_CASE, MEMBER)),
            xr.DataArray(pairs.fields[day, -1, cell], dims=_CASE),
            MEMBER,
            threshold=settings.p99,
            tail="upper",
            method=_estimator(pairs),
            preserve_dims=[_CASE],
        ).values
    return xr.Dataset({"twcrps": (TIME, np.bincount(day, weights=values, minlength=len(pairs.days)))})


def _estimator(pairs: Pairs) -> str:
    """The estimator of the CRPS; that of one member has no term of spread and is its absolute error."""
    return "fair" if pairs.members > 1 else "ecdf"


def error_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sums over the cells of each day of the errors of the ensemble mean, and of the error that the spread predicts."""
    mean, obs, cells = pairs.mean, pairs.observation, pairs.valid.shape[1]
    terms = {
        "absolute_error": mean_absolute_error(mean, obs, preserve_dims=[TIME]) * cells,
        "squared_error": mean_squared_error(mean, obs, preserve_dims=[TIME]) * cells,
    }
    if pairs.members > 1:
        variance = ((pairs.forecast - mean) ** 2).sum([MEMBER, CELL]) / (pairs.members - 1)
        terms["expected_squared_error"] = (pairs.members + 1) / pairs.members * variance
    return xr.Dataset(terms).astype(np.float64)


def tail_error_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Absolute errors of the ensemble mean at cells observed at or above the training P95, and the number of cells."""
    if not np.isfinite(settings.p95):
        raise ValueError("found no threshold for mae_tail; expected the training P95 in mm/day; give p95=...")
    day, cell = np.nonzero((pairs.fields[:, -1] >= settings.p95) & pairs.valid)
    errors = abs(pairs.mean.values[day, cell] - pairs.fields[day, -1, cell])
    count = len(pairs.days)
    return xr.Dataset(
        {
            "tail_error": (TIME, np.bincount(day, weights=errors, minlength=count)),
            "tail_cells": (TIME, np.bincount(day, minlength=count)),
        }
    )


def rank_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Counts (time, rank) of the observation's rank among the members.

    Amounts below ``wet_mm`` are 0 on both sides, and the rank among equals is drawn at random: the draw is a pure
    function of seed, day and cell.
    """
    amount = np.where(pairs.fields >= settings.wet_mm, pairs.fields, 0)
    fcst, obs = amount[:, :-1], amount[:, -1:]
    below, equal = (fcst < obs).sum(axis=1), (fcst == obs).sum(axis=1)
    size = pairs.grid[0] * pairs.grid[1]
    draws = [
        np.random.default_rng([settings.seed, day]).random(size, dtype=np.float32)[pairs.cells] for day in pairs.days
    ]
    rank = below + np.minimum((np.stack(draws) * (equal + 1)).astype(np.int64), equal)
    ranks = pairs.members + 1
    flat = (np.arange(len(rank))[:, None] * ranks + rank)[pairs.valid]
    counts = np.bincount(flat, minlength=len(rank) * ranks).reshape(len(rank), ranks)
    return xr.Dataset({"ranks": ((TIME, RANK), counts)})


@metric(
    amounts,
    crps_terms,
    units="mm/day",
    perfect=0.0,
    order=130,
    title="CRPS, error of the ensemble",
    aim="low",
    of_single_cells=True,
    compared_by="crps",
)
def crps(sums: xr.Dataset) -> xr.DataArray:
    """Fair continuous ranked probability score; the absolute error of a single-valued forecast.

    The score is mean_k |x_k - y| - sum_{k,l} |x_k - x_l| / (2 K (K - 1)), averaged over valid cell-days [mm/day].

    References:
        Ferro (2014), doi:10.1002/qj.2270.
    """
    return sums["crps"] / sums["cells"]


@metric(
    amounts,
    twcrps_terms,
    units="mm/day",
    perfect=0.0,
    threshold="p99",
    needs="p99",
    order=140,
    title="CRPS above the training P99",
    aim="low",
    of_single_cells=True,
    compared_by="twcrps",
)
def twcrps_p99(sums: xr.Dataset) -> xr.DataArray:
    """Fair CRPS of max(x, training P99), averaged over all valid cell-days [mm/day]: a proper score of the tail.

    References:
        Gneiting and Ranjan (2011), doi:10.1198/jbes.2010.08110; Allen et al. (2023), doi:10.1137/22M1532184.
    """
    return sums["twcrps"] / sums["cells"]


@metric(
    amounts,
    error_terms,
    units="mm/day",
    perfect=0.0,
    order=150,
    title="Mean absolute error of the ensemble mean",
    aim="low",
    of_single_cells=True,
    compared_by="absolute_error",
)
def mae(sums: xr.Dataset) -> xr.DataArray:
    """Mean absolute error of the ensemble mean [mm/day]."""
    return sums["absolute_error"] / sums["cells"]


@metric(
    tail_error_terms,
    units="mm/day",
    perfect=0.0,
    threshold="p95",
    needs="p95",
    order=160,
    title="Mean absolute error of the ensemble mean where heavy rain was observed",
    aim="low",
    of_single_cells=True,
)
def mae_tail(sums: xr.Dataset) -> xr.DataArray:
    """Mean absolute error of the ensemble mean where the observation is at or above the training P95 [mm/day]."""
    return (sums["tail_error"] / sums["tail_cells"]).where(sums["tail_cells"] > 0)


@metric(
    amounts,
    error_terms,
    units="mm/day",
    perfect=0.0,
    order=170,
    title="Root mean square error of the ensemble mean",
    aim="low",
    of_single_cells=True,
)
def rmse(sums: xr.Dataset) -> xr.DataArray:
    """Root mean square error of the ensemble mean [mm/day]."""
    return (sums["squared_error"] / sums["cells"]) ** 0.5


@metric(
    error_terms,
    units="1",
    perfect=1.0,
    spread=True,
    order=180,
    title="Spread over error",
    aim="one",
    of_single_cells=True,
)
def spread_skill(sums: xr.Dataset) -> xr.DataArray:
    """sqrt((K + 1) / K mean variance) over the RMSE of the ensemble mean, both pooled over cell-days.

    References:
        Fortin et al. (2014), doi:10.1175/JHM-D-14-0008.1, eq. 15.
    """
    ratio = sums["expected_squared_error"] / sums["squared_error"]
    return ratio.where(sums["squared_error"] > 0) ** 0.5


@metric(
    rank_terms,
    units="1",
    perfect=0.0,
    spread=True,
    order=190,
    title="Unevenness of the ranks",
    aim="low",
    of_single_cells=True,
)
def rank_deviation(sums: xr.Dataset) -> xr.DataArray:
    """Sum over ranks of |share - 1 / (K + 1)|: 0 for a flat rank histogram, 2 K / (K + 1) where one rank takes all.

    References:
        Delle Monache et al. (2006), doi:10.1029/2005JD006917 (reliability index); Hamill (2001) for the histogram.
    """
    counts = sums["ranks"]
    share = counts / counts.sum(RANK)
    return abs(share - 1 / counts.sizes[RANK]).sum(RANK, skipna=False)


@metric(
    rank_terms,
    units="1",
    perfect=0.5,
    spread=True,
    order=200,
    title="Observations inside the central 50 % of the members",
    aim=0.5,
    percent=True,
    of_single_cells=True,
)
def coverage_50(sums: xr.Dataset) -> xr.DataArray:
    """Share of observations inside the central 50 % interval of the members, from the rank histogram."""
    return _coverage(sums["ranks"], 0.5)


@metric(
    rank_terms,
    units="1",
    perfect=0.9,
    spread=True,
    order=210,
    title="Observations inside the central 90 % of the members",
    aim=0.9,
    percent=True,
    of_single_cells=True,
)
def coverage_90(sums: xr.Dataset) -> xr.DataArray:
    """Share of observations inside the central 90 % interval of the members, from the rank histogram."""
    return _coverage(sums["ranks"], 0.9)


@metric(
    rank_terms,
    units="1",
    perfect=1.0,
    spread=True,
    order=220,
    title="Observations outside all members, over the expected share",
    aim="one",
    of_single_cells=True,
)
def outliers(sums: xr.Dataset) -> xr.DataArray:
    """Observations outside all members, over the 2 / (K + 1) that exchangeable members leave out."""
    share = sums["ranks"] / sums["ranks"].sum(RANK)
    return (share.isel({RANK: 0}) + share.isel({RANK: -1})) / (2 / share.sizes[RANK])


def _coverage(counts: xr.DataArray, nominal: float) -> xr.DataArray:
    """Share of observations in the central interval of the ranks.

    Ranks at the ends of the interval count in part, so that a flat histogram has the nominal coverage.
    """
    ranks = counts.sizes[RANK]
    edge = (1 - nominal) / 2 * ranks
    outside = np.clip(edge - np.arange(ranks), 0, 1)
    inside = xr.DataArray(1 - outside - outside[::-1], dims=RANK)
    return (counts * inside).sum(RANK) / counts.sum(RANK)
