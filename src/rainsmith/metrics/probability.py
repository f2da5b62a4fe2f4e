"""Scores of the probability that members give to an event: a cell at or above a threshold [mm/day]."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.metrics.core import THRESHOLD, Pairs, Settings, in_float32
from rainsmith.metrics.extremes import thresholds_of
from rainsmith.metrics.registry import metric

VOTES = "votes"
"""Dimension of how many members have the event."""


def vote_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Number of cells of each day by how many members have the event, and of those where it was observed, too."""
    thresholds = thresholds_of(settings)
    days, kinds = len(pairs.days), pairs.members + 1
    forecast = np.zeros((days, len(thresholds), kinds), dtype=np.int64)
    observed = np.zeros_like(forecast)
    row = np.arange(days)[:, None] * kinds
    for i, threshold in enumerate(in_float32(thresholds)):
        event = pairs.fields >= threshold
        place = row + event[:, :-1].sum(axis=1, dtype=np.min_scalar_type(kinds))
        happened = event[:, -1] & pairs.valid
        for counts, chosen in ((forecast, pairs.valid), (observed, happened)):
            counts[:, i] = np.bincount(place[chosen], minlength=days * kinds).reshape(days, kinds)
    dims = (TIME, THRESHOLD, VOTES)
    return xr.Dataset({"forecast_votes": (dims, forecast), "observed_votes": (dims, observed)}).assign_coords(
        {THRESHOLD: thresholds}
    )


@metric(vote_terms, units="1", perfect=0.0, order=230, title="Brier score", aim="low", of_single_cells=True)
def brier(sums: xr.Dataset) -> xr.DataArray:
    """Fair Brier score of the share of members at or above a threshold; of a single-valued forecast, its errors.

    mean (i/K - o)^2 - i (K - i) / (K^2 (K - 1)), where i of K members have the event; o is 1 where it was observed,
    otherwise 0.

    References:
        Ferro (2014), doi:10.1002/qj.2270.
    """
    cases, events = sums["forecast_votes"], sums["observed_votes"]
    members = cases.sizes[VOTES] - 1
    votes = xr.DataArray(np.arange(members + 1), dims=VOTES)
    share = votes / members
    error = cases * share**2 + events * (1 - 2 * share)
    if members > 1:
        error = error - cases * votes * (members - votes) / (members**2 * (members - 1))
    return error.sum(VOTES) / cases.sum(VOTES)
