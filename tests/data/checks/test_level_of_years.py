"""Years in another unit than their file says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Data
from rainsmith.data.checks.level_of_years import warn_of_years
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, pressure, rain

DAYS = 3 * 365
SPLITS = {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]}


def temperature() -> xr.DataArray:
    field = pressure(days=DAYS) * 0
    rng = np.random.default_rng(0)
    season = 8 * np.sin(2 * np.pi * np.arange(DAYS) / 365)
    return field.copy(data=field.values + (10 + season + rng.normal(0, 3, DAYS))[:, None, None]).rename("t2m")


def changed(field: xr.DataArray, factor: float = 1.0, offset: float = 0.0) -> xr.DataArray:
    """The same with 2002 in another unit."""
    return field.where(field["time"].dt.year != 2002, field * factor + offset).rename(field.name)


@pytest.mark.parametrize("factor", [0.001, 0.1, 24.0, 25.4, 86400.0])
def test_a_year_of_rain_in_another_unit_is_found(factor: float) -> None:
    made = warn_of_years(changed(rain(days=DAYS), factor), Data())
    assert made.attributes == {"years_apart": "2002"} and "WARNING: the mean of 'pr' in 2002 (" in made.warning


@pytest.mark.parametrize(("field", "factor", "offset"), [(pressure(days=DAYS), 0.01, 0), (temperature(), 1, 273.15)])
def test_a_year_of_a_state_in_another_unit_is_found(field: xr.DataArray, factor: float, offset: float) -> None:
    assert warn_of_years(changed(field, factor, offset), Data()).attributes == {"years_apart": "2002"}


@pytest.mark.parametrize("field", [rain(days=DAYS), pressure(days=DAYS), temperature(), rain(days=DAYS) * 0 + 1])
def test_years_alike_are_left_alone(field: xr.DataArray) -> None:
    assert not warn_of_years(field, Data()).warning
    assert not warn_of_years(changed(field, 3.0) if field.name == "pr" else field, Data()).warning


def test_prepare_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapped(rain(days=DAYS)).to_netcdf(tmp_path / "rain.nc")
    changed(pressure(days=DAYS), 0.01).assign_attrs(units="Pa").to_netcdf(tmp_path / "msl.nc")
    prepare(config(tmp_path, splits=SPLITS, predictors=[{"files": "msl.nc"}]), Run(tmp_path / "run"))
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("prepare: WARNING: the mean of 'msl' in 2002 (104") for line in lines)
