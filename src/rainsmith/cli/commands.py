"""The commands: one class for each, whose fields are its options; a stage is imported only when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from rainsmith.cli.completion import Completion
from rainsmith.cli.init import Init
from rainsmith.cli.inspect_data import Inspect
from rainsmith.cli.machine import Demo, Doctor
from rainsmith.cli.options import (
    Common,
    Days,
    Flag,
    OptionalCount,
    OptionalFile,
    OptionalFolder,
    OptionalMode,
    OptionalNumber,
    OptionalScheduler,
    OptionalUrl,
    Sharded,
    days_or_set,
    one_of,
    shown_as,
)
from rainsmith.cli.run_all import RunAll
from rainsmith.cli.sample import Sample
from rainsmith.config.downscale import TrainingDays
from rainsmith.models.registry import NETWORKS

NetworkName: Any = Literal[NETWORKS.names()]
OptionalNetwork: Any = Annotated[NetworkName | None, one_of(NetworkName)]
OptionalTrainingDays = Annotated[TrainingDays | None, one_of(TrainingDays)]


@dataclass(frozen=True)
class Prepare(Common):
    """Read, check and split the data, compute training statistics, and write store.zarr."""

    to: OptionalUrl = None
    """URL of a folder in a bucket that takes the store, instead of data.to; the run folder keeps a link to it."""
    scheduler: OptionalScheduler = None
    """Address of a dask scheduler, such as tcp://host:8786, whose workers read the files of the data.
    The word local starts worker processes on this machine; without the option, files are read one after the other."""

    def execute(self) -> None:
        from rainsmith.base.console import console

        self.run_stage({"data.to": self.to}, scheduler=self.scheduler)
        console.print(
            f"prepare: 'rainsmith inspect --run {self.run}' shows what was found", soft_wrap=True, markup=False
        )


@dataclass(frozen=True)
class Train(Common):
    """Train the generative model, and write checkpoints/ and metrics.jsonl."""

    resume: Flag = False
    """Go on with a training that was stopped, from its last saved state."""
    pool: OptionalCount = None
    """Number of networks that are trained, instead of train.pool."""

    def execute(self) -> None:
        self.run_stage({"train.pool": self.pool}, resume=self.resume)


@dataclass(frozen=True)
class Evaluate(Sharded):
    """Score the samples and the baselines, and write the tables of evaluation/."""

    areas: OptionalFile = None
    """NetCDF file of areas on the fine grid, such as catchments, whose mean rain is scored too.
    It is used instead of evaluate.areas; the scores are written to areas.csv."""
    scheduler: OptionalScheduler = None
    """Address of a dask scheduler, such as tcp://host:8786, whose workers read, make and score the forecasts.
    The word local starts worker processes on this machine; without the option, threads do the work."""

    def execute(self) -> None:
        self.run_stage({"evaluate.areas": self.areas}, scheduler=self.scheduler)


@dataclass(frozen=True)
class Diagnose(Common):
    """Look for each known failure of a model, print the verdicts with advice, and write diagnosis.json."""

    def execute(self) -> None:
        print(self.run_stage().text())


@dataclass(frozen=True)
class Sweep(Sharded):
    """Score all saved checkpoints on validation days, rank them, and write sweep.csv and sweep.png."""

    members: OptionalCount = None
    """Number of members for each day and checkpoint, instead of sweep.members."""

    def execute(self) -> None:
        result = self.run_stage({"sweep.members": self.members})
        if result is not None:
            print(result.path)


@dataclass(frozen=True)
class Augment(Sharded):
    """Draw synthetic training days, judge them, and write augmented.zarr and augmentation.csv."""

    days: Days = ()
    """Training days for which synthetic days are drawn, instead of augment.days.
    Give heavy_x, heavy, all, or dates YYYY-MM-DD."""
    top: OptionalNumber = None
    """Share (0 to 1) of the training days for which synthetic days are drawn, the wettest by their predictors."""
    mode: OptionalMode = None
    """Kind of the synthetic days, instead of augment.mode.
    Prior days are new days for the same predictors; posterior days are variations of the observed storm."""
    ratio: OptionalNumber = None
    """Number of synthetic days for each real training day, instead of augment.ratio."""
    intensity: OptionalNumber = None
    """Rank (0 to 1) near which members are drawn most often among the candidates of their day.
    Candidates are ordered by their maximum: 0 is the least, 1 the most intense one. Weights make up for it."""
    target_return_period: OptionalNumber = None
    """Return period [years]: members are drawn most often near the one whose maximum is nearest to its amount."""

    def execute(self) -> None:
        names = ("top", "mode", "ratio", "intensity", "target_return_period")
        options = {f"augment.{name}": getattr(self, name) for name in names}
        self.run_stage({"augment.days": days_or_set(self.days), **options})


@dataclass(frozen=True)
class Downscale(Common):
    """Train a downscaling network, predict, score, and write downscale/ and a table in evaluation/."""

    network: OptionalNetwork = None
    """Network, and with it what is forecast, instead of downscale.network (docs/downscaling.md)."""
    train_on: OptionalTrainingDays = None
    """Training set, instead of downscale.train_on.
    Real takes the days of the store, augmented those of augmented.zarr.
    Oversampled takes the days of the store and draws those of downscale.oversample more often."""
    seeds: Annotated[tuple[int, ...], shown_as("SEED ...")] = ()
    """Seeds of the trainings, instead of downscale.seeds, such as --seeds 0 1 2.
    The mean forecast of several is written and scored beside those of each, as <network>-<train_on>-ensemble.
    A seed whose file was trained with the same settings and days is not trained again."""
    netcdf: Flag = False
    """Write the predictions as NetCDF files too."""

    def execute(self) -> None:
        options = {
            "downscale.network": self.network,
            "downscale.train_on": self.train_on,
            "downscale.seeds": list(self.seeds) or None,
        }
        for path in self.run_stage(options, netcdf=self.netcdf):
            print(path)


@dataclass(frozen=True)
class Experiment(Common):
    """Train downscalers on real, oversampled and augmented days, say which helped, and write experiment/."""

    def execute(self) -> None:
        self.run_stage()
        print(self.run / "experiment")


@dataclass(frozen=True)
class Report(Common):
    """Gather all results of the run folder in one page, report.html."""

    days: OptionalCount = None
    """Number of days that are drawn as maps, the heaviest first."""
    png: OptionalFolder = None
    """Folder for the maps of these days as PNG files; the page itself is not written then."""

    def execute(self) -> None:
        if self.png is None:
            print(self.run_stage(days=self.days))
            return
        from rainsmith.report.stage import report

        print(report(*self.open(), days=self.days, png=self.png))


@dataclass(frozen=True)
class Compare:
    """Put several run folders into one table, with their grades on both lists of criteria."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, shown_as("RUN ...")]
    """Run folders that the command evaluate has written to."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER")] = Path("comparison")
    """Folder for the table, compare.csv and compare.md."""

    def execute(self) -> None:
        from rainsmith.compare.stage import compare

        compare(list(self.runs), self.out)
        print(self.out / "compare.md")


COMMANDS = {
    "init": Init,
    "demo": Demo,
    "doctor": Doctor,
    "run": RunAll,
    "prepare": Prepare,
    "inspect": Inspect,
    "train": Train,
    "sample": Sample,
    "evaluate": Evaluate,
    "diagnose": Diagnose,
    "sweep": Sweep,
    "augment": Augment,
    "downscale": Downscale,
    "experiment": Experiment,
    "report": Report,
    "compare": Compare,
    "completion": Completion,
}
"""Commands by name, in the order in which they are listed."""
