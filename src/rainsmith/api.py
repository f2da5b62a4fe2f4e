"""The stages as functions: each takes a configuration and a run folder, and reads and writes files there.

The whole job on the embedded climate, here much too small to be of use::

    >>> from pathlib import Path
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
    >>> api.prepare(config, "runs/tiny")
    >>> api.train(config, "runs/tiny")
    >>> api.sample(config, "runs/tiny")
    >>> api.evaluate(config, "runs/tiny")
    >>> api.Run(Path("runs/tiny")).open_store()["precip"].attrs["units"]
    'mm/day'

``api.load_config("configs/uk.yaml", "configs/models/v3.yaml")`` reads files instead, and ``api.run(config, folder)``
does all stages, skipping those whose inputs have not changed. A mistake in the input raises ``UserError``. A stage is
imported when it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rainsmith.base.errors import UserError
from rainsmith.config import Config, load_config

if TYPE_CHECKING:
    import pandas as pd

    from rainsmith.diagnose.result import DiagnosisResult
    from rainsmith.run_folder import Run
    from rainsmith.sweep.stage import SweepResult

    Folder = Run | Path | str  # a run folder, or its path; it is made where it does not exist

__all__ = [
    "Config",
    "Run",
    "UserError",
    "apply",
    "augment",
    "compare",
    "diagnose",
    "downscale",
    "evaluate",
    "experiment",
    "load_config",
    "prepare",
    "report",
    "run",
    "sample",
    "sweep",
    "train",
]


def __getattr__(name: str) -> Any:
    """``Run`` is imported when it is asked for: it brings xarray."""
    if name == "Run":
        from rainsmith.run_folder import Run

        return Run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _run(folder: Folder) -> Run:
    from rainsmith.run_folder import Run

    return folder if isinstance(folder, Run) else Run(Path(folder))


def _stage(name: str, config: Config, folder: Folder, **options: Any) -> Any:
    from rainsmith.pipeline import run_stage

    return run_stage(name, config, _run(folder), **options)


def prepare(config: Config, run: Folder) -> None:
    """Read, check, split and measure the data; writes ``store.zarr`` with precipitation in [mm/day].

    Raises:
        UserError: files, variables, units or values that cannot be used, too many lost days, an empty split.
    """
    _stage("prepare", config, run)


def train(config: Config, run: Folder, resume: bool = False) -> None:
    """Train the model; writes ``checkpoints/`` and ``metrics.jsonl``.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        resume: go on from the last saved state, to the same weights as an uninterrupted training.

    Raises:
        UserError: the store is missing or damaged, or the state to resume is of another grid or configuration.
    """
    _stage("train", config, run, resume=resume)


def sample(config: Config, run: Folder, *, netcdf: bool = False, legacy_npy: Path | None = None) -> None:
    """Draw members in every mode and split of ``config.sampling``; writes ``samples/`` in [mm/day].

    Args:
        config: the configuration.
        run: the run folder, trained.
        netcdf: write NetCDF files too.
        legacy_npy: write the reference's normalised per-day files into this folder too.

    Raises:
        UserError: the checkpoint is missing, damaged or of another grid, or a day is not in the store.
    """
    _stage("sample", config, run, netcdf=netcdf, legacy_npy=legacy_npy)


def apply(config: Config, checkpoint: Path, out: Path, *, netcdf: bool = False) -> Path:
    """Draw prior members [mm/day] for a period with predictors only, which ``config.data.predictors`` names.

    Raises:
        UserError: predictors that do not match those of the checkpoint.
    """
    from rainsmith.sample.stage import apply as stage

    return stage(config, checkpoint, out, netcdf=netcdf)


def evaluate(config: Config, run: Folder) -> None:
    """Score the members and the baselines on all, heavy and heavy_x days; writes ``evaluation/``.

    Raises:
        UserError: there are no samples.
    """
    _stage("evaluate", config, run)


def diagnose(config: Config, run: Folder) -> DiagnosisResult:
    """Say why the model fails, if it does: a number, a threshold and a verdict a failure; writes ``diagnosis.json``.

    Returns:
        One finding a known failure, and the path of the file.

    Raises:
        UserError: the model was not trained, sampled in prior mode, or scored.
    """
    result: DiagnosisResult = _stage("diagnose", config, run)
    return result


def sweep(config: Config, run: Folder) -> SweepResult:
    """Score and rank all saved checkpoints on validation days; writes ``sweep.csv`` and ``sweep.png``.

    Returns:
        The table, the best checkpoint first, and its path.

    Raises:
        UserError: no checkpoint, or one of another grid.
    """
    result: SweepResult = _stage("sweep", config, run)
    return result


def augment(config: Config, run: Folder) -> None:
    """Mix sampled training days with the real ones; writes ``augmented.zarr`` and ``augmentation.csv``.

    Raises:
        UserError: a source day is not a training day, or the checkpoint does not fit.
    """
    _stage("augment", config, run)


def downscale(config: Config, run: Folder, *, netcdf: bool = False) -> list[Path]:
    """Train a downscaler, predict and score it; writes ``downscale/`` in [mm/day] and a table into ``evaluation/``.

    Args:
        config: the configuration.
        run: the run folder, prepared; augmented where ``config.downscale.train_on`` asks for it.
        netcdf: write the predictions as NetCDF files too.

    Returns:
        The paths of the tables of scores, one a split.

    Raises:
        UserError: no store, no augmented store, an empty split, divergence.
    """
    tables: list[Path] = _stage("downscale", config, run, netcdf=netcdf)
    return tables


def experiment(config: Config, run: Folder) -> pd.DataFrame:
    """Train downscalers on real, oversampled and augmented days, and compare them; writes ``experiment/``.

    A training that is done already is not made again, so a stopped experiment goes on where it was.

    Returns:
        The rows of ``experiment/comparisons.csv``.

    Raises:
        UserError: no store, no checkpoint to draw synthetic days from, an empty split.
    """
    table: pd.DataFrame = _stage("experiment", config, run)
    return table


def report(config: Config, run: Folder) -> None:
    """Put pictures, scores and both lists of criteria into one self-contained ``report.html``.

    Raises:
        UserError: the run folder holds no store, or a damaged file. What is merely missing is named in the report.
    """
    _stage("report", config, run)


def compare(runs: Sequence[Folder]) -> pd.DataFrame:
    """One table over several run folders: one row a run and model, with both lists of criteria.

    Raises:
        UserError: a folder holds no evaluation.
    """
    from rainsmith.compare.stage import compare as stage

    return stage([_run(folder) for folder in runs])


def run(config: Config, run: Folder) -> None:
    """Do every stage in order; one whose inputs have not changed since it was done is skipped.

    Raises:
        UserError: whatever a stage raises.
    """
    from rainsmith.pipeline import run as pipeline

    pipeline(config, _run(run))
