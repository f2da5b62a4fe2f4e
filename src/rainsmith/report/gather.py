"""Reading a run folder for the report: what is there, and for what is not, the command that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import open_zarr, read_json, read_jsonl
from rainsmith.baselines.registry import BASELINES
from rainsmith.config import Config
from rainsmith.run_folder import Run

MODES = ("prior", "posterior")


@dataclass(frozen=True)
class Material:
    """All that a report is made of; a part that no stage has written yet is empty or None.

    Attributes:
        config: the configuration.
        store: the prepared data, lazily.
        split: the split that is judged.
        samples: members by mode, lazily, in [mm/day].
        metrics: evaluation/metrics.csv of that split, with a column ``forecast`` (prior, posterior or a baseline).
        comparisons: evaluation/comparisons.csv.
        curves: evaluation/<model>-<mode>-<split>.nc by forecast, named as in ``metrics``.
        log: rows of metrics.jsonl.
        notes: baselines that do not apply, and why.
        diagnosis: diagnosis.json.
        climate: rows of evaluation/climate.csv of that split.
        climates: evaluation/<...>-climate.nc by mode, and ``record``, the observed climate of all days.
        trials: experiment/results.csv.
        gains: experiment/comparisons.csv.
        missing: one line for each part that is missing.
    """

    config: Config
    store: xr.Dataset
    split: str
    samples: Mapping[str, xr.Dataset]
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    curves: Mapping[str, xr.Dataset]
    log: list[dict[str, Any]]
    notes: Mapping[str, str] = field(default_factory=dict)
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    climate: pd.DataFrame = field(default_factory=pd.DataFrame)
    climates: Mapping[str, xr.Dataset] = field(default_factory=dict)
    trials: pd.DataFrame = field(default_factory=pd.DataFrame)
    gains: pd.DataFrame = field(default_factory=pd.DataFrame)
    missing: list[str] = field(default_factory=list)

    @property
    def model(self) -> str:
        return self.config.model.name

    @cached_property
    def days(self) -> xr.Dataset:
        """The days of the judged split."""
        return in_split(self.store, self.split)

    @property
    def baselines(self) -> list[str]:
        """Baselines that have scores, in the order of the table."""
        names = self.metrics["forecast"].unique() if len(self.metrics) else []
        return [str(name) for name in names if name not in MODES]

    @property
    def forecasts(self) -> list[str]:
        """Everything that has scores: the modes of the model first, then the baselines."""
        present = set(self.metrics["forecast"]) if len(self.metrics) else set()
        return [mode for mode in MODES if mode in present] + self.baselines


def gather(config: Config, run: Run) -> Material:
    """Open what the stages wrote into a run folder.

    Raises:
        UserError: ``prepare`` has not run, or a file is damaged.
    """
    missing: list[str] = []
    store = run.open_store()
    model = config.model.name
    split = _judged_split(config, run)
    samples = {}
    for mode in MODES:
        path = run.sample_path(model, mode, split)
        if path.is_dir():
            samples[mode] = open_zarr(path, "run 'rainsmith sample' again")
        else:
            missing.append(f"No {mode} members of the {split} days yet: 'rainsmith sample --mode {mode}' draws them.")
    metrics = _read_csv(run.evaluation / "metrics.csv")
    if metrics.empty:
        missing.append("No scores yet: 'rainsmith evaluate' computes them.")
    else:
        metrics = metrics[metrics["split"] == split].copy()
        is_model = metrics["model"] == model
        metrics["forecast"] = metrics["mode"].where(is_model, metrics["model"])
        metrics = metrics[(is_model & metrics["mode"].isin(MODES)) | metrics["model"].isin(BASELINES.names())]
    log = read_jsonl(run.metrics_log)
    if not log:
        missing.append("No training log yet: 'rainsmith train' writes it.")
    return Material(
        config=config,
        store=store,
        split=split,
        samples=samples,
        metrics=metrics,
        comparisons=_read_csv(run.evaluation / "comparisons.csv"),
        curves=_read_curves(model, run, split),
        log=log,
        notes=_read_notes(run, split),
        diagnosis=_read_diagnosis(run, missing),
        climate=_read_climate(run, split),
        climates=_read_climates(model, run, split),
        **_read_experiment(run, missing),
        missing=missing,
    )


def _judged_split(config: Config, run: Run) -> str:
    """The test split where it was sampled, else the first that was asked for."""
    asked = config.sampling.splits
    sampled = [split for split in asked if any(run.sample_path(config.model.name, m, split).is_dir() for m in MODES)]
    choice = sampled or list(asked)
    return max(choice, key=SPLITS.index)


def _read_csv(path: Path, stage: str = "evaluate") -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame()
    try:
        return pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}); delete it and run 'rainsmith {stage}' again") from None


def _read_experiment(run: Run, missing: list[str]) -> dict[str, pd.DataFrame]:
    """Its two tables, as ``trials`` and ``gains``; neither where one is missing."""
    paths = [run.folder / "experiment" / f"{name}.csv" for name in ("results", "comparisons")]
    if all(path.is_file() for path in paths):
        trials, gains = (_read_csv(path, "experiment") for path in paths)
        return {"trials": trials, "gains": gains}
    if any(path.is_file() for path in paths):
        missing.append("The tables of the experiment are incomplete: 'rainsmith experiment' writes them.")
    return {}


def _read_curves(model: str, run: Run, split: str) -> dict[str, xr.Dataset]:
    """Curves of the model's modes and of every baseline that has some."""
    paths = {mode: run.evaluation / f"{model}-{mode}-{split}.nc" for mode in MODES}
    paths |= {name: run.evaluation / f"{name}-prior-{split}.nc" for name in BASELINES.names()}
    return _read_netcdf(paths)


def _read_climates(model: str, run: Run, split: str) -> dict[str, xr.Dataset]:
    paths = {mode: run.evaluation / f"{model}-{mode}-{split}-climate.nc" for mode in MODES}
    return _read_netcdf({**paths, "record": run.evaluation / "record-climate.nc"})


def _read_climate(run: Run, split: str) -> pd.DataFrame:
    table = _read_csv(run.evaluation / "climate.csv")
    return table if table.empty else table[table["split"] == split].copy()


def _read_netcdf(paths: Mapping[str, Path]) -> dict[str, xr.Dataset]:
    found = {}
    for name, path in paths.items():
        if path.is_file():
            try:
                found[name] = xr.load_dataset(path, engine="netcdf4")
            except (OSError, ValueError) as error:
                advice = "delete it and run 'rainsmith evaluate' again"
                raise UserError(f"{path} cannot be read ({error}); {advice}") from None
    return found


def _read_notes(run: Run, split: str) -> dict[str, str]:
    path = run.evaluation / "notes.json"
    if not path.is_file():
        return {}
    reasons = read_json(path).get("not_applicable", {})
    ending = f"-prior-{split}"
    return {stem.removesuffix(ending): str(why) for stem, why in reasons.items() if stem.endswith(ending)}


def heaviest(material: Material, count: int) -> list[int]:
    """Positions in ``material.days`` of the days with the largest observed mean, among those that were sampled."""
    days = material.days
    numbers = day_numbers(days[TIME])
    allowed = np.ones(numbers.size, dtype=bool)
    for members in material.samples.values():
        allowed &= np.isin(numbers, day_numbers(members[TIME]))
    mean = days["precip"].mean(("y", "x")).values
    mean = np.where(allowed & np.isfinite(mean), mean, -np.inf)
    order = np.argsort(-mean, kind="stable")
    return [int(i) for i in order[:count] if np.isfinite(mean[i])]


def _read_diagnosis(run: Run, missing: list[str]) -> dict[str, Any]:
    path = run.folder / "diagnosis.json"
    if path.exists():
        return read_json(path)
    missing.append("No diagnosis yet: 'rainsmith diagnose' makes it.")
    return {}
