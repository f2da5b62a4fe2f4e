"""Scores of events: a cell at or above a threshold [mm/day]."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scores.categorical import BasicContingencyManager

from rainsmith.base.dims import TIME
from rainsmith.metrics.core import SERIES, THRESHOLD, Pairs, Settings, in_float32
from rainsmith.metrics.pooled import amounts
from rainsmith.metrics.registry import metric

PEAK = "peak_class"
TOP = 20
"""[days] How many days, those with the largest observed cell, ``envelope_top20`` looks at."""
_PEAK_EDGES = np.geomspace(1.0, 5000.0, 1709)  # [mm/day] steps of 0.5 %: days order to within that


def thresholds_of(settings: Settings) -> np.ndarray:
    """The training quantiles that are rain and the fixed thresholds, in rising order [mm/day]."""
    quantiles = [value for value in (settings.p90, settings.p95, settings.p99) if value > 0]
    return np.unique(np.array([*quantiles, *settings.thresholds_mm], dtype=np.float64))


def event_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Number of cells of each day at or above each threshold, by series, and of the hits of all members."""
    thresholds = thresholds_of(settings)
    days, series, _ = pairs.fields.shape
    events = np.zeros((days, len(thresholds), series), dtype=np.int64)
    hits = np.zeros((days, len(thresholds)), dtype=np.int64)
    for i, threshold in enumerate(in_float32(thresholds)):
        event = (pairs.fields >= threshold) & pairs.valid[:, None, :]
        events[:, i] = event.sum(axis=2)
        votes = event[:, :-1].sum(axis=1, dtype=np.min_scalar_type(series))
        hits[:, i] = np.where(event[:, -1], votes, 0).sum(axis=1)
    return xr.Dataset(
        {"events": ((TIME, THRESHOLD, SERIES), events), "hits": ((TIME, THRESHOLD), hits)},
        coords={THRESHOLD: thresholds},
    )


@metric(
    amounts,
    event_terms,
    units="1",
    perfect=1.0,
    order=360,
    title="Critical success index",
    aim="high",
    of_single_cells=True,
)
def csi(sums: xr.Dataset) -> xr.DataArray:
    """Critical success index of events: hits / (hits + misses + false alarms), each member a forecast of its own.

    References:
        Jolliffe and Stephenson (2012), Forecast Verification, chapter 3; doi:10.1002/9781119960003.
    """
    return _defined(_contingency(sums).critical_success_index())


@metric(
    amounts,
    event_terms,
    units="1",
    perfect=1.0,
    order=370,
    title="Forecast events for each observed one",
    aim="one",
    of_single_cells=True,
)
def frequency_bias(sums: xr.Dataset) -> xr.DataArray:
    """Forecast events per observed event, each member a forecast of its own."""
    return _defined(_contingency(sums).frequency_bias())


@metric(
    amounts,
    event_terms,
    units="1",
    perfect=1.0,
    order=380,
    title="Observed events that were forecast",
    aim="high",
    of_single_cells=True,
)
def pod(sums: xr.Dataset) -> xr.DataArray:
    """Probability of detection: hits per observed event, each member a forecast of its own."""
    return _defined(_contingency(sums).probability_of_detection())


@metric(
    amounts,
    event_terms,
    units="1",
    perfect=0.0,
    order=390,
    title="Forecast events that did not happen",
    aim="low",
    of_single_cells=True,
)
def far(sums: xr.Dataset) -> xr.DataArray:
    """False alarm ratio: false alarms per forecast event, each member a forecast of its own."""
    return _defined(_contingency(sums).false_alarm_ratio())


@metric(
    amounts,
    event_terms,
    units="1",
    perfect=1.0,
    order=400,
    title="Extremal dependence (SEDI)",
    aim="high",
    of_single_cells=True,
)
def sedi(sums: xr.Dataset) -> xr.DataArray:
    """Symmetric extremal dependence index, each member a forecast of its own; it does not vanish as events become rare.

    It is undefined without a hit or without a false alarm, and 1 where there is no error at all.

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
    """The score with NaN where it is infinite, because a ratio says nothing without an observed event."""
    return score.where(np.isfinite(score))


def envelope_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Count each day in the class of its largest observed cell, and whether the largest cell of all members reaches it.

    Counts by class add up over days, and the highest classes hold the highest days of any resample.
    """
    peak = pairs.fields.max(axis=2)
    reached = peak[:, :-1].max(axis=1) >= peak[:, -1]
    days = np.zeros((len(peak), len(_PEAK_EDGES) + 1), dtype=np.float32)
    days[np.arange(len(peak)), np.searchsorted(_PEAK_EDGES, peak[:, -1], side="right")] = pairs.valid.any(axis=1)
    return xr.Dataset({"peak_days": ((TIME, PEAK), days), "peaks_reached": ((TIME, PEAK), days * reached[:, None])})


@metric(
    envelope_terms,
    units="1",
    perfect=1.0,
    order=410,
    title="Share of the 20 largest events that the members reach",
    aim="high",
    percent=True,
    of_single_cells=True,
)
def envelope_top20(sums: xr.Dataset) -> xr.DataArray:
    """Share of the 20 days with the largest observed cell on which the largest cell of all members is as large.

    The score is not proper: too much rain raises it, and true members stay below 1 because the days are chosen by the
    observation. Days whose largest cells differ by less than 0.5 % at the twentieth place share that place. Of fewer
    than 20 days all count.
    """
    share: xr.DataArray = xr.apply_ufunc(
        _share_of_highest, sums["peak_days"], sums["peaks_reached"], input_core_dims=[[PEAK], [PEAK]]
    )
    return share


def _share_of_highest(days: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """Of the ``TOP`` days in the highest classes (the last), the share that is reached; NaN without a day."""
    count, hits = days[..., ::-1].astype(np.float64), reached[..., ::-1].astype(np.float64)
    higher = count.cumsum(axis=-1) - count
    taken = np.clip(TOP - higher, 0, count)
    part = (taken * hits / np.maximum(count, 1)).sum(axis=-1)
    total = taken.sum(axis=-1)
    return np.where(total > 0, part / np.maximum(total, 1), np.nan)
