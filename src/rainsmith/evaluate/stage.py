"""Score the members and the baselines on all, heavy and heavy_x days, with intervals and paired comparisons."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.console import progress
from rainsmith.base.dims import DAY_SETS, TIME, in_day_set
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, write_json
from rainsmith.config import Config
from rainsmith.evaluate.areas import AreaMeans, Areas, read_areas, score_areas
from rainsmith.evaluate.climate import ClimateWatch, Reference, climate_of, covers, record_of, reference_of, write_maps
from rainsmith.evaluate.forecasts_to_score import Forecast, baselines_of, samples_of
from rainsmith.evaluate.scoring import COLUMNS, Resampling, Scored, assess, score
from rainsmith.metrics.bootstrap import calendar_blocks, paired_difference
from rainsmith.metrics.core import Settings
from rainsmith.metrics.registry import compared_metrics
from rainsmith.run_folder import Run

__all__ = ["COLUMNS", "COMPARISON_COLUMNS", "Resampling", "evaluate", "score", "settings_of"]

COMPARISON_COLUMNS = ["metric", "days", "a", "b", "difference", "lower", "upper", "p", "split", "blocks"]
"""Columns of ``comparisons.csv``."""
_QUANTILES = ("p90", "p95", "p99")


@dataclass
class _Work:
    """What every forecast is scored with, and the rows that go into the files of the whole evaluation."""

    store: xr.Dataset
    settings: Settings
    resampling: Resampling
    folder: Path
    areas: Areas | None
    reference: Reference | None
    metrics: list[pd.DataFrame] = field(default_factory=list)
    comparisons: list[pd.DataFrame] = field(default_factory=list)
    climate: list[pd.DataFrame] = field(default_factory=list)
    area_rows: list[pd.DataFrame] = field(default_factory=list)
    not_applicable: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)


def evaluate(config: Config, run: Run) -> None:
    """Score every sample store of the configured modes and splits, and every baseline on the same days.

    Writes ``evaluation/<model>-<mode>-<split>.csv`` and ``.nc``, ``metrics.csv``, ``comparisons.csv``, ``notes.json``;
    with ``evaluate.climate``, ``climate.csv``, ``record-climate.nc`` and ``<model>-<mode>-<split>-climate.nc``; with
    ``evaluate.areas``, ``areas.csv``. A baseline that does not apply is noted and left out. The numbers depend on the
    inputs and ``config.seed`` alone.

    Raises:
        UserError: there are no samples, or they or the areas do not belong to the store.
    """
    store = run.open_store()
    forecasts = {split: samples_of(config, run, store, split) for split in config.sampling.splits}
    if not any(forecasts.values()):
        modes, splits = ", ".join(config.sampling.modes), ", ".join(config.sampling.splits)
        raise UserError(f"no samples in {run.samples} for {modes} of {splits}; run 'rainsmith sample' first")
    work = _Work(
        store,
        settings_of(store, config),
        Resampling(config.evaluate.block_days, config.evaluate.resamples, config.seed),
        run.evaluation,
        read_areas(config.evaluate.areas, store) if config.evaluate.areas else None,
        reference_of(store, config.data.wet_mm) if config.evaluate.climate else None,
    )
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
                    result = _score(forecast, work, functools.partial(bar.advance, task))
                except UserError as error:
                    if not forecast.baseline:
                        raise
                    work.not_applicable[forecast.stem] = str(error)
                    bar.advance(task, len(forecast.days))
                    continue
                scored[forecast.name] = forecast, result
        work.comparisons.append(_compare(scored, store, split, work.resampling))
    _write_all(work)


def _score(forecast: Forecast, work: _Work, advance: Callable[[int], object]) -> Scored:
    """Score one forecast in one pass over its members, and write what is its own."""
    climate = means = None
    if work.reference is not None and covers(forecast, work.store):
        climate = ClimateWatch(work.reference, forecast, work.store)
    if work.areas is not None:
        means = AreaMeans(work.areas)
    watchers = [watcher for watcher in (climate, means) if watcher is not None]
    result = assess(forecast, work.store, work.settings, work.resampling, watchers=watchers, advance=advance)
    stem, notes = work.folder / forecast.stem, list(result.notes)
    if climate is not None:
        table, maps = climate_of(climate, forecast, work.resampling)
        write_maps(stem.with_name(f"{stem.name}-climate.nc"), maps)
        work.climate.append(table)
    elif work.reference is not None:
        notes.append(f"no climate of {len(forecast.days)} days: the samples do not hold every day of the split")
    if means is not None:
        work.area_rows.append(score_areas(means, forecast, work.store, work.settings, work.resampling))
    _write_csv(stem.with_name(stem.name + ".csv"), result.table)
    with atomic(stem.with_name(stem.name + ".nc")) as scratch:
        result.curves.to_netcdf(scratch, engine="netcdf4")
    work.metrics.append(result.table)
    if notes:
        work.left_out[forecast.stem] = notes
    return result


def _write_all(work: _Work) -> None:
    """Write the files of the whole evaluation; those of an earlier one that were not asked for now are removed."""
    _write_csv(work.folder / "metrics.csv", pd.concat(work.metrics))
    _write_csv(work.folder / "comparisons.csv", pd.concat(work.comparisons))
    record = work.folder / "record-climate.nc"
    if work.reference is not None:
        write_maps(record, record_of(work.reference, work.store, work.resampling))
    else:
        record.unlink(missing_ok=True)
    for name, tables in (("climate", work.climate), ("areas", work.area_rows)):
        path = work.folder / f"{name}.csv"
        if tables:
            _write_csv(path, pd.concat(tables))
        else:
            path.unlink(missing_ok=True)
    write_json(work.folder / "notes.json", {"not_applicable": work.not_applicable, "left_out": work.left_out})


def settings_of(store: xr.Dataset, config: Config) -> Settings:
    """Thresholds of the metrics: training quantiles of the store, fixed ones of the configuration [mm/day].

    A quantile that is no rain, as P90 where nine days of ten are dry, marks no event: it is 0, and scores that need it
    are left out.
    """
    wet_mm = config.data.wet_mm
    p90, p95, p99 = (value if value >= wet_mm else 0.0 for value in (float(store[q]) for q in _QUANTILES))
    return Settings(
        wet_mm=wet_mm,
        p90=p90,
        p95=p95,
        p99=p99,
        thresholds_mm=tuple(config.evaluate.thresholds_mm),
        seed=config.seed,
        coarsen=int(store.attrs.get("coarsen", 0)),
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
        for day_set, (metric, term) in itertools.product(DAY_SETS, compared_metrics().items()):
            if term not in one.daily:
                continue
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


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table atomically, with seven digits."""
    with atomic(path) as scratch:
        table.to_csv(scratch, index=False, float_format="%.7g")
