"""One forecast scored: the rows of its table with their intervals, its curves, and what else watches its members."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import DAY_SETS, MEMBER, TIME, in_day_set
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.metrics.core import SCALE, THRESHOLD, Pairs, Settings
from rainsmith.metrics.curves import curves
from rainsmith.metrics.registry import METRICS, Metric, compared_metrics
from rainsmith.metrics.tally import Estimate, Parts, Tally, partition, scores, tally_pieces

COLUMNS = [
    *["model", "checkpoint", "seed", "mode", "split", "days", "members", "n_days"],
    *["metric", "threshold", "scale", "value", "observed", "lower", "upper", "units"],
]
"""Columns of ``metrics.csv``."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: blocks of ``block_days`` calendar days drawn ``resamples`` times."""

    block_days: int = 7
    resamples: int = 500
    seed: int = 0


@dataclass(frozen=True)
class Scored:
    """What is known about one forecast after it was scored.

    Attributes:
        table: rows of ``metrics.csv``.
        curves: what the plots show, by day set (docs/method.md).
        daily: (time) sums over cells of the compared scores, and the cells.
        notes: what was left out, and why.
    """

    table: pd.DataFrame
    curves: xr.Dataset
    daily: xr.Dataset
    notes: list[str]


def score(
    fcst: xr.DataArray,
    days: xr.Dataset,
    *,
    settings: Settings,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Rows of ``metrics.csv`` for any forecast.

    Args:
        fcst: (time, member, y, x) [mm/day], NaN where invalid.
        days: the same days of the store, with ``precip``, ``category`` and ``heavy_x``.
        settings: thresholds [mm/day] and seed.
        labels: ``model``, ``checkpoint``, ``seed``, ``mode`` and ``split``; the mode decides which metrics apply.
        resampling: of the intervals.
    """
    labels = {"model": "", "checkpoint": "", "seed": 0, "mode": "prior", "split": "", **(labels or {})}
    days_of_it, members = np.arange(days.sizes[TIME]), fcst.sizes.get(MEMBER, 1)
    forecast = Forecast(labels, days_of_it, members, lambda: iter([(slice(None), fcst)]), baseline=False)
    return assess(forecast, days, settings, resampling or Resampling()).table


class Watcher(Protocol):
    """What else adds up the members of a forecast while it is scored."""

    def add(self, days: np.ndarray, pairs: Pairs) -> object:
        """Take the next days: their positions among those of the forecast, their members and observation."""


def on_cells(pairs: Pairs, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fields (time, series, cell) [mm/day], 0 where invalid, and valid (time, cell), on given cells of the grid."""
    if np.array_equal(pairs.cells, cells):
        return pairs.fields, pairs.valid
    place = np.minimum(np.searchsorted(cells, pairs.cells), len(cells) - 1)
    same = cells[place] == pairs.cells
    fields = np.zeros((*pairs.fields.shape[:2], len(cells)), dtype=np.float32)
    valid = np.zeros((len(fields), len(cells)), dtype=bool)
    fields[:, :, place[same]], valid[:, place[same]] = pairs.fields[:, :, same], pairs.valid[:, same]
    return fields, valid


def assess(
    forecast: Forecast,
    store: xr.Dataset,
    settings: Settings,
    resampling: Resampling,
    *,
    metrics: Iterable[Metric] = METRICS,
    watchers: Sequence[Watcher] = (),
    advance: Callable[[int], object] = lambda days: None,
) -> Scored:
    """Score one forecast in one pass over its members.

    Args:
        forecast: what is scored.
        store: the store that its days are of.
        settings: thresholds [mm/day] and seed.
        resampling: of the intervals.
        metrics: those that do not apply are left out; the curves need all.
        watchers: see the same members, in the order of the days.
        advance: called with the number of days done.
    """
    days = store.isel({TIME: forecast.days})
    day_sets = {name: in_day_set(days, name) for name in DAY_SETS}
    parts = partition(days[TIME], day_sets, block_days=resampling.block_days)
    members, drawing = forecast.members, metrics is METRICS
    metrics = [metric for metric in metrics if metric.applies(members, forecast.labels["mode"], settings)]

    def watch(done: np.ndarray, pairs: Pairs) -> None:
        for watcher in watchers:
            watcher.add(done, pairs)
        advance(len(done))

    total = tally_pieces(
        forecast.pieces(), days["precip"], parts=parts, settings=settings, metrics=metrics, watch=watch
    )
    notes: list[str] = []
    if (lost := int(total.daily["lost"].sum())) > 0:
        notes.append(f"{lost} observed cell-days left out, where a member is missing")
    labels = {**forecast.labels, "members": members}
    rows, found_on = score_rows(total, parts, metrics, labels, settings, resampling, notes)
    pictures: dict[str, xr.Dataset] = {}
    for name, found in found_on.items():
        if drawing:
            sums = total.pooled(parts.weights(name, 0, seed=resampling.seed)[0])
            pictures[name] = xr.merge([curves(sums), _by_member(found)], compat="no_conflicts", join="outer")
    compared = {key: term for key, term in compared_metrics().items() if term in total.daily}
    daily = total.daily[[*compared.values(), "cells"]]
    drawn = xr.concat(list(pictures.values()), pd.Index(list(pictures), name="days")) if pictures else xr.Dataset()
    drawn = drawn.assign({f"daily_{key}": daily[term] / daily["cells"] for key, term in compared.items()})
    drawn.attrs = {**forecast.labels, "members": members}
    return Scored(pd.DataFrame(rows, columns=COLUMNS), drawn, daily, notes)


def score_rows(
    total: Tally,
    parts: Parts,
    metrics: Sequence[Metric],
    labels: Mapping[str, Any],
    settings: Settings,
    resampling: Resampling,
    notes: list[str],
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Estimate]]]:
    """Rows of a table, and the scores they are of, on every set of days that has some.

    Args:
        total: sums of the terms of the metrics.
        parts: that they are sums over.
        metrics: which scores.
        labels: columns that all rows share.
        settings: thresholds [mm/day].
        resampling: of the intervals.
        notes: what is left out is added to it.
    """
    rows: list[dict[str, Any]] = []
    found_on: dict[str, dict[str, Estimate]] = {}
    for name in DAY_SETS:
        if not total.by_part["cells"].values[parts.in_set[name]].sum() > 0:
            notes.append(f"no {name} days among {len(parts.of_day)}")
            continue
        weights = parts.weights(name, resampling.resamples, seed=resampling.seed)
        found = found_on[name] = scores(total.by_part, weights, metrics)
        about = {**labels, "days": name, "n_days": int(total.by_part["days"].values @ weights[0])}
        for metric in metrics:
            new = list(_rows(metric, found[metric.name], settings))
            rows += [{**about, **row} for row in new if not np.isnan(row["value"])]
            if any(np.isnan(row["value"]) for row in new):
                notes.append(f"{metric.name} of {name} days is undefined" + (" for some thresholds" if new[1:] else ""))
    return rows, found_on


def _rows(metric: Metric, found: Estimate, settings: Settings) -> Iterator[dict[str, Any]]:
    about = {"metric": metric.name, "units": metric.units, "scale": np.nan, "observed": np.nan}
    axes = [dim for dim in (THRESHOLD, SCALE) if dim in found.value.dims]
    if axes:
        for place in itertools.product(*(range(found.value.sizes[dim]) for dim in axes)):
            at = dict(zip(axes, place, strict=True))
            bounds = {key: float(getattr(found, key)[at]) for key in ("value", "lower", "upper")}
            yield {**about, **{dim: float(found.value[dim][i]) for dim, i in at.items()}, **bounds}
        return
    if found.observed is not None:
        about["observed"] = float(found.observed)
    bounds = {key: float(getattr(found, key)) for key in ("value", "lower", "upper")}
    yield {**about, "threshold": getattr(settings, metric.threshold) if metric.threshold else np.nan, **bounds}
    if metric.single_extreme and found.by_member is not None and found.by_member.size > 1:
        lower, upper = np.quantile(found.by_member.values, [0.05, 0.95])
        range_ = {"value": bounds["value"], "lower": float(lower), "upper": float(upper)}
        yield {**about, "metric": f"{metric.name}_range", "threshold": np.nan, **range_}


def _by_member(found: Mapping[str, Estimate]) -> xr.Dataset:
    """``member_value(metric, member)`` and ``observed_value(metric)`` of the metrics that each member has."""
    values = {name: score.by_member.values for name, score in found.items() if score.by_member is not None}
    observed = [float(score.observed) for score in found.values() if score.observed is not None]
    return xr.Dataset(
        {"member_value": (("metric", MEMBER), np.stack(list(values.values()))), "observed_value": ("metric", observed)},
        coords={"metric": list(values)},
    )
