"""One table over several run folders: what was set, what came out, and both lists of criteria."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.baselines.registry import BASELINES
from rainsmith.compare.text import as_markdown
from rainsmith.evaluate.criteria import Criterion, count, documented, verdict
from rainsmith.evaluate.table import MetricTable
from rainsmith.run_folder import Run

FIGURES = (
    *(("crps", days) for days in ("all", "heavy", "heavy_x")),
    *(("twcrps_p99", days) for days in ("all", "heavy_x")),
    *(("mean", days) for days in ("all", "heavy", "heavy_x")),
    *(("max_daily", days) for days in ("all", "heavy", "heavy_x")),
    ("max", "heavy"),
    *((quantile, "heavy_x") for quantile in ("p95", "p99", "p999")),
    *(("wet_fraction", days) for days in ("all", "heavy_x")),
    *(("spread_skill", days) for days in ("all", "heavy_x")),
    *(("rank_deviation", days) for days in ("all", "heavy_x")),
    ("diversity", "heavy"),
    ("diversity", "heavy_x"),
    ("diversity_ratio", "heavy_x"),
    ("spatial_correlation", "heavy"),
    ("spatial_correlation", "heavy_x"),
    ("mae_tail", "all"),
    ("ralsd", "all"),
)
"""(metric, days) of the table; where the metric is measured on the observation too, that stands beside."""
BASELINE_MODE = "-"
_SAME_RUN = (
    "seed",
    "sampling.seed",
    "augment.seed",
    "device",
    "data.root",
)  # two runs may differ in these and be repeats
_TOLERANCE = 1e-4  # relative; the same baseline on the same data is the same figure


@dataclass(frozen=True)
class Evaluated:
    """One run folder as the comparison sees it: its label, flat configuration and rows of one split of metrics.csv."""

    label: str
    settings: dict[str, Any]
    metrics: pd.DataFrame

    @property
    def data(self) -> str:
        """What tells data apart: every setting of the section, without the folder they lie in."""
        return json.dumps({k: v for k, v in self.settings.items() if k.startswith("data.") and k != "data.root"})

    @property
    def repeats(self) -> str:
        """What runs share that are repeats of each other with another seed."""
        return json.dumps({k: v for k, v in self.settings.items() if k not in _SAME_RUN}, sort_keys=True)

    @property
    def seed(self) -> int:
        return int(self.settings.get("seed", 0))


def compare(runs: Sequence[Path | Run], out: Path | None = None, *, split: str = "test") -> pd.DataFrame:
    """One table over several run folders, baselines once, repeats with other seeds also as median and range.

    Args:
        runs: run folders that ``evaluate`` has written to.
        out: folder for ``compare.csv`` and ``compare.md``; None writes nothing.
        split: train, validation or test.

    Returns:
        One row for each model and mode of a run (``kind`` run), for the ``median``, ``min`` and ``max`` over seeds, and
        for each ``baseline``. Columns ``<metric> <days>`` in the metric's own units (mm/day for amounts), with
        ``... observed`` beside, then ``verdict <criterion>`` and ``documented <criterion>`` with the counts of each
        grade. ``attrs["notes"]`` says what a reader must know, for instance that baselines disagree.

    Raises:
        UserError: no folders, or one without an evaluation of that split.
    """
    folders = [run.folder if isinstance(run, Run) else Path(run) for run in runs]
    if not folders:
        raise UserError("found no run folders; expected at least one; name the folders to compare")
    labels = _labels(folders)
    evaluated = [_read(folder, label, split) for folder, label in zip(folders, labels, strict=True)]
    notes: list[str] = []
    differing = _differing(evaluated)
    rows = [row for run in evaluated for row in _rows(run, run.metrics, split, differing)]
    rows += _over_seeds(evaluated, split, differing)
    rows += _baselines(evaluated, split, notes)
    table = pd.DataFrame(rows)
    table.attrs["notes"] = notes
    if out is not None:
        with atomic(out / "compare.csv") as path:
            table.to_csv(path, index=False)
        with atomic(out / "compare.md") as path:
            path.write_text(as_markdown(table, split), encoding="utf-8")
    return table


def _labels(folders: Sequence[Path]) -> list[str]:
    """Folder names, with as many parents before them as it takes to tell them apart."""
    paths = [folder.resolve() for folder in folders]
    if len(set(paths)) < len(paths):
        raise UserError("found the same run folder twice; expected different ones; name each once")
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        labels = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(labels)) == len(labels):
            break
    return labels


def _read(folder: Path, label: str, split: str) -> Evaluated:
    path = Run(folder).evaluation / "metrics.csv"
    if not path.is_file():
        raise UserError(f"{path} not found; expected an evaluated run; run 'rainsmith evaluate --run {folder}' first")
    metrics = pd.read_csv(path)
    missing = {"model", "mode", "split", "days", "metric", "value", "observed"} - set(metrics.columns)
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(sorted(missing))}; run 'rainsmith evaluate' again")
    splits = sorted(set(metrics["split"]))
    metrics = metrics[metrics["split"] == split]
    if metrics.empty:
        raise UserError(
            f"{path} holds the splits {', '.join(splits) or 'none'}; expected {split}; sample and evaluate that split"
        )
    config = folder / "config.yaml"
    values = yaml.safe_load(config.read_text(encoding="utf-8")) if config.is_file() else {}
    return Evaluated(label, _flat(values or {}), metrics)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted key; lists stay whole."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _differing(runs: Sequence[Evaluated]) -> list[str]:
    """Settings that are not the same in all runs, seeds and places apart."""
    keys = dict.fromkeys(key for run in runs for key in run.settings if key not in _SAME_RUN and key != "train.epochs")
    return [key for key in keys if len({json.dumps(run.settings.get(key)) for run in runs}) > 1]


def _models(metrics: pd.DataFrame) -> Iterable[tuple[str, str]]:
    """(model, mode) of the trained models."""
    trained = metrics[~metrics["model"].isin(BASELINES.names())]
    return list(dict.fromkeys(zip(trained["model"], trained["mode"], strict=True)))


def _rows(run: Evaluated, metrics: pd.DataFrame, split: str, differing: Sequence[str]) -> list[dict[str, Any]]:
    settings = "; ".join(f"{key} {run.settings[key]}" for key in differing if key in run.settings)
    rows = []
    for model, mode in _models(metrics):
        known = metrics[(metrics["model"] == model) & (metrics["mode"] == mode)].iloc[-1]
        head = {
            "label": run.label,
            "kind": "run",
            "model": model,
            "mode": mode,
            "checkpoint": known.get("checkpoint", ""),
            "seed": run.seed,
            "members": known.get("members", math.nan),
            "epochs": run.settings.get("train.epochs", math.nan),
            "settings": settings,
        }
        rows.append(head | _figures(metrics, model, mode, split))
    return rows


def _figures(metrics: pd.DataFrame, model: str, mode: str, split: str) -> dict[str, Any]:
    """Key figures and both lists of one model and mode."""
    figures: dict[str, Any] = {}
    table = MetricTable(metrics, split)
    for metric, days in FIGURES:
        name = f"{metric} {days}"
        figures[name] = table.value(model, days, metric, mode)
        observed = table.observed(model, days, metric, mode)
        if math.isfinite(observed):
            figures[f"{name} observed"] = observed
    if mode == "posterior":  # reconstructions prove nothing about a model; both lists stand in the row of its prior
        return figures
    judged = {"verdict": verdict(metrics, model, split), "documented": documented(metrics, model, split)}
    for title, criteria in judged.items():
        figures |= {f"{title} {grade}": number for grade, number in count(criteria).items()}
        figures |= {f"{title} {criterion.name}": _mark(criterion) for criterion in criteria}
    return figures


def _mark(criterion: Criterion) -> str:
    """The grade; an asterisk where bilinear interpolation passes, too."""
    return criterion.grade + ("*" if criterion.passed_by_bilinear else "")


def _over_seeds(runs: Sequence[Evaluated], split: str, differing: Sequence[str]) -> list[dict[str, Any]]:
    """Median, minimum and maximum of each figure over runs that differ in their seed only."""
    groups: dict[str, list[Evaluated]] = {}
    for run in runs:
        groups.setdefault(run.repeats, []).append(run)
    rows = []
    for group in groups.values():
        if len({run.seed for run in group}) < 2 or any(not run.settings for run in group):
            continue
        for kind in ("median", "min", "max"):
            metrics = _aggregate([run.metrics for run in group], kind)
            label = " + ".join(run.label for run in group)
            for row in _rows(Evaluated(label, group[0].settings, metrics), metrics, split, differing):
                seeds = ", ".join(str(run.seed) for run in group)
                row |= {"kind": kind, "seed": seeds}
                if kind != "median":  # a grade of all the smallest or largest figures would describe no run
                    row = {key: value for key, value in row.items() if not key.startswith(("verdict", "documented"))}
                rows.append(row)
    return rows


def _aggregate(tables: Sequence[pd.DataFrame], kind: str) -> pd.DataFrame:
    """Each row of metrics.csv with the median, min or max of its numbers over repeats."""
    keys = ["model", "mode", "split", "days", "metric", *(k for k in ("threshold", "scale") if k in tables[0])]
    stacked = pd.concat(tables, ignore_index=True)
    groups = stacked.groupby(keys, dropna=False, sort=False)
    numbers = [name for name in ("value", "observed", "lower", "upper") if name in stacked]
    result = groups.last().drop(columns=numbers).assign(**groups[numbers].agg(kind))
    return result.reset_index()


def _baselines(runs: Sequence[Evaluated], split: str, notes: list[str]) -> list[dict[str, Any]]:
    """Each baseline once for each data set; where runs on the same data disagree, each run's, and a note."""
    groups: dict[str, list[Evaluated]] = {}
    for run in runs:
        groups.setdefault(run.data, []).append(run)
    if len(groups) > 1:
        notes.append(
            f"The runs rest on {len(groups)} different data sets or preparations: compare figures within one only, "
            "and each with its own baselines."
        )
    rows = []
    for group in groups.values():
        for name in BASELINES.names():
            having = [run for run in group if (run.metrics["model"] == name).any()]
            if not having:
                continue
            found = [_figures(run.metrics, name, BASELINE_MODE, split) for run in having]
            agree = all(
                _agree(name, one, other, a.seed == b.seed)
                for (a, one), (b, other) in itertools.combinations(zip(having, found, strict=True), 2)
            )
            if not agree:
                notes.append(
                    f"Baseline {name} differs between {', '.join(run.label for run in having)}, although their data "
                    "settings are the same: evaluate them again with the same members, seed and data."
                )
            elif name == "climatology" and len({run.seed for run in having}) > 1:
                notes.append(f"Climatology is drawn anew with each seed; the one of {having[0].label} is shown.")
            for run, figures in list(zip(having, found, strict=True))[: 1 if agree else None]:
                label = name if agree and len(groups) == 1 else f"{name} ({run.label})"
                head = {"label": label, "kind": "baseline", "model": name, "mode": BASELINE_MODE}
                rows.append(head | figures)
    return rows


def _agree(name: str, a: dict[str, Any], b: dict[str, Any], same_seed: bool) -> bool:
    """Are two rows of one baseline the same? Another seed draws another climatology, and other ranks of ties."""
    if name == "climatology" and not same_seed:
        return True
    names = [f"{metric} {days}" for metric, days in FIGURES if same_seed or metric != "rank_deviation"]
    return bool(np.allclose([a[k] for k in names], [b[k] for k in names], rtol=_TOLERANCE, atol=1e-9, equal_nan=True))
