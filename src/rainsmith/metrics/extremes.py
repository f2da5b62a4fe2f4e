"""Scores of events: a cell at or above a threshold [mm/day]."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scores.categorical import BasicContingencyManager

from rainsmith.arrays import TIME
from rainsmith.metrics.core import SERIES, THRESHOLD, Pairs, Settings, metric
from rainsmith.metrics.pooled import amounts


def event_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Cells of each day at or above each threshold: by series, and in members and observation at once."""
    thresholds = np.asarray(settings.thresholds_mm, dtype=np.float64)
    days, series, _ = pairs.fields.shape
    events = np.zeros((days, len(thresholds), series), dtype=np.int64)
    hits = np.zeros((days, len(thresholds)), dtype=np.int64)
    for i, threshold in enumerate(thresholds):
        event = (pairs.fields >= threshold) & pairs.valid[:, None, :]
        events[:, i] = event.sum(axis=2)
        hits[:, i] = (event[:, :-1] & event[:, -1:]).sum(axis=(1, 2))
    return xr.Dataset(
        {"events": ((TIME, THRESHOLD, SERIES), events), "hits": ((TIME, THRESHOLD), hits)},
        coords={THRESHOLD: thresholds},
    )


@metric(amounts, event_terms, units="1", perfect=1.0)
def csi(sums: xr.Dataset) -> xr.DataArray:
    """Critical success index of events: hits / (hits + misses + false alarms), each member a forecast of its own.

    References:
        Jolliffe and Stephenson (2012), Forecast Verification, chapter 3; doi:10.1002/9781119960003.
    """
    return _defined(_contingency(sums).critical_success_index())


@metric(amounts, event_terms, units="1", perfect=1.0)
def frequency_bias(sums: xr.Dataset) -> xr.DataArray:
    """Forecast events per observed event, each member a forecast of its own."""
    return _defined(_contingency(sums).frequency_bias())


def _contingency(sums: xr.Dataset) -> BasicContingencyManager:
    """The contingency table of all members pooled, (..., threshold)."""
    members = sums.sizes[SERIES] - 1
    forecast = sums["events"].isel({SERIES: slice(None, -1)}).sum(SERIES)
    observed, total = sums["events"].isel({SERIES: -1}) * members, sums["cells"] * members
    hits = sums["hits"]
    counts = {
        "tp_count": hits,
        "fp_count": forecast - hits,
        "fn_count": observed - hits,
        "tn_count": total - forecast - observed + hits,
    }
    return BasicContingencyManager({**counts, "total_count": total.broadcast_like(hits)})


def _defined(score: xr.DataArray) -> xr.DataArray:
    """Without an observed event a ratio says nothing: infinite becomes NaN."""
    return score.where(np.isfinite(score))
