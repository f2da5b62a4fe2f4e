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
    assert "TODO: 'msl' fits the rain clearly better on the day after (correlation -0." in text
    assert "Set is [0, 1]; the alternatives are day_offsets: [0] or day_offsets: [1], in an entry of its own" in text
    pressure(TIME, *wide()).to_netcdf(tmp_path / "psl.nc")
    data, text = data_of(tmp_path)
    assert "day_offsets" not in data["predictors"][0] and "TODO" not in text


def test_each_variable_whose_days_are_open_is_named_with_the_alternatives(tmp_path: Path) -> None:
    rain(TIME).to_netcdf(tmp_path / "pr.nc")
    file = xr.Dataset({"msl": pressure(TIME, *wide())})
    rng = np.random.default_rng(10)
    for name in ("a", "b", "c"):  # whose days are shifted, and which know so little that the days of msl are chosen
        values = np.roll(file["msl"].values, 1, axis=0) + rng.normal(0, 1500, size=(TIME.size, 1, 1))
        file[name] = file["msl"].copy(data=values)
    tp = rain(TIME, shape=(6, 7), step=0.4, sea=False, name="tp_x", units="m", factor=1e-3)
    file.to_netcdf(tmp_path / "weather.nc")
    tp.assign_coords(lat=tp["lat"] - 0.4, lon=tp["lon"] - 0.4).to_netcdf(tmp_path / "tp.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"][0] == {"files": "tp.nc", "variable": "tp_x", "rain": True}
    assert "coarse rain by its name, its unit 'm' and its values: its mean is 1" in text
    opened = {name: f"TODO: '{name}' fits the rain clearly better on the day after" in text for name in ("msl", *"abc")}
    assert opened == {"msl": False, "a": True, "b": True, "c": True}
    assert text.count("Set is [0]; the alternatives are day_offsets: [1], in an entry of its own") == 3


def test_what_is_called_rain_and_does_not_go_with_it_is_a_plain_predictor(tmp_path: Path) -> None:
    rain(TIME).to_netcdf(tmp_path / "pr.nc")
    other = rain(TIME, shape=(6, 7), step=0.4, sea=False, name="tp_x", units="m", factor=1e-3)
    other = other.assign_coords(lat=other["lat"] - 0.4, lon=other["lon"] - 0.4)
    other.copy(data=np.roll(other.values, 300, axis=0)).to_netcdf(tmp_path / "tp.nc")
    data, text = data_of(tmp_path)
    assert "rain" not in data["predictors"][0] and "no coarse rain in spite of its name: its mean is 1" in text
    (0.1 * other).assign_attrs(units="m").rename("tp").to_netcdf(tmp_path / "tp.nc")
    data, text = data_of(tmp_path)
    assert data["predictors"][0]["rain"] and "TODO: 'tp' is taken as coarse rain, but its mean is" in text


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
