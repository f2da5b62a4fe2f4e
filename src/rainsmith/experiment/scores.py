"""Scores of one trained downscaler under every resample of the weeks, so that trainings can be compared in pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME, in_day_set
from rainsmith.evaluate.settings import Resampling
from rainsmith.experiment.compared_scores import PREFIX
from rainsmith.metrics import distributions, ensemble, extremes, pooled
from rainsmith.metrics.core import THRESHOLD, Settings
from rainsmith.metrics.estimates import resampled
from rainsmith.metrics.quantiles import as_members, quantile_metrics
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import partition, tally

RAW: tuple[Metric, ...] = (
    *[ensemble.mae, ensemble.rmse, ensemble.twcrps_p99, ensemble.mae_tail, distributions.kl_divergence],
    *[pooled.mean, pooled.p99, pooled.p999, pooled.max_daily, extremes.csi, extremes.sedi, extremes.frequency_bias],
)
"""Scores of the forecast as it is."""
MAPPED: tuple[Metric, ...] = (extremes.csi, extremes.sedi, extremes.frequency_bias)
"""Scores of the forecast after the bias mapping: more hits for more false alarms are no gain."""
DAY_SETS = ("all", "heavy_x")
QUANTILES = ("p90", "p95", "p99")
"""Thresholds that are training quantiles; columns call the other thresholds by their amount."""


def bias_mapping(
    fcst: xr.DataArray, obs: xr.DataArray, thresholds: Sequence[float] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The monotone function that makes the frequency bias 1 at each threshold, as knots (from, to) [mm/day].

    Args:
        fcst: (time, y, x) [mm/day] on validation days.
        obs: (time, y, x) [mm/day], NaN where invalid.
        thresholds: [mm/day]. Two kinds are left out: those that no validation cell reaches, and those that are observed
            more often than the forecast is wet, because no function of a dry forecast tells these events from others.
    """
    valid = np.isfinite(obs.values) & np.isfinite(fcst.values)
    forecast, observed = np.sort(fcst.values[valid])[::-1], obs.values[valid]
    knots_from, knots_to = [0.0], [0.0]
    for threshold in np.unique(np.asarray(thresholds, dtype=np.float64)):
        events = int((observed >= threshold).sum())
        if events and forecast[events - 1] > 0:
            knots_from.append(max(float(forecast[events - 1]), knots_from[-1] + 1e-3))
            knots_to.append(float(threshold))
    return np.array(knots_from), np.array(knots_to)


def mapped(fcst: xr.DataArray, knots: tuple[np.ndarray, np.ndarray]) -> xr.DataArray:
    """The forecast [mm/day] after the function of ``bias_mapping``, which has slope 1 above its last knot."""
    knots_from, knots_to = knots
    values = fcst.values
    inside = np.interp(values, knots_from, knots_to)
    above = knots_to[-1] + (values - knots_from[-1])
    return fcst.copy(data=np.where(values > knots_from[-1], above, inside).astype(values.dtype))


def score_trial(
    forecast: xr.Dataset,
    days: xr.Dataset,
    knots: tuple[np.ndarray, np.ndarray],
    *,
    settings: Settings,
    resampling: Resampling,
) -> xr.Dataset:
    """Every score on the days themselves (resample 0) and on every resample of their weeks, the same for all trials.

    Args:
        forecast: output of ``downscale.predict``.
        days: the same days of the store.
        knots: of ``bias_mapping``.
        settings: thresholds [mm/day].
        resampling: of the weeks.

    Returns:
        One variable for each score, (days, resample) or (days, resample, threshold). The attributes hold the number of
        weeks of each set of days, and the thresholds that are training quantiles.
    """
    parts = partition(days[TIME], {name: in_day_set(days, name) for name in DAY_SETS}, block_days=resampling.block_days)
    single = forecast["precip"].expand_dims(MEMBER, axis=1)
    scored = [("", single, RAW), (PREFIX, mapped(single, knots), MAPPED)]
    if "quantiles" in forecast:
        levels = forecast["quantile"].values.tolist()
        scored.append(("", as_members(forecast["quantiles"]), quantile_metrics(levels)))
    by_set: dict[str, dict[str, xr.DataArray]] = {name: {} for name in DAY_SETS}
    for prefix, fcst, metrics in scored:
        total = tally(fcst, days["precip"], parts=parts, settings=settings, metrics=metrics)
        for name in DAY_SETS:
            weights = parts.weights(name, resampling.resamples, seed=resampling.seed)
            values = resampled(total, weights, metrics) if weights.any() else {}
            for metric in metrics:
                key = f"{prefix}{metric.name}"
                score = values[metric.name] if values else by_set["all"][key] * np.nan
                by_set[name][key] = _with_all_resamples(score, 1 + resampling.resamples)
    attrs = {name: getattr(settings, name) for name in QUANTILES}
    attrs |= {f"weeks_{name}": len(np.unique(parts.block[parts.in_set[name]])) for name in DAY_SETS}
    sets = [xr.Dataset(scores) for scores in by_set.values()]
    return xr.concat(sets, pd.Index(list(by_set), name="days")).astype(np.float64).assign_attrs(attrs)


def _with_all_resamples(score: xr.DataArray, resamples: int) -> xr.DataArray:
    """(resample, ...), with NaN for the resamples that days of a single week do not give."""
    missing = resamples - score.sizes["resample"]
    return score.pad(resample=(0, missing)) if missing else score


def scores_by_column(scores: xr.Dataset, day_set: str = "all") -> Mapping[str, np.ndarray]:
    """The scores of one set of days by column of ``results.csv``: (resample,) each, NaN where undefined.

    A score of events has a column for each threshold: ``mapped_sedi_p99``, ``csi_20``.

    Args:
        scores: output of ``score_trial``.
        day_set: all or heavy_x.
    """
    columns: dict[str, np.ndarray] = {}
    for name, score in scores.sel(days=day_set).data_vars.items():
        if THRESHOLD not in score.dims:
            columns[str(name)] = score.values
            continue
        for threshold in score[THRESHOLD].values:
            label = next((q for q in QUANTILES if scores.attrs.get(q) == threshold), f"{threshold:g}")
            columns[f"{name}_{label}"] = score.sel({THRESHOLD: threshold}).values
    return columns
