"""Score the members and the baselines on all, heavy and heavy_x days, with intervals and paired comparisons."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.arrays import DAY_SETS, MEMBER, TIME, in_day_set
from rainsmith.config import Config, UserError
from rainsmith.forecasts import Forecast, baselines_of, samples_of
from rainsmith.metrics.bootstrap import calendar_blocks, paired_difference
from rainsmith.metrics.catalogue import COMPARED, METRICS, SINGLE_EXTREMES
from rainsmith.metrics.core import SCALE, THRESHOLD, Metric, Settings
from rainsmith.metrics.curves import curves
from rainsmith.metrics.tally import Score, partition, scores, tally
from rainsmith.run import Run, atomic, progress, write_json

COLUMNS = [
    *["model", "checkpoint", "seed", "mode", "split", "days", "members", "n_days"],
    *["metric", "threshold", "scale", "value", "observed", "lower", "upper", "units"],
]
"""Columns of ``metrics.csv``."""
COMPARISON_COLUMNS = ["metric", "days", "a", "b", "difference", "lower", "upper", "p", "split"]
"""Columns of ``comparisons.csv``."""


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


@dataclass
class Notes:
    """What ``evaluation/notes.json`` says."""

    not_applicable: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)


def evaluate(config: Config, run: Run) -> None:
    """Score every sample store of the configured modes and splits, and every baseline on the same days.

    Writes ``evaluation/<model>-<mode>-<split>.csv`` and ``.nc``, ``metrics.csv``, ``comparisons.csv``, ``notes.json``.
    A baseline that does not apply is noted and left out. The numbers depend on the inputs and ``config.seed`` alone.

    Raises:
        UserError: there are no samples, or they do not belong to the store.
    """
    store = run.open_store()
    settings = settings_of(store, config)
    resampling = Resampling(config.evaluate.block_days, config.evaluate.resamples, config.seed)
    forecasts = {split: samples_of(config, run, store, split) for split in config.sampling.splits}
    if not any(forecasts.values()):
        modes, splits = ", ".join(config.sampling.modes), ", ".join(config.sampling.splits)
        raise UserError(f"no samples in {run.samples} for {modes} of {splits}; run 'rainsmith sample' first")
    tables, comparisons, notes = [], [], Notes()
    for split, samples in forecasts.items():
        if not samples:
            continue
        days = np.unique(np.concatenate([sample.days for sample in samples]))
        scored: dict[str, tuple[Forecast, Scored]] = {}
        with progress() as bar:
            queue = [*samples, *baselines_of(config, store, split, days)]
            task = bar.add_task(f"evaluate {split}", total=sum(len(item.days) for item in queue), note="")
            for forecast in queue:
                bar.update(task, note=forecast.name)
                try:
                    result = _assess(forecast, store, settings, resampling, functools.partial(bar.advance, task))
                except UserError as error:
                    if not forecast.baseline:
                        raise
                    notes.not_applicable[forecast.stem] = str(error)
                    bar.advance(task, len(forecast.days))
                    continue
                scored[forecast.name] = forecast, result
                if result.notes:
                    notes.left_out[forecast.stem] = result.notes
                _write(run.evaluation / forecast.stem, result)
                tables.append(result.table)
        comparisons.append(_compare(scored, store, split, resampling))
    _write_csv(run.evaluation / "metrics.csv", pd.concat(tables))
    _write_csv(run.evaluation / "comparisons.csv", pd.concat(comparisons))
    write_json(run.evaluation / "notes.json", vars(notes))


def settings_of(store: xr.Dataset, config: Config) -> Settings:
    """Thresholds of the metrics: training quantiles of the store, fixed ones of the configuration [mm/day]."""
    return Settings(
        wet_mm=config.data.wet_mm,
        p90=float(store["p90"]),
        p95=float(store["p95"]),
        p99=float(store["p99"]),
        thresholds_mm=tuple(config.evaluate.thresholds_mm),
        seed=config.seed,
        coarsen=int(store.attrs.get("coarsen", 0)),
    )


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
    forecast = Forecast(labels, np.arange(days.sizes[TIME]), lambda: iter([(slice(None), fcst)]), baseline=False)
    return _assess(forecast, days, settings, resampling or Resampling(), lambda count: None).table


def _assess(
    forecast: Forecast,
    store: xr.Dataset,
    settings: Settings,
    resampling: Resampling,
    advance: Callable[[int], object],
) -> Scored:
    days = store.isel({TIME: forecast.days})
    day_sets = {name: in_day_set(days, name) for name in DAY_SETS}
    parts = partition(days[TIME], day_sets, block_days=resampling.block_days)
    tallies, members, metrics = [], 0, list(METRICS)
    for piece, fcst in forecast.pieces():
        members = fcst.sizes.get(MEMBER, 1)
        metrics = [metric for metric in METRICS if metric.applies(members, forecast.labels["mode"], settings)]
        obs = days["precip"].isel({TIME: piece})
        tallies.append(tally(fcst, obs, parts=parts.on(piece), settings=settings, metrics=metrics, advance=advance))
    total = functools.reduce(operator.add, tallies)
    notes = []
    if (lost := int(total.daily["lost"].sum())) > 0:
        notes.append(f"{lost} observed cell-days left out, where a member is missing")
    rows: list[dict[str, Any]] = []
    pictures: dict[str, xr.Dataset] = {}
    for name in DAY_SETS:
        if not total.by_part["cells"].values[parts.in_set[name]].sum() > 0:
            notes.append(f"no {name} days among {len(forecast.days)}")
            continue
        weights = parts.weights(name, resampling.resamples, seed=resampling.seed)
        found = scores(total.by_part, weights, metrics)
        sums = total.pooled(weights[0])
        about = {**forecast.labels, "days": name, "members": members, "n_days": int(sums["days"])}
        for metric in metrics:
            new = list(_rows(metric, found[metric.name], settings))
            rows += [{**about, **row} for row in new if not np.isnan(row["value"])]
            if any(np.isnan(row["value"]) for row in new):
                notes.append(f"{metric.name} of {name} days is undefined" + (" for some thresholds" if new[1:] else ""))
        pictures[name] = xr.merge([curves(sums), _by_member(found)], compat="no_conflicts", join="outer")
    drawn = xr.concat(list(pictures.values()), pd.Index(list(pictures), name="days")) if pictures else xr.Dataset()
    daily = total.daily[[*COMPARED.values(), "cells"]]
    drawn = drawn.assign({f"daily_{key}": daily[term] / daily["cells"] for key, term in COMPARED.items()})
    drawn.attrs = {**forecast.labels, "members": members}
    return Scored(pd.DataFrame(rows, columns=COLUMNS), drawn, daily, notes)


def _rows(metric: Metric, found: Score, settings: Settings) -> Iterator[dict[str, Any]]:
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
    if metric.name in SINGLE_EXTREMES and found.by_member is not None and found.by_member.size > 1:
        lower, upper = np.quantile(found.by_member.values, [0.05, 0.95])
        range_ = {"value": bounds["value"], "lower": float(lower), "upper": float(upper)}
        yield {**about, "metric": f"{metric.name}_range", "threshold": np.nan, **range_}


def _by_member(found: Mapping[str, Score]) -> xr.Dataset:
    """``member_value(metric, member)`` and ``observed_value(metric)`` of the metrics that each member has."""
    values = {name: score.by_member.values for name, score in found.items() if score.by_member is not None}
    observed = [float(score.observed) for score in found.values() if score.observed is not None]
    return xr.Dataset(
        {"member_value": (("metric", MEMBER), np.stack(list(values.values()))), "observed_value": ("metric", observed)},
        coords={"metric": list(values)},
    )


def _compare(
    scored: Mapping[str, tuple[Forecast, Scored]], store: xr.Dataset, split: str, resampling: Resampling
) -> pd.DataFrame:
    """Paired differences of every model and mode to all others and all baselines; negative where ``a`` is better."""
    rows = []
    for (a, (first, one)), (b, (second, two)) in itertools.combinations(scored.items(), 2):
        if first.baseline:
            continue
        common, i, j = np.intersect1d(first.days, second.days, return_indices=True)
        same = one.daily["cells"].values[i] == two.daily["cells"].values[j]
        common, i, j = common[same], i[same], j[same]
        days = store.isel({TIME: common})
        block = calendar_blocks(days[TIME], resampling.block_days)
        for day_set, (metric, term) in itertools.product(DAY_SETS, COMPARED.items()):
            chosen = in_day_set(days, day_set)
            found = paired_difference(
                one.daily[term].values[i][chosen],
                two.daily[term].values[j][chosen],
                one.daily["cells"].values[i][chosen],
                block[chosen],
                resamples=resampling.resamples,
                seed=resampling.seed,
            )
            if np.isfinite(found.difference):
                rows.append({"metric": metric, "days": day_set, "a": a, "b": b, **found._asdict(), "split": split})
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _write(stem: Path, result: Scored) -> None:
    _write_csv(stem.with_name(stem.name + ".csv"), result.table)
    with atomic(stem.with_name(stem.name + ".nc")) as scratch:
        result.curves.to_netcdf(scratch, engine="netcdf4")


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with atomic(path) as scratch:
        table.to_csv(scratch, index=False, float_format="%.7g")
