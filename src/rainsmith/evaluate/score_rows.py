"""Rows of ``metrics.csv``: one for each score, threshold and set of days, from the sums of its terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rainsmith.evaluate.settings import Resampling
from rainsmith.metrics.core import SCALE, THRESHOLD, Settings
from rainsmith.metrics.estimates import Estimate, scores
from rainsmith.metrics.registry import Metric
from rainsmith.metrics.tally import Parts, Tally


def score_rows(
    total: Tally,
    parts: Parts,
    metrics: Sequence[Metric],
    labels: Mapping[str, Any],
    settings: Settings,
    resampling: Resampling,
    notes: list[str],
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Estimate]]]:
    """Rows of a table, and the scores that they show, on every set of days that is not empty.

    Args:
        total: sums of the terms of the metrics.
        parts: the groups of days that the sums are over.
        metrics: the scores.
        labels: columns that all rows share.
        settings: thresholds [mm/day].
        resampling: how the intervals are made.
        notes: what is left out is added to it.
    """
    rows: list[dict[str, Any]] = []
    weights: dict[str, np.ndarray] = {}
    for name, in_set in parts.in_set.items():
        if total.by_part["cells"].values[in_set].sum() > 0:
            weights[name] = parts.weights(name, resampling.resamples, seed=resampling.seed)
    scores_on = scores(total, weights, metrics) if weights else {}
    for name in parts.in_set:
        if name not in weights:
            notes.append(f"no {name} days among {len(parts.of_day)}")
            continue
        about = {**labels, "days": name, "n_days": int(total.by_part["days"].values @ weights[name][0])}
        for metric in metrics:
            of_metric = list(_rows(metric, scores_on[name][metric.name], settings))
            rows += [{**about, **row} for row in of_metric if np.isfinite(row["value"])]
            if not all(np.isfinite(row["value"]) for row in of_metric):
                some = " for some thresholds" if of_metric[1:] else ""
                notes.append(f"{metric.name} of {name} days is undefined{some}")
    return rows, scores_on


def member_range(values: np.ndarray) -> tuple[float, float]:
    """5 and 95 % quantiles of the figures of the members, (member,); NaN of a single one."""
    lower, upper = np.quantile(values, [0.05, 0.95]) if values.size > 1 else (np.nan, np.nan)
    return float(lower), float(upper)


def _rows(metric: Metric, result: Estimate, settings: Settings) -> Iterator[dict[str, Any]]:
    """The rows of one metric: one for each threshold and scale, or one, and with it the range of a single extreme."""
    about = {"metric": metric.name, "units": metric.units, "scale": np.nan, "observed": np.nan}
    axes = [dim for dim in (THRESHOLD, SCALE) if dim in result.value.dims]
    if axes:
        figures = {key: getattr(result, key).transpose(*axes).values for key in ("value", "lower", "upper")}
        steps = [result.value[dim].values for dim in axes]
        for place in np.ndindex(figures["value"].shape):
            at = {dim: float(values[i]) for dim, values, i in zip(axes, steps, place, strict=True)}
            yield {**about, **at, **{key: float(values[place]) for key, values in figures.items()}}
        return
    if result.observed is not None:
        about["observed"] = float(result.observed)
    bounds = {key: float(getattr(result, key)) for key in ("value", "lower", "upper")}
    yield {**about, "threshold": getattr(settings, metric.threshold) if metric.threshold else np.nan, **bounds}
    if metric.single_extreme and result.by_member is not None and result.by_member.size > 1:
        lower, upper = member_range(result.by_member.values)
        spread = {"value": bounds["value"], "lower": lower, "upper": upper}
        yield {**about, "metric": f"{metric.name}_range", "threshold": np.nan, **spread}
