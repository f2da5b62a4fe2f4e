"""The stage ``experiment``: it trains the same downscalers with and without synthetic days, and compares them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from rainsmith.base.cf import derived_attributes
from rainsmith.base.console import console, progress
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.netcdf_files import read_netcdf, write_netcdf
from rainsmith.config import Config
from rainsmith.experiment.arms import Trial, resolved, trials
from rainsmith.experiment.compared_scores import VALIDATION_LOSS, in_picture
from rainsmith.experiment.comparison import ScoredTrial, compare_arms
from rainsmith.experiment.ratios import gains_by_ratio
from rainsmith.experiment.scores import DAY_SETS, scores_by_column
from rainsmith.experiment.text import as_markdown, sentences
from rainsmith.experiment.trial import AGAIN, Inputs, identity, run_trial
from rainsmith.models.registry import NETWORKS
from rainsmith.plots.experiment import differences, gains_over_ratios
from rainsmith.plots.style import picture
from rainsmith.run_folder import Run

_DAMAGED = f"delete it and {AGAIN}"


def experiment(config: Config, run: Run) -> pd.DataFrame:
    """Train every network of ``experiment.arms`` on every arm with every seed, and compare the arms with the controls.

    Writes into ``experiment/``, as it goes, ``runs/<network>-<arm>-s<seed>.nc`` (the scores of a trial; one that has
    its file is not repeated) and ``days/<arm>-s<seed>.zarr`` (its synthetic days); then ``results.csv`` (a row for each
    trial and set of days), ``comparisons.csv``, the same in words and tables, ``tables.md``, and ``comparisons.png``;
    where a network has several numbers of synthetic days of one mode, also ``ratios.png``.

    Returns:
        The rows of ``comparisons.csv``.

    Raises:
        UserError: no store, no checkpoint to draw synthetic days from, an empty split, or a network needs a quantile
            that is not asked for; the file of an earlier trial is damaged.
    """
    check_quantiles(config)
    inputs = Inputs.read(config, run)
    scores: dict[Trial, xr.Dataset] = {}
    asked = list(trials(config))
    with progress() as bar:
        task = bar.add_task("experiment", total=len(asked), note="")
        for planned in asked:
            trial = resolved(planned, {done: float(of.attrs[VALIDATION_LOSS]) for done, of in scores.items()})
            bar.update(task, note=trial.key)
            scores[trial] = _scores_of(trial, inputs)
            bar.advance(task)
    results, comparisons = _tables(scores, config.experiment.split)
    _write(run.folder / "experiment", results, comparisons)
    for sentence in sentences(comparisons):
        console.print(sentence)
    return comparisons


def check_quantiles(config: Config) -> None:
    """Refuse networks that need a level which is not among the quantiles, before anything is trained."""
    quantiles = config.downscale.quantiles
    for network in config.experiment.arms:
        for level in NETWORKS[network].needs_quantiles:
            if level not in quantiles:
                raise UserError(
                    f"downscale.quantiles are {quantiles}, without the {level:g} that {network} needs; add it, or take "
                    f"{network} out of experiment.arms"
                )


def _scores_of(trial: Trial, inputs: Inputs) -> xr.Dataset:
    """The scores of a trial from its file, which is written where there is none of these settings and data."""
    if (kept := kept_scores(trial, inputs)) is not None:
        return kept
    made = run_trial(trial, inputs)
    path = _path_of(trial, inputs)
    with atomic(path) as scratch:
        write_netcdf(scratch, made.assign_attrs(_about(trial, inputs)))
    return read_netcdf(path, damaged=_DAMAGED)


def kept_scores(trial: Trial, inputs: Inputs) -> xr.Dataset | None:
    """The scores of a trial from its file; None where there is none of these settings and data.

    Raises:
        UserError: the file is damaged.
    """
    path = _path_of(trial, inputs)
    kept = read_netcdf(path, damaged=_DAMAGED) if path.exists() else None
    return kept if kept is not None and kept.attrs.get("identity") == identity(trial, inputs) else None


def _path_of(trial: Trial, inputs: Inputs) -> Path:
    return inputs.run.folder / "experiment" / "runs" / f"{trial.key}.nc"


def _about(trial: Trial, inputs: Inputs) -> dict[str, str]:
    """History and credit of the scores of a trial."""
    made_by = f"scores of {trial.network} trained on {trial.arm.name} days, seed {trial.seed}"
    return {**derived_attributes(inputs.domain.attrs, "experiment", made_by), "title": f"Scores of {trial.key}"}


def _tables(scores: Mapping[Trial, xr.Dataset], split: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of ``results.csv`` and of ``comparisons.csv``."""
    rows: list[dict[str, Any]] = []
    by_set: dict[str, list[ScoredTrial]] = {name: [] for name in DAY_SETS}
    weeks = dict.fromkeys(DAY_SETS, 0)
    for trial, of_trial in scores.items():
        head = {"network": trial.network, "arm": trial.arm.name, "seed": trial.seed, "split": split}
        head |= {key: of_trial.attrs[key] for key in ("n_days", "seconds", VALIDATION_LOSS)}
        for day_set in DAY_SETS:
            columns = scores_by_column(of_trial, day_set)
            rows.append({**head, "days": day_set, **{name: values[0] for name, values in columns.items()}})
            by_set[day_set].append(ScoredTrial(trial.network, trial.arm.name, trial.seed, columns))
            weeks[day_set] = int(of_trial.attrs[f"weeks_{day_set}"])
    comparisons = [compare_arms(scored, day_set, weeks[day_set]) for day_set, scored in by_set.items()]
    return pd.DataFrame(rows), pd.concat(comparisons, ignore_index=True)


def _write(folder: Path, results: pd.DataFrame, comparisons: pd.DataFrame) -> None:
    for name, table in (("results", results), ("comparisons", comparisons)):
        with atomic(folder / f"{name}.csv") as scratch:
            table.to_csv(scratch, index=False, float_format="%.6g")
    with atomic(folder / "tables.md") as scratch:
        scratch.write_text(as_markdown(results, comparisons), encoding="utf-8")
    with atomic(folder / "comparisons.png") as scratch:
        scratch.write_bytes(picture(differences(comparisons, in_picture(comparisons["score"].unique())), "png"))
    by_ratio = gains_by_ratio(comparisons)
    if by_ratio.empty:
        (folder / "ratios.png").unlink(missing_ok=True)
        return
    with atomic(folder / "ratios.png") as scratch:
        scratch.write_bytes(picture(gains_over_ratios(by_ratio), "png"))
