"""Days of the predictors and coarse rain, told by values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import read_yaml
from rainsmith.init.questions import nobody
from rainsmith.init.stage import init
from tests.init.made import days, pressure, rain, wide

TIME = days(last="2003-12-31")


def data_of(folder: Path) -> tuple[dict[str, Any], str]:
    out = init([folder], folder / "x.yaml", ask=nobody, force=True)
    return read_yaml(out)["data"], " ".join(out.read_text().replace("#", " ").split())


def later(da: xr.DataArray, by: int) -> xr.DataArray:
    return da.assign_coords(time=da["time"] + np.timedelta64(by, "D"))


def test_days_of_a_shifted_file_are_doubted(tmp_path: Path) -> None:
    rain(TIME).to_netcdf(tmp_path / "pr.nc")
    later(pressure(TIME, *wide()), 1).to_netcdf(tmp_path / "psl.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"][0]["day_offsets"] == [0, 1]
    assert "TODO: the day after explains" in text and "may be shifted by one" in text
    pressure(TIME, *wide()).to_netcdf(tmp_path / "psl.nc")
    data, text = data_of(tmp_path)
    assert "day_offsets" not in data["predictors"][0] and "TODO" not in text


def test_a_rain_day_that_runs_into_the_next_takes_both_days(tmp_path: Path) -> None:
    morning = 0.6 * rain(TIME) + 0.4 * rain(TIME, lag=1)
    morning.assign_attrs(units="mm").to_netcdf(tmp_path / "pr.nc")
    pressure(TIME, *wide()).to_netcdf(tmp_path / "psl.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"][0]["day_offsets"] == [0, 1] and "TODO" not in text
    assert "the rain day seems to run into the next calendar day" in text


@pytest.mark.parametrize(("by", "expected"), [(0, {}), (1, {"day_offsets": [1]})])
def test_a_field_in_mm_that_goes_with_the_rain_is_coarse_rain(
    tmp_path: Path, by: int, expected: dict[str, Any]
) -> None:
    rain(TIME).to_netcdf(tmp_path / "pr.nc")
    field = rain(TIME, shape=(6, 7), step=0.4, sea=False, name="forcing")
    field = field.assign_coords(lat=field["lat"] - 0.4, lon=field["lon"] - 0.4)
    later(field, by).to_netcdf(tmp_path / "x.nc")
    data, text = data_of(tmp_path)
    rain_flag = {} if by else {"rain": True}
    assert data["predictors"] == [{"files": "x.nc", "variable": "forcing", **expected, **rain_flag}]
    assert ("may be shifted by one" in text) == bool(by)


def test_rain_that_is_the_target_itself_on_wider_cells_is_said_to_be_perfect(tmp_path: Path) -> None:
    fine = rain(TIME, sea=False)
    fine.to_netcdf(tmp_path / "pr.nc")
    fine.coarsen(lat=2, lon=2).mean().rename("rr").assign_attrs(units="mm").to_netcdf(tmp_path / "rr.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"] == [{"files": "rr.nc", "variable": "rr", "rain": True}]
    assert "may have been made of it; results are then super-resolution with a perfect coarse input" in text
