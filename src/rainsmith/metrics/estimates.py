"""Scores with their intervals, from the sums of a tally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME
from rainsmith.metrics.bootstrap import interval
from rainsmith.metrics.core import Settings, Terms, joined, pool
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import PART, Parts, Tally, tally

_RESAMPLES_BYTES = 32 * 2**20  # [bytes] of resampled terms held at once


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


def resampled(total: Tally, weights: np.ndarray, metrics: Iterable[Metric]) -> dict[str, xr.DataArray]:
    """Compute every metric on chosen days and on every resample of them, (resample, ...).

    Args:
        total: sums of the terms of the metrics.
        weights: (resample, part) how often each part is counted, as ``Parts.weights`` gives them.
        metrics: the metrics to compute.

    Returns:
        The values by name of metric.
    """
    alike: dict[tuple[Terms, ...], list[Metric]] = {}
    for metric in metrics:
        alike.setdefault(metric.terms, []).append(metric)
    values: dict[str, xr.DataArray] = {}
    shared = {one for one, times in Counter(one for terms in alike for one in terms).items() if times > 1}
    whole: dict[Terms, xr.Dataset] = {}  # terms of several groups, pooled once
    for names, group in alike.items():
        terms = total.needed_by(group[0])
        blocks: dict[str, list[xr.DataArray]] = {metric.name: [] for metric in group}
        step = int(np.clip(_RESAMPLES_BYTES * terms.sizes[PART] // max(terms.nbytes, 1), 1, len(weights)))
        for start in range(0, len(weights), step):
            if step < len(weights) or not shared & set(names):
                drawn = pool(terms, weights[start : start + step])
            else:
                whole |= {one: pool(total.by_terms[one], weights) for one in names if one not in whole}
                drawn = joined(whole[one] for one in names)
            for metric in group:
                blocks[metric.name].append(metric.value(drawn).transpose("resample", ...))
        values |= {name: one[0] if len(one) == 1 else _after_each_other(one) for name, one in blocks.items()}
    return values


def _after_each_other(parts: Sequence[xr.DataArray]) -> xr.DataArray:
    """Blocks of resamples that differ in nothing else; ``xr.concat`` would compare all their coordinates."""
    together = xr.Variable.concat([part.variable for part in parts], dim="resample")  # type: ignore[no-untyped-call]
    return xr.DataArray(together, coords=parts[0].coords, name=parts[0].name)


def scores(
    total: Tally, weights: Mapping[str, np.ndarray], metrics: Sequence[Metric]
) -> dict[str, dict[str, Estimate]]:
    """Compute every metric with its interval on several sets of days.

    Args:
        total: sums of the terms of the metrics.
        weights: for each set of days, (1 + resamples, part) of ``Parts.weights``.
        metrics: the metrics to compute.

    Returns:
        By set of days, the estimates by name of metric.
    """
    stops = np.cumsum([len(rows) for rows in weights.values()])
    places = {name: slice(stop - len(weights[name]), stop) for name, stop in zip(weights, stops, strict=True)}
    values = resampled(total, np.concatenate(list(weights.values())), metrics)
    themselves = np.stack([rows[0] for rows in weights.values()])
    pooled = {metric.terms: metric for metric in metrics if metric.beside}
    of_days = {terms: pool(total.needed_by(metric), themselves) for terms, metric in pooled.items()}
    beside = {metric.name: metric.each(of_days[metric.terms]) for metric in metrics if metric.beside}
    estimates: dict[str, dict[str, Estimate]] = {name: {} for name in weights}
    for metric in metrics:
        every = values[metric.name]
        one = every.isel(resample=0)
        for i, (name, place) in enumerate(places.items()):
            drawn = every.values[place]
            bounds = interval(drawn) if len(drawn) > 1 else (np.full_like(drawn[0], np.nan),) * 2
            value, lower, upper = (one.copy(data=figure) for figure in (drawn[0], *bounds))
            own = (series.isel(resample=i) for series in beside.get(metric.name, ()))
            estimates[name][metric.name] = Estimate(value, lower, upper, *own)
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
    total = tally(fcst, obs, parts=parts, settings=settings, metrics=chosen)
    values: dict[str, float] = {}
    for name, estimate in scores(total, {"all": np.ones((1, 1))}, chosen)["all"].items():
        if estimate.value.ndim == 0:
            values[name] = float(estimate.value)
            if estimate.observed is not None:
                values[f"observed_{name}"] = float(estimate.observed)
    return values
