"""Run folders as ``evaluate`` leaves them, for the tests of the comparison."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rainsmith.run_folder import Run

BASELINE_CRPS = {"bilinear": 2.8, "ratio": 2.4, "scaled-analogs": 1.5}


def make_run(
    folder: Path,
    *,
    crps: float = 1.2,
    mean: float = 10.0,
    baselines: dict[str, float] = BASELINE_CRPS,
    modes: tuple[str, ...] = ("prior",),
    **settings: Any,
) -> Path:
    """A run folder as ``evaluate`` leaves it, with settings by dotted key."""
    config: dict[str, Any] = {"seed": 0, "data": {"kind": "gridded", "root": "a"}, "model": {"name": "flat"}}
    config |= {"train": {"epochs": 40}, "loss": {"beta_kl": 0.01}}
    for key, value in settings.items():
        section, _, name = key.rpartition("__")
        (config.setdefault(section, {}) if section else config)[name] = value
    rows = []
    models = [("flat", mode, crps) for mode in modes] + [(name, "prior", value) for name, value in baselines.items()]
    for (model, mode, score), days in itertools.product(models, ("all", "heavy", "heavy_x")):
        figures = {
            "crps": (score, None),
            "mean": (mean if model == "flat" else 10.0, 10.0),
            "max": (80.0, 100.0),
            "wet_fraction": (0.6, 0.55),
        }
        for metric, (value, observed) in figures.items():
            row = {"model": model, "checkpoint": "best_prior", "seed": config["seed"], "mode": mode, "split": "test"}
            row |= {"days": days, "members": 10, "n_days": 50, "metric": metric, "value": value, "observed": observed}
            rows.append(row)
    run = Run(folder)
    run.evaluation.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(run.evaluation / "metrics.csv", index=False)
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def of_kind(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    return table[table["kind"] == kind].reset_index(drop=True)
