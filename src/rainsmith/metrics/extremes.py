"""Scores of events: a cell at or above a threshold [mm/day]."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scores.categorical import BasicContingencyManager

from rainsmith.arrays import TIME
from rainsmith.metrics.core import SERIES, THRESHOLD, Pairs, Settings, metric
from rainsmith.metrics.pooled import amounts


def thresholds_of(settings: Settings) -> np.ndarray:
    """The training quantiles that are known and the fixed thresholds, in rising order [mm/day]."""
    quantiles = [value for value in (settings.p90, settings.p95, settings.p99) if np.isfinite(value)]
    return np.unique(np.array([*quantiles, *settings.thresholds_mm], dtype=np.float64))


def event_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Cells of each day at or above each threshold: by series, and in members and observation at once."""
    thresholds = thresholds_of(settings)
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


@metric(amounts, event_terms, units="1", perfect=1.0)
def pod(sums: xr.Dataset) -> xr.DataArray:
    """Probability of detection: hits per observed event, each member a forecast of its own."""
    return _defined(_contingency(sums).probability_of_detection())


@metric(amounts, event_terms, units="1", perfect=0.0)
def far(sums: xr.Dataset) -> xr.DataArray:
    """False alarm ratio: false alarms per forecast event, each member a forecast of its own."""
    return _defined(_contingency(sums).false_alarm_ratio())


@metric(amounts, event_terms, units="1", perfect=1.0)
def sedi(sums: xr.Dataset) -> xr.DataArray:
    """Symmetric extremal dependence index: does not vanish as events become rare, each member a forecast of its own.

    Without a hit or without a false alarm it is undefined, but 1 without any error.

    References:
        Ferro and Stephenson (2011), doi:10.1175/WAF-D-10-05030.1.
    """
    table = _contingency(sums)
    counts = table.get_counts()
    perfect = (counts["tp_count"] > 0) & (counts["fp_count"] == 0) & (counts["fn_count"] == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = _defined(table.symmetric_extremal_dependence_index())
    return value.where(~perfect, 1.0)


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
