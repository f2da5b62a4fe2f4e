"""Reading a run folder for the report: what is there, and for what is not, the command that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from rainsmith.base.dims import DAY_SETS, SPLITS, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.netcdf_files import read_netcdf
from rainsmith.base.tables import check_numbers, read_table
from rainsmith.baselines.registry import BASELINES
from rainsmith.config import Config, load_config
from rainsmith.evaluate.climate import CLIMATE_COLUMNS
from rainsmith.evaluate.comparisons import COMPARISON_COLUMNS
from rainsmith.evaluate.forecast_scores import MEMBERS_QUANTILES
from rainsmith.evaluate.member_stores import open_members
from rainsmith.evaluate.scoring import LOST
from rainsmith.evaluate.table import COLUMNS, NUMBERS
from rainsmith.experiment import comparison
from rainsmith.experiment.compared_scores import VALIDATION_LOSS, compared_score
from rainsmith.experiment.summary import RESULT_COLUMNS
from rainsmith.metrics.core import MODES
from rainsmith.report.records import read_diagnosis, read_notes
from rainsmith.run_folder import Run
from rainsmith.sweep.ranking import OBJECTIVES
from rainsmith.train.log import read_log
from rainsmith.train.recipe import is_settled

SWEEP_COLUMNS = ("rank", "checkpoint", "epoch")
AUGMENT_COLUMNS, AUGMENT_NUMBERS = ("accepted", "reason", "mode"), ("max_mm", "mean_mm", "source_max_mm")
_DIFFERENCES = ("difference", "lower", "upper")
_INDICES = ("value", "observed", "lower", "upper")


@dataclass(frozen=True)
class Material:
    """All that a report is made of; a part that no stage has written yet is empty.

    Attributes:
        config: the configuration.
        store: the prepared data, lazily.
        split: the split that is judged.
        samples: members by mode, lazily, in [mm/day].
        metrics: evaluation/metrics.csv of that split, with a column ``forecast`` (prior, posterior or a baseline).
        comparisons: evaluation/comparisons.csv of that split.
        curves: evaluation/<model>-<mode>-<split>.nc by forecast, named as in ``metrics``.
        log: rows of metrics.jsonl; of a pool, those of its first network.
        other_logs: the logs of the other networks of a pool.
        notes: the reason for each baseline that does not apply.
        unscored: which cell-days of the prior members were not scored, a sentence each; empty where all were.
        diagnosis: diagnosis.json.
        climate: rows of evaluation/climate.csv of that split, with a column ``forecast``.
        climates: evaluation/<...>-climate.nc by mode, and ``record``, the observed climate of all days.
        trials: experiment/results.csv.
        gains: experiment/comparisons.csv; without any row where controls alone were trained.
        sweep: sweep.csv, the best checkpoint first.
        judged_days: augmentation.csv, a row for each synthetic day that was judged.
        downscaled: scores of the quantiles of members and of the forecasts of downscalers, by the name of their file.
        folder: the run folder, as the user named it.
    """

    config: Config
    store: xr.Dataset
    split: str
    samples: Mapping[str, xr.Dataset] = field(default_factory=dict)
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    other_logs: Sequence[list[dict[str, Any]]] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    unscored: Sequence[str] = ()
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    climate: pd.DataFrame = field(default_factory=pd.DataFrame)
    climates: Mapping[str, xr.Dataset] = field(default_factory=dict)
    trials: pd.DataFrame = field(default_factory=pd.DataFrame)
    gains: pd.DataFrame = field(default_factory=pd.DataFrame)
    sweep: pd.DataFrame = field(default_factory=pd.DataFrame)
    judged_days: pd.DataFrame = field(default_factory=pd.DataFrame)
    downscaled: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    folder: Path = Path("runs/default")

    @property
    def model(self) -> str:
        return self.config.model.name

    @cached_property
    def days(self) -> xr.Dataset:
        """The days of the judged split."""
        return in_split(self.store, self.split)

    @cached_property
    def forecasts(self) -> list[str]:
        """Everything that has scores: the modes of the model first, then the baselines in their order."""
        scored = set(self.metrics["forecast"]) if len(self.metrics) else set()
        return [name for name in (*MODES, *BASELINES.names()) if name in scored]

    @property
    def baselines(self) -> list[str]:
        """Baselines that have scores."""
        return [name for name in self.forecasts if name not in MODES]

    def value(self, metric: str, days: str, forecast: str) -> pd.Series | None:
        """The row of one score; None where there is none. Of repeated rows the last counts."""
        table = self.metrics
        if table.empty:
            return None
        rows = table[(table["metric"] == metric) & (table["days"] == days) & (table["forecast"] == forecast)]
        return None if rows.empty else rows.iloc[-1]

    def by_accuracy(self, days: str) -> list[str]:
        """Baselines that have a CRPS on a set of days, the lowest first."""
        scores = {name: self.value("crps", days, name) for name in self.baselines}
        known = {name: float(row["value"]) for name, row in scores.items() if row is not None}
        return sorted(known, key=lambda name: known[name])

    @property
    def is_super_resolution(self) -> bool:
        """Whether the coarse input is the block mean of the observed rain."""
        return int(self.store.attrs.get("coarsen", 0) or 0) > 0

    @property
    def heavy_days(self) -> str:
        """How the days that the input calls heavy were chosen, in words."""
        if self.store.attrs.get("coarse_rain_channel"):
            return "with the most coarse rain"
        return "whose weather brought the most rain on similar training days"


def _as_trained(config: Config, run: Run) -> Config:
    """The configuration with the values that the training chose for keys that it leaves open."""
    path = run.folder / "config.yaml"
    if is_settled(config) or not path.exists():
        return config
    trained = load_config(path)
    return config.model_copy(update={"model": trained.model, "train": trained.train})


def gather(config: Config, run: Run) -> Material:
    """Open what the stages wrote into a run folder.

    Raises:
        UserError: ``prepare`` has not run, or a file is damaged.
    """
    store, model, evaluation = run.open_store(), config.model.name, run.evaluation
    paths = {(mode, split): run.sample_path(model, mode, split) for mode in MODES for split in config.sampling.splits}
    sampled = [split for (_, split), path in paths.items() if path.is_dir()]
    split = max(sampled or config.sampling.splits, key=SPLITS.index)
    members = {mode: paths[mode, split] for mode in MODES if paths[mode, split].is_dir()}
    stems = {mode: f"{model}-{mode}-{split}" for mode in MODES}
    climates = {mode: evaluation / f"{stem}-climate.nc" for mode, stem in stems.items()}
    stems |= {name: f"{name}-prior-{split}" for name in BASELINES.names()}
    written = read_notes(evaluation / "notes.json")
    reasons, left_out = written.not_applicable, written.left_out
    return Material(
        config=_as_trained(config, run),
        store=store,
        split=split,
        samples={mode: open_members(path, store) for mode, path in members.items()},
        metrics=_with_forecast(_read_csv(evaluation / "metrics.csv", columns=COLUMNS, numbers=NUMBERS), model, split),
        comparisons=_of_split(
            _read_csv(evaluation / "comparisons.csv", columns=COMPARISON_COLUMNS, numbers=_DIFFERENCES), split
        ),
        curves=_read_netcdf({name: evaluation / f"{stem}.nc" for name, stem in stems.items()}),
        log=read_log(run.metrics_log),
        other_logs=_other_logs(run),
        notes={name: reasons[stem] for name, stem in stems.items() if stem in reasons},
        unscored=[text for text in left_out.get(stems["prior"], []) if text.endswith(LOST)],
        diagnosis=read_diagnosis(run.folder / "diagnosis.json"),
        climate=_with_forecast(
            _read_csv(evaluation / "climate.csv", columns=CLIMATE_COLUMNS, numbers=_INDICES), model, split
        ),
        climates=_read_netcdf({**climates, "record": evaluation / "record-climate.nc"}),
        trials=_read_trials(run.folder / "experiment" / "results.csv"),
        gains=_read_csv(
            run.folder / "experiment" / "comparisons.csv",
            "experiment",
            columns=comparison.COLUMNS,
            numbers=comparison.NUMBERS,
        ),
        sweep=_read_csv(run.folder / "sweep.csv", "sweep", (*SWEEP_COLUMNS, *OBJECTIVES), ("rank", *OBJECTIVES)),
        judged_days=_read_csv(run.folder / "augmentation.csv", "augment", AUGMENT_COLUMNS, AUGMENT_NUMBERS),
        downscaled=_read_downscaled(run),
        folder=run.folder,
    )


def _other_logs(run: Run) -> list[list[dict[str, Any]]]:
    """The logs of all networks of a pool but the first, whose log is that of the run."""
    count = len(list(run.checkpoints.glob("network-*")))
    return [read_log(run.network(number).metrics_log) for number in range(1, count)]


def _read_downscaled(run: Run) -> dict[str, pd.DataFrame]:
    """The scores of the quantiles of members and of every downscaler, by the name of the forecast."""
    of_members = [path.stem for path in run.evaluation.glob(f"{MEMBERS_QUANTILES}-*.csv")]
    names = sorted(of_members) + sorted(path.stem for path in (run.folder / "downscale").glob("*.zarr"))
    writers = {name: "sample --quantiles" if name in of_members else "downscale" for name in names}
    tables = {
        name: _read_csv(run.evaluation / f"{name}.csv", writer, columns=COLUMNS, numbers=NUMBERS)
        for name, writer in writers.items()
    }
    return {name: table for name, table in tables.items() if len(table)}


def _of_split(table: pd.DataFrame, split: str) -> pd.DataFrame:
    return table if table.empty else table[table["split"] == split].copy()


def _with_forecast(table: pd.DataFrame, model: str, split: str) -> pd.DataFrame:
    """The rows of the model and the baselines, with a column ``forecast``: the mode of the model, or the baseline."""
    if table.empty:
        return table
    rows = _of_split(table, split)
    is_model = rows["model"] == model
    rows["forecast"] = rows["mode"].where(is_model, rows["model"])
    return rows[(is_model & rows["mode"].isin(MODES)) | rows["model"].isin(BASELINES.names())]


def _read_csv(
    path: Path, stage: str = "evaluate", columns: Sequence[str] = (), numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """A table; an empty one where there is no file."""
    if not path.exists():
        return pd.DataFrame()
    return read_table(path, _again(stage), columns=columns, numbers=numbers)


def _again(stage: str) -> str:
    return f"delete it and run 'rainsmith {stage}' again"


def _read_trials(path: Path) -> pd.DataFrame:
    """The rows of experiment/results.csv; none where there is no file."""
    table, advice = _read_csv(path, "experiment", RESULT_COLUMNS), _again("experiment")
    check_numbers(path, table, advice, [name for name in table.columns if _is_score(name)])
    strange = [str(name) for name in table.get("days", pd.Series(dtype=object)).unique() if name not in DAY_SETS]
    if strange:
        raise UserError(f"{path}: 'days' is {strange[0][:40]!r}; expected {', '.join(DAY_SETS)}; {advice}")
    return table


def _is_score(column: str) -> bool:
    return column == VALIDATION_LOSS or compared_score(column) is not None


def _read_netcdf(paths: Mapping[str, Path]) -> dict[str, xr.Dataset]:
    datasets = {}
    for name, path in paths.items():
        if path.exists():
            datasets[name] = read_netcdf(path, damaged=_again("evaluate"))
    return datasets
