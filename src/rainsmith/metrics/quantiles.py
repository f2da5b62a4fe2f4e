"""Scores of forecasts that are quantiles: the pinball loss of each, a CRPS of all, and how often they are exceeded.

``pinball``, ``exceeded`` and ``quantile_crps`` score arrays. ``quantile_metrics`` gives the same scores as ``Metric``
records, from which tallies and intervals are made; their forecast has the quantiles in the place of members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME
from rainsmith.metrics.core import SERIES, Pairs, Settings, Terms
from rainsmith.metrics.pooled import amounts
from rainsmith.metrics.registry import Metric, metric

QUANTILE = "quantile"
"""Dimension of the levels, between 0 and 1."""


def pinball(fcst: xr.DataArray, obs: xr.DataArray, *, quantile: float, **dims: Any) -> xr.DataArray:
    """Pinball loss of one quantile [mm/day], averaged over valid cell-days.

    The loss of a cell-day is max(q (y - f), (q - 1) (y - f)), where f is the forecast and y the observation. It is a
    proper score of the quantile of level q.

    Args:
        fcst: (time, y, x) [mm/day], NaN where invalid.
        obs: (time, y, x) [mm/day], NaN where invalid.
        quantile: level q, between 0 and 1.
        **dims: ``time_dim``, ``space_dims`` and ``preserve_dims``, as of every metric.

    Raises:
        ValueError: the level is not between 0 and 1, or the arrays do not match.

    References:
        Koenker and Bassett (1978), doi:10.2307/1913643; Gneiting (2011), doi:10.1198/jasa.2011.r10138.
    """
    return quantile_metrics([quantile])[0](fcst, obs, **dims)


def exceeded(fcst: xr.DataArray, obs: xr.DataArray, *, quantile: float, **dims: Any) -> xr.DataArray:
    """Share of valid cell-days on which more was observed than the forecast quantile; a reliable one gives 1 - q.

    Args:
        fcst: (time, y, x) [mm/day], NaN where invalid.
        obs: (time, y, x) [mm/day], NaN where invalid.
        quantile: level q, between 0 and 1.
        **dims: ``time_dim``, ``space_dims`` and ``preserve_dims``, as of every metric.
    """
    return quantile_metrics([quantile])[1](fcst, obs, **dims)


def quantile_crps(fcst: xr.DataArray, obs: xr.DataArray, **dims: Any) -> xr.DataArray:
    """CRPS of a forecast that is known by its quantiles [mm/day]: twice the weighted sum of their pinball losses.

    The CRPS is twice the integral of the pinball loss over all levels; each level stands for the share of them that
    ``level_weights`` gives it. With few levels this is a proper score of those levels, and not an estimate of the CRPS
    of an ensemble.

    Args:
        fcst: (time, quantile, y, x) [mm/day], with the levels as coordinate ``quantile``.
        obs: (time, y, x) [mm/day], NaN where invalid.
        **dims: ``time_dim``, ``space_dims`` and ``preserve_dims``, as of every metric.

    References:
        Laio and Tamea (2007), doi:10.5194/hess-11-1267-2007; Gneiting and Ranjan (2011), doi:10.1198/jbes.2010.08110.
    """
    return quantile_metrics(fcst[QUANTILE].values.tolist())[-1](as_members(fcst), obs, **dims)


@metric(amounts, units="mm/day", perfect=0.0, title="CRPS of the distribution", aim="low", of_single_cells=True)
def distribution_crps(sums: xr.Dataset) -> xr.DataArray:
    """Mean of a field of CRPS, which stands in the place of a member, over valid cell-days [mm/day]."""
    return sums["rain"].isel({SERIES: 0}) / sums["cells"]


def as_members(fcst: xr.DataArray) -> xr.DataArray:
    """The quantiles (time, quantile, y, x) in the place of members, as ``quantile_metrics`` takes them."""
    return fcst.rename({QUANTILE: MEMBER})


def level_weights(levels: Sequence[float]) -> np.ndarray:
    """For each level the share of (0, 1) that is nearer to it than to any other level; the shares sum to 1."""
    edges = np.concatenate([[0.0], (np.asarray(levels[1:]) + np.asarray(levels[:-1])) / 2, [1.0]])
    return np.diff(edges)


def level_name(level: float) -> str:
    """The name of a level in ``metrics.csv``: p50, p95, p999."""
    return "p" + f"{level:.6f}".rstrip("0").partition(".")[2].ljust(2, "0")


def quantile_metrics(levels: Sequence[float]) -> tuple[Metric, ...]:
    """The metrics ``pinball_<level>`` and ``exceeded_<level>`` of every level, then ``quantile_crps``.

    Args:
        levels: rising numbers between 0 and 1; the members of the forecast are these quantiles, in this order.

    Raises:
        ValueError: the levels are not rising between 0 and 1.
    """
    known = np.asarray(levels, dtype=np.float64)
    if known.ndim != 1 or not known.size or known.min() <= 0 or known.max() >= 1 or (np.diff(known) <= 0).any():
        raise ValueError(f"found quantile levels {list(levels)}; expected rising ones between 0 and 1; sort them")
    terms, weights = _terms(known), xr.DataArray(2 * level_weights(list(levels)), dims=QUANTILE)
    made: list[Metric] = []
    for index, level in enumerate(levels):
        made += [_pinball(terms, index, level), _exceeded(terms, index, level)]

    @metric(
        amounts,
        terms,
        name="quantile_crps",
        title="CRPS of the quantiles",
        units="mm/day",
        perfect=0.0,
        aim="low",
        of_single_cells=True,
    )
    def whole(sums: xr.Dataset) -> xr.DataArray:
        """Twice the pinball losses of all levels, each weighted by the share of (0, 1) nearest to it [mm/day]."""
        return (sums["pinball"] * weights).sum(QUANTILE) / sums["cells"]

    return *made, whole


def _pinball(terms: Terms, index: int, level: float) -> Metric:
    @metric(
        amounts,
        terms,
        name=f"pinball_{level_name(level)}",
        title=f"Pinball loss of {level_name(level).upper()}",
        units="mm/day",
        perfect=0.0,
        aim="low",
        of_single_cells=True,
    )
    def score(sums: xr.Dataset) -> xr.DataArray:
        """Pinball loss of one quantile, averaged over valid cell-days [mm/day]."""
        return sums["pinball"].isel({QUANTILE: index}) / sums["cells"]

    return score


def _exceeded(terms: Terms, index: int, level: float) -> Metric:
    @metric(
        amounts,
        terms,
        name=f"exceeded_{level_name(level)}",
        title=f"Observations above {level_name(level).upper()}",
        units="1",
        perfect=1 - level,
        aim=1 - level,
        of_single_cells=True,
    )
    def share(sums: xr.Dataset) -> xr.DataArray:
        """Share of valid cell-days observed above one quantile."""
        return sums["above"].isel({QUANTILE: index}) / sums["cells"]

    return share


def _terms(levels: np.ndarray) -> Terms:
    def quantile_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
        """Sums over the cells of each day of the pinball losses, and of the cells above each quantile."""
        if pairs.members != len(levels):
            raise ValueError(f"found {pairs.members} quantiles, expected {len(levels)}: {levels.tolist()}; select them")
        error = pairs.fields[:, -1:].astype(np.float64) - pairs.fields[:, :-1]  # 0 at invalid cells
        loss = np.maximum(levels[:, None] * error, (levels[:, None] - 1) * error)
        dims = (TIME, QUANTILE)
        return xr.Dataset({"pinball": (dims, loss.sum(axis=2)), "above": (dims, (error > 0).sum(axis=2))})

    return quantile_terms
