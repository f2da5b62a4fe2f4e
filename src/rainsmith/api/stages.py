"""The commands as functions: each takes a configuration and a run folder, and reads and writes files there.

The whole job on the embedded climate, here much too small to be of use::

    >>> from rainsmith import api
    >>> config = api.load_config(
    ...     overrides={
    ...         "data.demo": {"ny": 16, "nx": 16, "years": 3, "first_year": 2001},
    ...         "data.splits": {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]},
    ...         "model": {"name": "flat", "base_filters": 8, "d_x": 8, "d_y": 16, "d_z": 8},
    ...         "train": {"epochs": 1, "validation_days": 20, "precision": "fp32"},
    ...         "sampling.members": 4,
    ...         "evaluate": {"baselines": ["climatology"], "resamples": 50},
    ...     }
    ... )
    >>> store = api.prepare(config, "runs/tiny")
    >>> checkpoints = api.train(config, "runs/tiny")
    >>> samples = api.sample(config, "runs/tiny")
    >>> evaluation = api.evaluate(config, "runs/tiny")
    >>> crps = evaluation.metrics.query("metric == 'crps' and days == 'all'").set_index(["model", "mode"])["value"]
    >>> sorted(crps.index)
    [('climatology', 'prior'), ('flat', 'posterior'), ('flat', 'prior')]
    >>> api.Run("runs/tiny").open_store()["precip"].attrs["units"]
    'mm/day'

``api.load_config("configs/uk.yaml", "configs/models/v3.yaml")`` reads files instead, and ``api.run(config, folder)``
does all stages, skipping those whose inputs have not changed. A mistake in the input raises ``UserError``. A stage is
imported when it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rainsmith.config import Config
from rainsmith.run_folder import Run

if TYPE_CHECKING:
    import pandas as pd

    from rainsmith.diagnose.result import DiagnosisResult
    from rainsmith.evaluate.stage import Evaluation
    from rainsmith.inspection.result import Inspection
    from rainsmith.sweep.stage import SweepResult

Folder = Run | str | Path
"""A run folder or its path; it is made where it does not exist."""


def _run(folder: Folder) -> Run:
    return folder if isinstance(folder, Run) else Run(folder)


def _stage(name: str, config: Config, folder: Folder, **options: Any) -> Any:
    from rainsmith.pipeline import run_stage

    return run_stage(name, config, _run(folder), **options)


def prepare(config: Config, run: Folder, *, scheduler: str | None = None) -> Path:
    """Read, check, split and measure the data, and write ``store.zarr``, with precipitation in [mm/day].

    Args:
        config: the configuration.
        run: the run folder.
        scheduler: address of a dask scheduler whose workers read the files, or ``local`` for some of this machine.

    Returns:
        The path of the store.

    Raises:
        UserError: files, variables, units or values that cannot be used, too many lost days, an empty split.
    """
    path: Path = _stage("prepare", config, run, scheduler=scheduler)
    return path


def inspect(config: Config, run: Folder) -> Inspection:
    """Look at the data before any training; they are prepared first where the store is not there.

    Writes ``inspect.html``.

    Returns:
        What was found: figures of splits, days, sources and predictors; its ``text()`` is a page of 80 columns.

    Raises:
        UserError: from ``prepare``, or the run folder holds a training on other data.
    """
    from rainsmith import pipeline

    found: Inspection = pipeline.inspect(config, _run(run))
    return found


def train(config: Config, run: Folder, resume: bool = False) -> Path:
    """Train the model.

    Writes ``checkpoints/`` and ``metrics.jsonl``.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        resume: whether a stopped training goes on from its saved state, to the same weights as an uninterrupted one.

    Returns:
        The folder of the checkpoints.

    Raises:
        UserError: the store is missing or damaged, or the state to resume is of another grid or configuration.
    """
    folder: Path = _stage("train", config, run, resume=resume)
    return folder


def sample(config: Config, run: Folder, *, netcdf: bool = False, legacy_npy: str | Path | None = None) -> list[Path]:
    """Draw members in every mode and split of ``config.sampling``.

    Writes ``samples/``, in [mm/day].

    Args:
        config: the configuration.
        run: the run folder, trained.
        netcdf: whether NetCDF files are written, too.
        legacy_npy: folder that the reference's normalised per-day files are written into, too, or None.

    Returns:
        The paths of the stores of samples.

    Raises:
        UserError: the checkpoint is missing, damaged or of another grid, or a day is not in the store.
    """
    folder = None if legacy_npy is None else Path(legacy_npy)
    paths: list[Path] = _stage("sample", config, run, netcdf=netcdf, legacy_npy=folder)
    return paths


def apply(config: Config, checkpoint: str | Path, out: str | Path, *, netcdf: bool = False) -> Path:
    """Draw prior members for a period that has predictors only, which ``config.data.predictors`` names.

    Args:
        config: names the predictors, and says how many members are drawn.
        checkpoint: the ``.safetensors`` file of a trained model.
        out: the Zarr store that is written, in [mm/day].
        netcdf: whether a NetCDF file is written beside it.

    Returns:
        The path of the store.

    Raises:
        UserError: predictors that do not match those of the checkpoint.
    """
    from rainsmith.sample.application import apply as stage

    stage(config, Path(checkpoint), Path(out), netcdf=netcdf)
    return Path(out)


def evaluate(config: Config, run: Folder, *, scheduler: str | None = None) -> Evaluation:
    """Score the members and the baselines on all, heavy and heavy_x days.

    Writes ``evaluation/``.

    Args:
        config: the configuration.
        run: the run folder, with samples.
        scheduler: address of a dask scheduler whose workers score the days, or ``local`` for some of this machine.

    Returns:
        The tables, of which ``metrics`` has a row for each score, and the folder.

    Raises:
        UserError: there are no samples.
    """
    evaluation: Evaluation = _stage("evaluate", config, run, scheduler=scheduler)
    return evaluation


def diagnose(config: Config, run: Folder) -> DiagnosisResult:
    """Say why the model fails, if it does: a number, a threshold and a verdict for each failure.

    Writes ``diagnosis.json``.

    Returns:
        One finding a known failure, and the path of the file.

    Raises:
        UserError: the model was not trained, sampled in prior mode, or scored.
    """
    result: DiagnosisResult = _stage("diagnose", config, run)
    return result


def sweep(config: Config, run: Folder) -> SweepResult:
    """Score and rank all saved checkpoints on validation days.

    Writes ``sweep.csv`` and ``sweep.png``.

    Returns:
        The table, the best checkpoint first, and its path.

    Raises:
        UserError: no checkpoint, or one of another grid.
    """
    result: SweepResult = _stage("sweep", config, run)
    return result


def augment(config: Config, run: Folder) -> Path:
    """Mix sampled training days with the real ones.

    Writes ``augmented.zarr`` and ``augmentation.csv``.

    Returns:
        The path of the augmented store.

    Raises:
        UserError: a source day is not a training day, or the checkpoint does not fit.
    """
    path: Path = _stage("augment", config, run)
    return path


def downscale(config: Config, run: Folder, *, netcdf: bool = False) -> list[Path]:
    """Train a downscaler, or one for each of several seeds, predict and score.

    Writes ``downscale/``, in [mm/day], and tables into ``evaluation/``.

    Args:
        config: the configuration.
        run: the run folder, prepared; augmented where ``config.downscale.train_on`` asks for it.
        netcdf: whether the predictions are written as NetCDF files, too.

    Returns:
        The paths of the tables of scores, one for each seed and split, those of the ensemble of all seeds last.

    Raises:
        UserError: no store, no augmented store, an empty split, divergence.
    """
    tables: list[Path] = _stage("downscale", config, run, netcdf=netcdf)
    return tables


def experiment(config: Config, run: Folder) -> pd.DataFrame:
    """Train downscalers on real, oversampled and augmented days, and compare them.

    Writes ``experiment/``. A training that is done already is not made again, so that a stopped experiment goes on
    where it was.

    Returns:
        The rows of ``experiment/comparisons.csv``.

    Raises:
        UserError: no store, no checkpoint to draw synthetic days from, an empty split.
    """
    table: pd.DataFrame = _stage("experiment", config, run)
    return table


def report(config: Config, run: Folder) -> Path:
    """Put pictures, scores and both lists of criteria into one self-contained ``report.html``.

    What the run folder lacks is named in the report.

    Returns:
        The path of the page.

    Raises:
        UserError: the run folder holds no store, or a damaged file.
    """
    path: Path = _stage("report", config, run)
    return path


def compare(runs: Sequence[Folder]) -> pd.DataFrame:
    """Compare run folders: one row for each run and model, with both lists of criteria.

    Raises:
        UserError: a folder holds no evaluation.
    """
    from rainsmith.compare.stage import compare as stage

    return stage([_run(folder) for folder in runs])


def run(config: Config, run: Folder) -> Path:
    """Do every stage in order; one whose inputs have not changed since it was done is skipped.

    Returns:
        The path of the report.

    Raises:
        UserError: whatever a stage raises.
    """
    from rainsmith.pipeline import run as pipeline

    folder = _run(run)
    pipeline(config, folder)
    return folder.folder / "report.html"
