"""The command ``compare``: one table over several run folders, with what was set and what came out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rainsmith.base.files import atomic
from rainsmith.base.scratch import remove_leftovers
from rainsmith.compare.baselines import baseline_rows
from rainsmith.compare.evaluated import EvaluatedRun, differing_settings, read_runs
from rainsmith.compare.figures import figures_of
from rainsmith.compare.text import as_markdown
from rainsmith.run_folder import Run


def compare(runs: Sequence[Path | Run], out: Path | None = None, *, split: str = "test") -> pd.DataFrame:
    """One table over several run folders: each run, repeats with other seeds as median and range, and each baseline.

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
        UserError: no folders, the same folder twice, or one without an evaluation of that split.
    """
    evaluated = read_runs([run.folder if isinstance(run, Run) else Path(run) for run in runs], split)
    differing = differing_settings(evaluated)
    rows = [row for run in evaluated for row in _rows(run, split, differing)]
    rows += _rows_over_seeds(evaluated, split, differing)
    of_baselines, notes = baseline_rows(evaluated, split)
    table = pd.DataFrame(rows + of_baselines)
    table.attrs["notes"] = notes
    if out is not None:
        remove_leftovers(out)
        with atomic(out / "compare.csv") as path:
            table.to_csv(path, index=False)
        with atomic(out / "compare.md") as path:
            path.write_text(as_markdown(table, split), encoding="utf-8")
    return table


def _rows(run: EvaluatedRun, split: str, differing: Sequence[str]) -> list[dict[str, Any]]:
    """One row for each model and mode of a run."""
    settings = "; ".join(f"{key} {run.settings[key]}" for key in differing if key in run.settings)
    rows = []
    for model, mode in run.models:
        last = run.metrics[(run.metrics["model"] == model) & (run.metrics["mode"] == mode)].iloc[-1]
        head = {
            "label": run.label,
            "kind": "run",
            "model": model,
            "mode": mode,
            "checkpoint": last.get("checkpoint", ""),
            "seed": run.seed,
            "members": last.get("members", math.nan),
            "epochs": run.settings.get("train.epochs", math.nan),
            "settings": settings,
        }
        rows.append(head | figures_of(run.metrics, model, mode, split))
    return rows


def _rows_over_seeds(runs: Sequence[EvaluatedRun], split: str, differing: Sequence[str]) -> list[dict[str, Any]]:
    """Median, minimum and maximum of each figure over runs that differ in their seed only."""
    groups: dict[str, list[EvaluatedRun]] = {}
    for run in runs:
        groups.setdefault(run.all_but_seed, []).append(run)
    rows = []
    for group in groups.values():
        if len({run.seed for run in group}) < 2 or any(not run.settings for run in group):
            continue
        label = " + ".join(run.label for run in group)
        seeds = ", ".join(str(run.seed) for run in group)
        for kind in ("median", "min", "max"):
            joined = EvaluatedRun(label, group[0].settings, _over_repeats([run.metrics for run in group], kind))
            for row in _rows(joined, split, differing):
                row |= {"kind": kind, "seed": seeds}
                if kind != "median":  # a grade of all the smallest or largest figures would describe no run
                    row = {key: value for key, value in row.items() if not key.startswith(("verdict", "documented"))}
                rows.append(row)
    return rows


def _over_repeats(tables: Sequence[pd.DataFrame], kind: str) -> pd.DataFrame:
    """The rows of metrics.csv, with the median, min or max of their numbers over repeats."""
    keys = ["model", "mode", "split", "days", "metric", *(k for k in ("threshold", "scale") if k in tables[0])]
    stacked = pd.concat(tables, ignore_index=True)
    groups = stacked.groupby(keys, dropna=False, sort=False)
    numbers = [name for name in ("value", "observed", "lower", "upper") if name in stacked]
    aggregated = groups.last().drop(columns=numbers).assign(**groups[numbers].agg(kind))
    return aggregated.reset_index()
