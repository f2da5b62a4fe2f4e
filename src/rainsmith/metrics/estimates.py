"""Scores with their intervals, from the sums of a tally."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME
from rainsmith.metrics.bootstrap import interval
from rainsmith.metrics.core import Settings, pool
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import PART, Parts, tally

_RESAMPLES_BYTES = 64 * 2**20  # [bytes] of resampled terms held at once


@dataclass(frozen=True)
class Estimate:
    """A score on one day set, with its interval.

    Attributes:
        value: the score, () or (threshold).
        lower: like ``value``, the 5 % quantile of the resamples.
        upper: like ``value``, the 95 % quantile of the resamples.
        observed: like ``value``, the same of the observation, where the metric is measured on it, too; else None.
        by_member: (..., member), where the metric is measured on each member; else None.
    """

    value: xr.DataArray
    lower: xr.DataArray
    upper: xr.DataArray
    observed: xr.DataArray | None = None
    by_member: xr.DataArray | None = None


def resampled(terms: xr.Dataset, weights: np.ndarray, metrics: Sequence[Metric]) -> dict[str, xr.DataArray]:
    """Compute every metric on the days themselves and on every resample of them, (1 + resamples, ...).

    Args:
        terms: (part, ...) of a ``Tally``.
        weights: (1 + resamples, part) of ``Parts.weights``; the first row counts every day once.
        metrics: the metrics to compute; the terms hold what they need.

    Returns:
        The values by name of metric.
    """
    blocks: dict[str, list[xr.DataArray]] = {metric.name: [] for metric in metrics}
    step = int(np.clip(_RESAMPLES_BYTES * terms.sizes[PART] // max(terms.nbytes, 1), 1, len(weights)))
    for start in range(0, len(weights), step):
        drawn = pool(terms, weights[start : start + step])
        for metric in metrics:
            blocks[metric.name].append(metric.value(drawn).transpose("resample", ...))
    return {name: parts[0] if len(parts) == 1 else xr.concat(parts, "resample") for name, parts in blocks.items()}


def scores(terms: xr.Dataset, weights: np.ndarray, metrics: Sequence[Metric]) -> dict[str, Estimate]:
    """Compute every metric with its interval from the sums of parts and their weights.

    Args:
        terms: (part, ...) of a ``Tally``.
        weights: (1 + resamples, part) of ``Parts.weights``.
        metrics: the metrics to compute; the terms hold what they need.

    Returns:
        The estimates by name of metric.
    """
    used = weights.any(axis=0)
    if not used.all():
        terms, weights = terms.isel({PART: used}), weights[:, used]
    values = resampled(terms, weights, metrics)
    itself = pool(terms, weights[:1]).isel(resample=0)
    estimates = {}
    for metric in metrics:
        value = values[metric.name].isel(resample=0)
        lower = upper = xr.full_like(value, np.nan)
        if len(weights) > 1:
            lower, upper = (value.copy(data=bound) for bound in interval(values[metric.name].values))
        beside = metric.each(itself) if metric.beside else (None, None)
        estimates[metric.name] = Estimate(value, lower, upper, *beside)
    return estimates


def score_days(
    fcst: xr.DataArray, obs: xr.DataArray, metrics: Iterable[Metric], *, settings: Settings, mode: str = "prior"
) -> dict[str, float]:
    """Score some days by some metrics, without intervals, as the validation during a training does.

    Args:
        fcst: (time, member, y, x) [mm/day].
        obs: (time, y, x) [mm/day].
        metrics: the metrics to compute; those that do not apply to this number of members or this mode are left out.
        settings: thresholds and seed.
        mode: ``prior`` or ``posterior``.

    Returns:
        The values by name of metric, and the values of the observation by that name with ``observed_`` before it.
        Scores with thresholds are left out.
    """
    count = fcst.sizes.get(MEMBER, 1)
    chosen = [metric for metric in metrics if metric.applies(count, mode, settings)]
    days = np.ones(obs.sizes[TIME], dtype=bool)
    parts = Parts(np.zeros(len(days), dtype=np.int64), np.zeros(1, dtype=np.int64), {"all": np.ones(1, dtype=bool)})
    sums = tally(fcst, obs, parts=parts, settings=settings, metrics=chosen).by_part
    values: dict[str, float] = {}
    for name, estimate in scores(sums, np.ones((1, 1)), chosen).items():
        if estimate.value.ndim == 0:
            values[name] = float(estimate.value)
            if estimate.observed is not None:
                values[f"observed_{name}"] = float(estimate.observed)
    return values
