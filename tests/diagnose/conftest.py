"""Six years of the embedded climate, whose truth is known, for the tests of diagnoses."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Config, Demo
from rainsmith.data.demo.climate import climate
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.small import small_config

DEMO = {"ny": 20, "nx": 18, "ny_lr": 5, "nx_lr": 4, "first_year": 2001, "years": 6, "seed": 7}
SPLITS = {"train": [2001, 2003], "validation": [2004, 2004], "test": [2005, 2006]}


@pytest.fixture(scope="session")
def climate_config() -> Config:
    return small_config(data__demo=DEMO, data__splits=SPLITS)


@pytest.fixture(scope="session")
def climate_store(climate_config: Config, tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """All six years; read only."""
    run = Run(tmp_path_factory.mktemp("demo"))
    prepare(climate_config, run)
    return run.open_store().load()


@pytest.fixture(scope="session")
def scored_days(climate_store: xr.Dataset) -> xr.Dataset:
    """Two years that training does not see."""
    return climate_store.isel(time=np.flatnonzero(climate_store["split"].values == 2))


@pytest.fixture(scope="session")
def true_members(climate_store: xr.Dataset) -> xr.DataArray:
    """Five members of the true climate for the test days [mm/day]."""
    weather = climate(Demo(**DEMO))
    start = np.flatnonzero(climate_store["split"].values == 2) + (
        weather.time.sizes["time"] - climate_store.sizes["time"]
    )
    return weather.truth_ensemble(start, 5, seed=3)
