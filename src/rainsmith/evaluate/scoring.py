"""One forecast scored: the rows of its table with their intervals, its curves, and what else watches its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import DAY_SETS, MEMBER, TIME, in_day_set
from rainsmith.base.errors import UserError
from rainsmith.base.units import to_mm_per_day
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.settings import Resampling, settings_from_training
from rainsmith.metrics.core import SCALE, THRESHOLD, Pairs, Settings
from rainsmith.metrics.curves import curves
from rainsmith.metrics.estimates import Estimate, scores
from rainsmith.metrics.registry import METRICS, Metric, compared_metrics
from rainsmith.metrics.tally import Parts, Tally, partition, tally_pieces

COLUMNS = [
    *["model", "checkpoint", "seed", "mode", "split", "days", "members", "n_days"],
    *["metric", "threshold", "scale", "value", "observed", "lower", "upper", "units"],
]
"""Columns of ``metrics.csv``."""

LOST = "observed cell-days left out, where a member is missing"
"""End of the note on cell-days that have an observation and no score."""


@dataclass(frozen=True)
class Scored:
    """What is known about one forecast after it was scored.

    Attributes:
        table: rows of ``metrics.csv``.
        curves: what the plots show, by day set (docs/method.md); without the curves, the daily scores alone.
        daily: (time) sums over cells of the compared scores, and the cells.
        notes: what was left out, and why.
    """

    table: pd.DataFrame
    curves: xr.Dataset
    daily: xr.Dataset
    notes: list[str]


class Watcher(Protocol):
    """What else adds up the members of a forecast while it is scored."""

    def add(self, days: np.ndarray, pairs: Pairs) -> object:
        """Take the next days: their positions among those of the forecast, their members and observation."""


def score(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    training: xr.DataArray | None = None,
    settings: Settings | None = None,
    metrics: Iterable[str] | None = None,
    day_sets: Mapping[str, np.ndarray] | None = None,
    labels: Mapping[str, Any] | None = None,
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Scores of any forecast of daily rain, with intervals: the table that ``rainsmith evaluate`` writes.

    Arrays whose attribute ``units`` says another unit are converted; those without ``units`` are taken as mm/day.

    Args:
        forecast: (time, member, y, x) [mm/day], NaN where invalid; without ``member`` it is a single-valued forecast.
        observed: (time, y, x) [mm/day], the same days and cells.
        training: (time, y, x) [mm/day] rain of other days, whose P90, P95 and P99 over all cells and days are
            thresholds. Without it, scores that need one of them are left out, unless ``settings`` has them.
        settings: the other thresholds [mm/day], and the seed of the ranks of ties.
        metrics: names in ``METRICS``; all unless they are given. Those that mean nothing for this number of members
            are left out.
        day_sets: for each name in the column ``days``, (time,) bool; all days unless they are given.
        labels: ``model``, ``checkpoint``, ``seed``, ``mode`` and ``split``, the first columns of the table. The mode
            (``prior`` unless it is given) decides which metrics apply.
        resampling: how the intervals are made.

    Returns:
        One row for each score, threshold and set of days, with the columns ``COLUMNS``. ``value`` is the score,
        ``lower`` and ``upper`` its 90 % interval (NaN where all days lie in one block), ``observed`` the same figure
        of the observation where it has one.

    Raises:
        UserError: a metric is unknown, the days have no dates, units are no precipitation, or the training days hold
            no value.
        ValueError: the forecast and the observation differ in days or grid.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> import xarray as xr
        >>> rain = np.random.default_rng(0).gamma(0.5, 8.0, size=(60, 4, 5, 6))
        >>> time = pd.date_range("2001-01-01", periods=60)
        >>> observed = xr.DataArray(rain[:, 0], dims=("time", "y", "x"), coords={"time": time})
        >>> forecast = xr.DataArray(rain[:, 1:], dims=("time", "member", "y", "x"), coords={"time": time})
        >>> table = score(forecast, observed, metrics=["crps", "wet_fraction"])
        >>> table[["metric", "days", "members", "n_days", "units"]]
                 metric days  members  n_days   units
        0  wet_fraction  all        3      60       1
        1          crps  all        3      60  mm/day
        >>> bool((table["lower"] <= table["value"]).all())
        True
    """
    if TIME not in observed.coords:
        raise UserError("found no dates in the observation; expected a coordinate 'time'; intervals draw weeks of days")
    if TIME in forecast.coords and not np.array_equal(forecast[TIME].values, observed[TIME].values):
        raise ValueError(
            f"found a forecast of {forecast.sizes[TIME]} and an observation of {observed.sizes[TIME]} days; "
            "expected the same days in the same order; select them"
        )
    known = {"model": "", "checkpoint": "", "seed": 0, "mode": "prior", "split": "", **(labels or {})}
    days, members = np.arange(observed.sizes[TIME]), forecast.sizes.get(MEMBER, 1)
    one = Forecast(known, days, members, lambda: iter([(slice(None), forecast)]), baseline=False)
    forecast, observed = in_mm_per_day(forecast, "the forecast"), in_mm_per_day(observed, "the observation")
    training = None if training is None else in_mm_per_day(training, "the training rain")
    names = METRICS.names() if metrics is None else {METRICS[name].name for name in metrics}
    return assess(
        one,
        observed,
        {"all": np.ones(len(days), dtype=bool)} if day_sets is None else day_sets,
        settings_from_training(training, settings),
        resampling or Resampling(),
        metrics=[metric for metric in METRICS if metric.name in names],
        with_curves=False,
    ).table


def in_mm_per_day(rain: xr.DataArray, name: str) -> xr.DataArray:
    """Rain in mm/day, by its attribute ``units``; without it, the array as it is."""
    return to_mm_per_day(rain, name=name) if rain.attrs.get("units") else rain


def day_sets_of(days: xr.Dataset) -> dict[str, np.ndarray]:
    """For ``all``, ``heavy`` and ``heavy_x``: which of some days of a store belong to it, (time,) bool."""
    return {name: in_day_set(days, name) for name in DAY_SETS}


def on_cells(pairs: Pairs, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fields (time, series, cell) [mm/day], 0 where invalid, and valid (time, cell), on given cells of the grid."""
    if np.array_equal(pairs.cells, cells):
        return pairs.fields, pairs.valid
    place = np.minimum(np.searchsorted(cells, pairs.cells), len(cells) - 1)
    shared = cells[place] == pairs.cells
    fields = np.zeros((*pairs.fields.shape[:2], len(cells)), dtype=np.float32)
    valid = np.zeros((len(fields), len(cells)), dtype=bool)
    fields[:, :, place[shared]], valid[:, place[shared]] = pairs.fields[:, :, shared], pairs.valid[:, shared]
    return fields, valid


def assess(
    forecast: Forecast,
    observed: xr.DataArray,
    day_sets: Mapping[str, np.ndarray],
    settings: Settings,
    resampling: Resampling,
    *,
    metrics: Iterable[Metric] = METRICS,
    with_curves: bool = True,
    watchers: Sequence[Watcher] = (),
    advance: Callable[[int], object] = lambda days: None,
) -> Scored:
    """Score one forecast in one pass over its members.

    Args:
        forecast: what is scored.
        observed: (time, y, x) [mm/day] of its days.
        day_sets: for each set of days, (time,) bool.
        settings: thresholds [mm/day] and seed.
        resampling: how the intervals are made.
        metrics: those that do not apply are left out.
        with_curves: also make the curves of the plots, which take the sums of all metrics.
        watchers: see the same members, in the order of the days.
        advance: called with the number of days done.
    """
    parts = partition(observed[TIME], day_sets, block_days=resampling.block_days)
    members, mode = forecast.members, forecast.labels["mode"]
    metrics = [metric for metric in metrics if metric.applies(members, mode, settings)]

    def watch(done: np.ndarray, pairs: Pairs) -> None:
        for watcher in watchers:
            watcher.add(done, pairs)
        advance(len(done))

    counted = [*metrics, METRICS["mean"]]  # whose terms count the days and the cells
    total = tally_pieces(forecast.pieces(), observed, parts=parts, settings=settings, metrics=counted, watch=watch)
    notes: list[str] = []
    if (lost := int(total.daily["lost"].sum())) > 0:
        known = lost + int(total.daily["cells"].sum())
        notes.append(f"{lost} of {known} {LOST}")
    labels = {**forecast.labels, "members": members}
    rows, scores_on = score_rows(total, parts, metrics, labels, settings, resampling, notes)
    compared = {name: term for name, term in compared_metrics().items() if term in total.daily}
    daily = total.daily[[*compared.values(), "cells"]]
    shown = _curves(total, parts, scores_on, resampling) if with_curves and scores_on else xr.Dataset()
    shown = shown.assign({f"daily_{name}": daily[term] / daily["cells"] for name, term in compared.items()})
    shown.attrs = labels
    return Scored(pd.DataFrame(rows, columns=COLUMNS), shown, daily, notes)


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


def _curves(
    total: Tally, parts: Parts, scores_on: Mapping[str, Mapping[str, Estimate]], resampling: Resampling
) -> xr.Dataset:
    """The curves of the plots, and the figures of each member, by set of days."""
    by_day_set = []
    for name, results in scores_on.items():
        sums = total.pooled(parts.weights(name, 0, seed=resampling.seed)[0])
        by_day_set.append(xr.merge([curves(sums), _by_member(results)], compat="no_conflicts", join="outer"))
    return xr.concat(by_day_set, pd.Index(list(scores_on), name="days"))


def _by_member(results: Mapping[str, Estimate]) -> xr.Dataset:
    """``member_value(metric, member)`` and ``observed_value(metric)`` of the metrics that each member has."""
    values = {name: result.by_member.values for name, result in results.items() if result.by_member is not None}
    observed = [float(result.observed) for result in results.values() if result.observed is not None]
    return xr.Dataset(
        {"member_value": (("metric", MEMBER), np.stack(list(values.values()))), "observed_value": ("metric", observed)},
        coords={"metric": list(values)},
    )
