"""Evaluated run folders, as the comparison reads them: settings, scores, and what tells runs and their data apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rainsmith.base.dotted_keys import flattened
from rainsmith.base.errors import UserError
from rainsmith.base.tables import read_table
from rainsmith.baselines.registry import BASELINES
from rainsmith.config import read_yaml
from rainsmith.evaluate.table import COLUMNS, NUMBERS
from rainsmith.run_folder import Run

_PLACES = ("data.root", "data.to", "sampling.to")
REPEATS_MAY_DIFFER_IN = ("seed", "sampling.seed", "augment.seed", "device", *_PLACES)
"""Settings in which a run and its repeat may differ."""


@dataclass(frozen=True)
class EvaluatedRun:
    """One run folder.

    Attributes:
        label: what the tables call it.
        settings: its configuration by dotted key; empty where the folder has none.
        metrics: the rows of one split of its ``metrics.csv``.
    """

    label: str
    settings: dict[str, Any]
    metrics: pd.DataFrame

    @property
    def data(self) -> str:
        """All settings of the data except their places, as JSON: runs on the same data share it."""
        return json.dumps({k: v for k, v in self.settings.items() if k.startswith("data.") and k not in _PLACES})

    @property
    def all_but_seed(self) -> str:
        """All settings except seeds and places, as JSON: runs that repeat each other share it."""
        return json.dumps({k: v for k, v in self.settings.items() if k not in REPEATS_MAY_DIFFER_IN}, sort_keys=True)

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return int(self.settings.get("seed", 0))

    @property
    def models(self) -> list[tuple[str, str]]:
        """(model, mode) of each trained model."""
        trained = self.metrics[~self.metrics["model"].isin(BASELINES.names())]
        return list(dict.fromkeys(zip(trained["model"], trained["mode"], strict=True)))


def read_runs(folders: Sequence[Path], split: str) -> list[EvaluatedRun]:
    """The runs of some folders.

    Args:
        folders: run folders that ``evaluate`` has written to.
        split: train, validation or test.

    Raises:
        UserError: no folders, the same folder twice, or a folder without an evaluation of that split.
    """
    if not folders:
        raise UserError("found no run folders; expected at least one; name the folders to compare")
    return [_read(folder, label, split) for folder, label in zip(folders, labels_of(folders), strict=True)]


def labels_of(folders: Sequence[Path]) -> list[str]:
    """Names of the folders, each with as many parents before it as are needed to tell all apart.

    Raises:
        UserError: the same folder twice.
    """
    paths = [folder.resolve() for folder in folders]
    if len(set(paths)) < len(paths):
        raise UserError("found the same run folder twice; expected different ones; name each once")
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        labels = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(labels)) == len(labels):
            break
    return labels


def differing_settings(runs: Sequence[EvaluatedRun]) -> list[str]:
    """Settings that are not the same in all runs, except seeds, places and the number of epochs."""
    left_out = (*REPEATS_MAY_DIFFER_IN, "train.epochs")  # epochs have a column of their own
    keys = dict.fromkeys(key for run in runs for key in run.settings if key not in left_out)
    return [key for key in keys if len({json.dumps(run.settings.get(key)) for run in runs}) > 1]


def _read(folder: Path, label: str, split: str) -> EvaluatedRun:
    path = Run(folder).evaluation / "metrics.csv"
    if not path.is_file():
        raise UserError(f"{path} not found; expected an evaluated run; run 'rainsmith evaluate --run {folder}' first")
    metrics = read_table(path, "run 'rainsmith evaluate' again", columns=COLUMNS, numbers=NUMBERS)
    splits = sorted(set(metrics["split"]))
    metrics = metrics[metrics["split"] == split]
    if metrics.empty:
        raise UserError(
            f"{path} holds the splits {', '.join(splits) or 'none'}; expected {split}; sample and evaluate that split"
        )
    config = folder / "config.yaml"
    values = read_yaml(config) if config.is_file() else {}
    if not isinstance(values or {}, dict):
        raise UserError(
            f"{config} holds a {type(values).__name__}; expected the configuration of a run; "
            "run 'rainsmith evaluate' again"
        )
    return EvaluatedRun(label, flattened(values or {}), metrics)
