"""The command ``sample``, for the days of the store and for a new period that has predictors only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rainsmith.cli.options import (
    Days,
    Flag,
    Numbers,
    OptionalCount,
    OptionalFile,
    OptionalFolder,
    OptionalMode,
    OptionalName,
    OptionalNumber,
    OptionalSplit,
    OptionalUrl,
    Sharded,
    days_or_set,
    given,
    parse_overrides,
)

if TYPE_CHECKING:
    from rainsmith.config import Config


@dataclass(frozen=True)
class Sample(Sharded):
    """Draw members of a trained model and write samples/<model>-<mode>-<split>.zarr, or their quantiles."""

    mode: OptionalMode = None
    """The only mode that is drawn, instead of sampling.modes.
    Prior members need only the predictors of a day; posterior members are variations of the observed rain."""
    split: OptionalSplit = None
    """The only split whose days are drawn, instead of sampling.splits."""
    days: Days = ()
    """Days of the split that are drawn, instead of sampling.days: all, heavy, heavy_x, or dates YYYY-MM-DD."""
    members: OptionalCount = None
    """Number of members for each day, instead of sampling.members."""
    temperature: OptionalNumber = None
    """Factor of the standard deviation of the latents, instead of sampling.temperature; above 1 members differ more."""
    checkpoint: OptionalName = None
    """Name of a checkpoint in checkpoints/, or path of a .safetensors file, instead of sampling.checkpoint."""
    predictors: OptionalFile = None
    """YAML file whose data.predictors name a new period without observations; it needs --checkpoint FILE."""
    to: OptionalUrl = None
    """URL of a folder in a bucket that takes the stores, instead of sampling.to; the run folder keeps links to them."""
    quantiles: Numbers = ()
    """Levels, between 0 and 1, of the quantiles that are written in place of members, instead of quantiles.levels.
    They go to quantiles/<model>-prior-<split>.zarr; --members is then the number of members that they are made of."""
    exceedance: Numbers = ()
    """Amounts [mm/day] whose probability to be exceeded is written, instead of quantiles.exceedance_mm.
    No members are written then."""
    mean: Flag = False
    """Write the mean of the members, as quantiles.mean does; no members are written then."""
    netcdf: Flag = False
    """Write a NetCDF file beside each Zarr store."""
    legacy_npy: OptionalFolder = None
    """Folder for further files: one .npy file for each day, normalised as in the reference."""

    def execute(self) -> None:
        if self.predictors is not None:
            store = self._draw_new_period(self.predictors)
            if store is not None:
                print(store)
        elif self._instead_of_members:
            self._write_quantiles()
        else:
            self.run_stage(self._options(), netcdf=self.netcdf, legacy_npy=self.legacy_npy)

    def say_costs(self, config: Config) -> None:
        from rainsmith.base.console import console

        if self._instead_of_members and self.predictors is None:
            from rainsmith import costs
            from rainsmith.run_folder import Run

            costs.say("quantiles", config, Run(self.run))
        elif self.predictors is None:
            super().say_costs(config)
        else:
            console.print("sample: what a new period takes is not known before its files are read", soft_wrap=True)

    @property
    def _instead_of_members(self) -> bool:
        """Whether quantiles, probabilities or means are written in place of members."""
        return bool(self.quantiles or self.exceedance or self.mean)

    def _write_quantiles(self) -> None:
        """Write quantiles, probabilities and means of prior members, and print the paths of their stores."""
        from rainsmith import pipeline

        self._refuse_for_quantiles()
        for store in pipeline.run_stage("quantiles", *self.open(self._options()), netcdf=self.netcdf):
            print(store)

    def _refuse_for_quantiles(self) -> None:
        """Refuse options that belong to members."""
        from rainsmith.base.errors import UserError

        refused = {
            "--mode posterior": self.mode == "posterior",
            "--shard": self.shard,
            "--to": self.to,
            "--legacy-npy": self.legacy_npy,
        }
        for option in (option for option, value in refused.items() if value):
            raise UserError(f"{option} does not go with quantiles of prior members; leave it out, or write members")

    def _options(self) -> dict[str, Any]:
        members = "quantiles.members" if self._instead_of_members else "sampling.members"
        return {
            "quantiles.levels": list(self.quantiles) or None,
            "quantiles.exceedance_mm": list(self.exceedance) or None,
            "quantiles.mean": self.mean or None,
            "sampling.modes": [self.mode] if self.mode else None,
            "sampling.splits": [self.split] if self.split else None,
            "sampling.days": days_or_set(self.days),
            members: self.members,
            "sampling.temperature": self.temperature,
            "sampling.checkpoint": self.checkpoint,
            "sampling.to": self.to,
        }

    def _draw_new_period(self, file: Path) -> Path | None:
        """Draw members for the period that a YAML file names, and return the path of their store.

        It is None where other shards have not finished.
        """
        from rainsmith.base.errors import UserError
        from rainsmith.config import load_config
        from rainsmith.quantiles.stage import quantiles_of_new_period
        from rainsmith.run_folder import Run
        from rainsmith.sample.application import apply

        if self.checkpoint is None:
            raise UserError("--predictors needs --checkpoint FILE: the statistics and the grid come from there")
        need_store = {"--split": self.split, "--days": self.days, "--mode posterior": self.mode == "posterior"}
        for option in (option for option, value in need_store.items() if value):
            raise UserError(f"{option} does not go with --predictors, a period without observations; leave it out")
        config = load_config(file, None, parse_overrides(self.set) | given(self._options()))
        self.stop_if_dry(config)
        run = Run(self.run)
        if self._instead_of_members:
            self._refuse_for_quantiles()
            out = run.quantiles / f"{file.stem}.zarr"
            return quantiles_of_new_period(config, Path(self.checkpoint), out, netcdf=self.netcdf)
        store = run.samples / f"{file.stem}.zarr"
        formats: dict[str, Any] = {"netcdf": self.netcdf, "legacy_npy": self.legacy_npy}
        return apply(config, Path(self.checkpoint), store, **formats, **self.part())
