"""The command ``evaluate``: every sample store and baseline is scored on all, heavy and heavy_x days."""

from __future__ import annotations

import functools
import itertools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.console import progress
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.json_files import write_json
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.pieces import DamagedPiece, Pieces
from rainsmith.base.workers import active, workers
from rainsmith.config import Config
from rainsmith.data.held_days import held
from rainsmith.evaluate.climate import record_of
from rainsmith.evaluate.comparisons import compare_in_pairs
from rainsmith.evaluate.forecasts_to_score import Forecast, baselines_of, samples_of
from rainsmith.evaluate.one_forecast import Yardstick, measure, write_maps
from rainsmith.evaluate.piecework import RECORD, Piecework
from rainsmith.evaluate.scoring import Scored
from rainsmith.run_folder import Run


@dataclass(frozen=True)
class Evaluation:
    """The results of an evaluation; ``folder`` holds the same tables as files, rounded to seven digits.

    Attributes:
        folder: ``evaluation/`` of the run folder.
        metrics: rows of ``metrics.csv``.
        comparisons: rows of ``comparisons.csv``.
        climate: rows of ``climate.csv``; None without any.
        areas: rows of ``areas.csv``; None without any.
        not_applicable: for each baseline that the data do not allow, what it lacks.
        left_out: for each forecast, what was left out, and why.
    """

    folder: Path
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    climate: pd.DataFrame | None
    areas: pd.DataFrame | None
    not_applicable: Mapping[str, str]
    left_out: Mapping[str, list[str]]


@dataclass
class _Work:
    """Where the results go, and the rows that there are so far."""

    by: Yardstick
    folder: Path
    pieces: Piecework | None
    metrics: list[pd.DataFrame] = field(default_factory=list)
    tail_rows: list[pd.DataFrame] = field(default_factory=list)
    comparisons: list[pd.DataFrame] = field(default_factory=list)
    climate: list[pd.DataFrame] = field(default_factory=list)
    area_rows: list[pd.DataFrame] = field(default_factory=list)
    not_applicable: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)


def evaluate(config: Config, run: Run, *, pieces: Pieces | None = None, scheduler: str | None = None) -> Evaluation:
    """Score every sample store of the configured modes and splits, and every baseline on the same days.

    Writes ``evaluation/<model>-<mode>-<split>.csv`` and ``.nc``, ``metrics.csv``, ``comparisons.csv``, ``notes.json``;
    with ``evaluate.climate``, ``climate.csv``, ``record-climate.nc`` and ``<model>-<mode>-<split>-climate.nc``; with
    ``evaluate.areas``, ``areas.csv``. A baseline that does not apply is noted and left out. The numbers depend on the
    inputs and ``config.seed`` alone.

    Args:
        config: the configuration.
        run: the run folder, with samples.
        pieces: where the work is shared out to shards: the pieces that this process makes, and those that are there.
        scheduler: address of a dask scheduler whose workers read, make and score the forecasts, or ``local`` for
            worker processes of this machine; None works with threads.

    Raises:
        Unfinished: other shards have pieces left.
        UserError: there are no samples, or they or the areas do not belong to the store; the scheduler has no worker
            that can be used, or shards have begun.
    """
    if pieces is not None and scheduler is not None:
        raise UserError(
            "shards have begun this evaluation, and a scheduler cannot go on with it; leave out --scheduler"
        )
    run = run if scheduler is None else Run(run.folder.resolve())  # workers have another working folder
    with large_arrays_in(run.folder), workers(scheduler, sees=[run.folder]):
        store = run.open_store()
        samples: dict[str, list[Forecast]] = {
            split: samples_of(config, run, store, split) for split in config.sampling.splits
        }
        if not any(samples.values()):
            modes, splits = ", ".join(config.sampling.modes), ", ".join(config.sampling.splits)
            raise UserError(f"no samples in {run.samples} for {modes} of {splits}; run 'rainsmith sample' first")
        return evaluate_samples(config, store, samples, run.evaluation, pieces=pieces)


def evaluate_samples(
    config: Config,
    store: xr.Dataset,
    samples: Mapping[str, list[Forecast]],
    folder: Path,
    *,
    pieces: Pieces | None = None,
) -> Evaluation:
    """What ``evaluate`` does with samples by split, and with the baselines on their days.

    The store is read once for all forecasts, and lies in files where it is large (``large_arrays_in``).
    """
    source, store = store, held(store)
    by = Yardstick.of(config, store, source if active() else None)
    forecasts: dict[str, list[Forecast]] = {}
    for split, of_split in samples.items():
        if of_split:
            days = np.unique(np.concatenate([sample.days for sample in of_split]))
            forecasts[split] = [*of_split, *baselines_of(config, source if active() else store, split, days)]
    # coordinates are compared, and nothing is copied to align it
    with xr.set_options(arithmetic_join="exact"):  # type: ignore[no-untyped-call]
        shared = None
        if pieces is not None:
            shared = Piecework(pieces, by, itertools.chain.from_iterable(forecasts.values()))
            shared.work()
        work = _Work(by, folder, shared)
        for split, of_split in forecasts.items():
            scored = _score_all(of_split, split, work)
            work.comparisons.append(compare_in_pairs(scored, store, split, by.resampling))
    return _write_all(work)


def _score_all(forecasts: list[Forecast], split: str, work: _Work) -> dict[str, tuple[Forecast, Scored]]:
    """Score the forecasts of one split, by their names; a baseline that does not apply is noted."""
    scored: dict[str, tuple[Forecast, Scored]] = {}
    with progress() as bar:
        task = bar.add_task(f"evaluate {split}", total=sum(len(forecast.days) for forecast in forecasts), note="")
        for forecast in forecasts:
            bar.update(task, note=forecast.name)
            try:
                scored[forecast.name] = forecast, _score(forecast, work, functools.partial(bar.advance, task))
            except UserError as error:
                if not forecast.baseline or isinstance(error, DamagedPiece):
                    raise
                work.not_applicable[forecast.stem] = str(error)
                bar.advance(task, len(forecast.days))
    return scored


def _score(forecast: Forecast, work: _Work, advance: Callable[[int], object]) -> Scored:
    """Measure one forecast, or join what shards have measured, and write the files that are its own."""
    if work.pieces is None:
        result, watched = measure(forecast, work.by, advance)
    else:
        result, watched = work.pieces.measured(forecast)
        advance(len(forecast.days))
    stem, notes = work.folder / forecast.stem, list(result.notes)
    if watched.climate is not None and watched.maps is not None:
        _write_maps(stem.with_name(f"{stem.name}-climate.nc"), watched.maps, work, f"climate of {stem.name}")
        work.climate.append(watched.climate)
    elif work.by.reference is not None:
        notes.append(f"no climate of {len(forecast.days)} days: the samples do not hold every day of the split")
    if watched.areas is not None:
        work.area_rows.append(watched.areas)
    work.tail_rows.append(watched.tail)
    _write_csv(stem.with_name(stem.name + ".csv"), pd.concat([result.table, work.tail_rows[-1]]))
    _write_maps(stem.with_name(f"{stem.name}.nc"), result.curves, work, f"curves of the scores of {stem.name}")
    work.metrics.append(result.table)
    if notes:
        work.left_out[forecast.stem] = notes
    return result


def _write_all(work: _Work) -> Evaluation:
    """Write the files of the whole evaluation; those of an earlier one that were not asked for now are removed."""
    result = Evaluation(
        folder=work.folder,
        metrics=pd.concat([*work.metrics, *work.tail_rows]),
        comparisons=pd.concat(work.comparisons),
        climate=pd.concat(work.climate) if work.climate else None,
        areas=pd.concat(work.area_rows) if work.area_rows else None,
        not_applicable=work.not_applicable,
        left_out=work.left_out,
    )
    for name in ("metrics", "comparisons", "climate", "areas"):
        path, table = work.folder / f"{name}.csv", getattr(result, name)
        if table is None:
            path.unlink(missing_ok=True)
        else:
            _write_csv(path, table)
    record, by = work.folder / RECORD, work.by
    if by.reference is not None:
        made = None if work.pieces is None else work.pieces.record()
        climate = record_of(by.reference, by.store, by.resampling) if made is None else made
        _write_maps(record, climate, work, "climate of the observation")
    else:
        record.unlink(missing_ok=True)
    write_json(work.folder / "notes.json", {"not_applicable": work.not_applicable, "left_out": work.left_out})
    return result


def _write_maps(path: Path, data: xr.Dataset | Path, work: _Work, holds: str) -> None:
    """Write maps and curves, or copy the file that a shard has written."""
    if isinstance(data, xr.Dataset):
        write_maps(path, data, work.by.store, holds)
        return
    with atomic(path) as scratch:
        shutil.copyfile(data, scratch)


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table atomically, with seven digits."""
    with atomic(path) as scratch:
        table.to_csv(scratch, index=False, float_format="%.7g")
