"""The data sets of the comparison: two of the project's configurations and the made climates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from climates import scored_days
from made_climates import REGIONS, Region, configuration, write_files

from rainsmith import api
from rainsmith.base.dims import SPLITS, in_split
from rainsmith.baselines.registry import forecast
from rainsmith.config import load_config
from rainsmith.run_folder import Run
from rainsmith.train.recipe import settled
from rival_models.model import Problem

CONFIGS = Path(__file__).parents[2] / "configs"
BY_NAME = {region.name: region for region in REGIONS}
ANALOGS = ("analogs", "scaled-analogs", "tuned-analogs")
NAMES = ("uk", "balearic", *BY_NAME)


@dataclass(frozen=True)
class Case:
    """One data set, prepared.

    Attributes:
        name: of the configuration or of the made climate.
        run: its folder, with the store.
        problem: what the rivals are given.
        region: the made climate, or None.
    """

    name: str
    run: Run
    problem: Problem
    region: Region | None

    def scored(self, split: str, every: int = 1) -> Scored:
        """The days that a split stands for: of a made climate those of its validation or test years."""
        store, label = self.problem.store, split
        if self.region is None:
            keep = np.isin(store["split"].values, [SPLITS.index("train"), SPLITS.index(split)])
            store = store.isel(time=np.flatnonzero(keep))
        else:
            store, label = scored_days(store, self.region.spans[split]), "test"
        places = np.flatnonzero(store["split"].values == SPLITS.index(label))
        left_out = np.setdiff1d(places, places[::every])
        return Scored(self, store.drop_isel(time=left_out), label)


@dataclass(frozen=True)
class Scored:
    """Scored days and the training days, as ``rainsmith.baselines`` takes them.

    Attributes:
        case: the data set.
        store: training and scored days.
        label: the split of the store that the scored days have.
    """

    case: Case
    store: xr.Dataset
    label: str

    @property
    def days(self) -> xr.Dataset:
        """The scored days alone."""
        return in_split(self.store, self.label).load()

    def analogs(self, name: str, members: int, seed: int) -> xr.DataArray:
        """Members (time, member, y, x) [mm/day] of one kind of analogs.

        Raises:
            NotApplicable: the data lack what it needs.
        """
        return forecast(name, self.store, self.label, members, seed=seed)

    def truth(self, members: int) -> xr.DataArray:
        """True members (time, member, y, x) [mm/day] of a made climate."""
        assert self.case.region is not None, "observed data have no true members"
        climate, days = self.case.region.climate(), self.days
        numbers = np.flatnonzero(climate.time.isin(days["time"]).values)
        return climate.truth_ensemble(numbers, members).assign_coords(time=days["time"])


def prepared(name: str, runs: Path, seed: int = 0) -> Case:
    """A data set by name, prepared in its folder where that is not done yet."""
    run, region = Run(runs / name), BY_NAME.get(name)
    if region is None:
        config = load_config(CONFIGS / f"{name}.yaml", overrides={"seed": seed})
    else:
        config = configuration(region, run.folder / "data", {"seed": seed})
    if not run.store.exists():
        if region is not None:
            write_files(region, run.folder / "data")
        api.prepare(config, run.folder)
    config, _ = settled(config, run.open_store())
    return Case(name, run, Problem(config, run.open_store().load()), region)
