"""The commands: one class a stage, whose fields are its options; a stage is imported only when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from rainsmith.models.registry import NETWORKS

if TYPE_CHECKING:
    from rainsmith.config import Config
    from rainsmith.run_folder import Run

NetworkName: Any = Literal[NETWORKS.names()]
Overrides = Annotated[tuple[str, ...], tyro.conf.arg(name="set", metavar="KEY=VALUE")]


@dataclass(frozen=True)
class Common:
    """Options that every stage has."""

    config: Path | None = None
    """YAML file of the data and the default model. Without it: what the run folder was made with, or the embedded demo
    data in a new one."""
    model_config: Path | None = None
    """YAML overlay, e.g. configs/models/v3.yaml."""
    run: Path = Path("runs/default")
    """Run folder: everything is written here."""
    set: Overrides = ()
    """Further values by dotted key, e.g. --set train.epochs=40 model.base_filters=32."""

    def open(self, **overrides: Any) -> tuple[Config, Run]:
        """The configuration with all overrides, and the run folder."""
        from rainsmith.base.console import console
        from rainsmith.config import load_config
        from rainsmith.run_folder import Run

        given = {key: value for key, value in overrides.items() if value is not None}
        file, kept = self.config, self.run / "config.yaml"
        if file is None and kept.is_file():
            file = kept
            console.print(f"configuration: {kept}", soft_wrap=True)
        return load_config(file, self.model_config, {**_parse_overrides(self.set), **given}), Run(self.run)

    def execute(self) -> None:
        """Run the stage that the class is named after."""
        from rainsmith.pipeline import run_stage

        run_stage(type(self).__name__.lower(), *self.open())


@dataclass(frozen=True)
class RunAll(Common):
    """Prepare, train, sample, evaluate, diagnose, augment, report; unchanged stages are skipped."""

    def execute(self) -> None:
        from rainsmith import pipeline

        config, folder = self.open()
        pipeline.run(config, folder)
        print(folder.folder / "report.html")


@dataclass(frozen=True)
class Prepare(Common):
    """Read, check, split and measure the data: writes store.zarr."""


@dataclass(frozen=True)
class Train(Common):
    """Train the model: writes checkpoints/ and metrics.jsonl."""

    resume: bool = False
    """Go on with a training that was stopped."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        run_stage("train", *self.open(), resume=self.resume)


@dataclass(frozen=True)
class Sample(Common):
    """Draw members: writes samples/<model>-<mode>-<split>.zarr."""

    mode: Literal["prior", "posterior"] | None = None
    """One mode only."""
    split: Literal["train", "validation", "test"] | None = None
    """One split only."""
    days: tuple[str, ...] = ()
    """all, heavy, heavy_x, or dates YYYY-MM-DD."""
    members: int | None = None
    """Members a day."""
    temperature: float | None = None
    """Factor of the standard deviation of the latents."""
    checkpoint: str | None = None
    """A name in checkpoints/, or the path of a .safetensors file."""
    predictors: Path | None = None
    """YAML file whose data.predictors name a period without observations (needs --checkpoint)."""
    netcdf: bool = False
    """Write NetCDF files too."""
    legacy_npy: Path | None = None
    """Write the reference's normalised per-day .npy files into this folder too."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        asked = {
            "sampling.modes": [self.mode] if self.mode else None,
            "sampling.splits": [self.split] if self.split else None,
            "sampling.days": _one_or_list(self.days),
            "sampling.members": self.members,
            "sampling.temperature": self.temperature,
            "sampling.checkpoint": self.checkpoint,
        }
        if self.predictors is not None:
            self._apply({key: value for key, value in asked.items() if value is not None})
            return
        run_stage("sample", *self.open(**asked), netcdf=self.netcdf, legacy_npy=self.legacy_npy)

    def _apply(self, asked: dict[str, Any]) -> None:
        """Draw members for a period with predictors only."""
        from rainsmith.base.errors import UserError
        from rainsmith.config import load_config
        from rainsmith.run_folder import Run
        from rainsmith.sample.application import apply

        if self.checkpoint is None or self.predictors is None:
            raise UserError("--predictors needs --checkpoint FILE: the statistics and the grid come from there")
        given = {"--split": self.split, "--days": self.days, "--mode posterior": self.mode == "posterior"}
        for option in (name for name, value in given.items() if value):
            raise UserError(f"{option} does not go with --predictors, a period without observations; leave it out")
        new = load_config(self.predictors, None, {**_parse_overrides(self.set), **asked})
        out = Run(self.run).samples / f"{self.predictors.stem}.zarr"
        print(apply(new, Path(self.checkpoint), out, netcdf=self.netcdf, legacy_npy=self.legacy_npy))


@dataclass(frozen=True)
class Evaluate(Common):
    """Score the samples and the baselines: writes evaluation/."""

    areas: Path | None = None
    """NetCDF file of areas on the fine grid, e.g. catchments, whose means are scored too: writes areas.csv."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        run_stage("evaluate", *self.open(**{"evaluate.areas": self.areas}))


@dataclass(frozen=True)
class Diagnose(Common):
    """Say why the model fails, if it does: writes diagnosis.json and prints the verdicts."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        print(run_stage("diagnose", *self.open()).text())


@dataclass(frozen=True)
class Sweep(Common):
    """Score and rank all saved checkpoints on validation days: writes sweep.csv and sweep.png."""

    members: int | None = None
    """Members a day."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        print(run_stage("sweep", *self.open(**{"sweep.members": self.members})).path)


@dataclass(frozen=True)
class Augment(Common):
    """Mix synthetic training days with the real ones: writes augmented.zarr and augmentation.csv."""

    days: tuple[str, ...] = ()
    """heavy_x, heavy, all, or dates YYYY-MM-DD."""
    top: float | None = None
    """Share of the training days, the wettest by their predictors, e.g. 0.05."""
    mode: Literal["prior", "posterior"] | None = None
    """New days of the same predictors, or variations of the observed storm."""
    ratio: float | None = None
    """Synthetic days per real training day."""
    intensity: float | None = None
    """Take the member of this rank among the candidates of its day, 0 the least and 1 the most intense."""
    target_return_period: float | None = None
    """Take the member whose maximum is nearest to what is reached once in so many years."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        names = ("top", "mode", "ratio", "intensity", "target_return_period")
        asked = {f"augment.{name}": getattr(self, name) for name in names}
        run_stage("augment", *self.open(**{"augment.days": _one_or_list(self.days), **asked}))


@dataclass(frozen=True)
class Downscale(Common):
    """Train a downscaler, predict, score: writes downscale/ and its own file in evaluation/."""

    network: NetworkName | None = None
    """The downscaling network, and with it what is forecast (docs/downscaling.md)."""
    train_on: Literal["real", "augmented", "oversampled"] | None = None
    """The store, the augmented store, or the store with the days of downscale.oversample drawn more often."""
    netcdf: bool = False
    """Write the predictions as NetCDF files too."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        asked = self.open(**{"downscale.network": self.network, "downscale.train_on": self.train_on})
        for path in run_stage("downscale", *asked, netcdf=self.netcdf):
            print(path)


@dataclass(frozen=True)
class Experiment(Common):
    """Train downscalers on real, oversampled and augmented days, and say whether that helped: writes experiment/."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        config, folder = self.open()
        run_stage("experiment", config, folder)
        print(folder.folder / "experiment")


@dataclass(frozen=True)
class Report(Common):
    """Write report.html."""

    days: int | None = None
    """Number of heaviest days to draw."""
    png: Path | None = None
    """Write only the pictures of the days, into this folder."""

    def execute(self) -> None:
        from rainsmith.pipeline import run_stage

        config, folder = self.open()
        if self.png is not None:
            from rainsmith.report.stage import report

            print(report(config, folder, days=self.days, png=self.png))
            return
        print(run_stage("report", config, folder, days=self.days))


@dataclass(frozen=True)
class Compare:
    """One table over several run folders, with both lists of criteria."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Run folders."""
    out: Path = Path("comparison")
    """Folder for compare.csv and compare.md."""

    def execute(self) -> None:
        from rainsmith.compare.stage import compare

        compare(list(self.runs), self.out)
        print(self.out / "compare.md")


COMMANDS = {
    "run": RunAll,
    "prepare": Prepare,
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
}


def _parse_overrides(pairs: tuple[str, ...]) -> dict[str, Any]:
    import yaml

    from rainsmith.base.errors import UserError

    values = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise UserError(f"--set {pair!r} is not KEY=VALUE; write e.g. --set train.epochs=40")
        try:
            values[key] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise UserError(f"--set {pair!r}: the value is not valid YAML; check its brackets and quotes") from None
    return values


def _one_or_list(days: tuple[str, ...]) -> str | list[str] | None:
    """The name of a set of days, dates, or None where nothing was given."""
    return days[0] if len(days) == 1 and "-" not in days[0] else (list(days) or None)
