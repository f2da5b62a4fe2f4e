"""From files to a configuration that prepares: the demo under other names, seasons, grids, calendars and open choices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Config, load_config, parse, read_yaml
from rainsmith.init.questions import Question, nobody
from rainsmith.init.stage import init
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.init.demo_files import write_demo
from tests.init.made import by_year, days, in_months, pressure, rain, wide


def proposal(folder: Path, ask: Any = nobody) -> tuple[Config, dict[str, Any], str]:
    """The configuration of the files in a folder: checked, as plain values, and its words with those of the comments."""
    out = init([folder], folder.parent / "made.yaml", ask=ask)
    text = out.read_text(encoding="utf-8")
    return load_config(out), read_yaml(out)["data"], " ".join(text.replace("#", " ").split())


def prepared(config: Config, folder: Path) -> xr.Dataset:
    run = Run(folder / "run")
    prepare(config, run)
    return run.open_store().load()


def test_the_demo_under_other_names_gives_the_store_of_a_configuration_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    raw = write_demo(folder)
    config, data, text = proposal(folder)
    by_hand = {
        "kind": "gridded",
        "root": str(folder),
        "target": {"files": "obs/gauges_v2_*.nc", "variable": "rr_day"},
        "predictors": [
            {"files": "reanalysis.nc", "variable": "TOT_PREC", "rain": True},
            {"files": "reanalysis.nc", "variable": ["HUS850", "U850", "V850", "T850", "PMSL"]},
        ],
        "season": True,
        "statics": [{"files": "invariant.nc", "variable": "HSURF"}, {"derive": "distance_to_coast"}],
        "splits": {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]},
    }
    assert {**data, "root": str(folder)} == by_hand and data["root"] == "data"
    assert "Next: rainsmith inspect made.yaml --run runs/made Then: rainsmith run --config made.yaml" in text
    assert config.data == parse({"data": by_hand}).data
    assert "TODO" not in text and "Not used:" in text and "'FR_LAND' of invariant.nc: it is 1 everywhere" in text
    store = prepared(config, tmp_path)
    north_to_south = raw.precip.values[:, ::-1]
    np.testing.assert_allclose(store["precip"].values, north_to_south, rtol=1e-4, atol=1e-4)
    assert store.attrs["coarse_rain_channel"] == "TOT_PREC_day0" and store.sizes["y_lr"] == 5


def test_winters_on_three_grids(tmp_path: Path) -> None:
    time = in_months(days("1999-12-01", "2009-02-28"), [12, 1, 2])
    folder = tmp_path / "data"
    by_year(rain(time, name="rr", units="m/day", factor=1e-3), folder, "rr_{}.nc")
    pressure(time, *wide(2.5, 10)).to_netcdf(folder / "psl.nc")
    coarse = rain(time, shape=(9, 9), step=0.5, sea=False, name="tp")
    coarse.assign_coords(lat=coarse["lat"] - 1.5, lon=coarse["lon"] - 1.5).to_netcdf(folder / "tp.nc")
    config, data, text = proposal(folder)
    assert data["splits"] == {
        "train": [["1999-12-01", "2005-11-30"]],
        "validation": [["2005-12-01", "2007-11-30"]],
        "test": [["2007-12-01", "2009-11-30"]],
    }
    assert data["coarse_grid"] == "tp.nc" and data["season"] is False and "period" not in data
    assert "predictors lie on 2 grids" in text and "no season is divided" in text
    store = prepared(config, tmp_path)
    assert (store.sizes["y_lr"], store.sizes["x_lr"]) == (9, 9)
    assert set(np.unique(store["split"].values)) == {0, 1, 2}


def test_a_global_grid_is_cut_around_the_target_into_a_file(tmp_path: Path) -> None:
    folder, time = tmp_path / "data", days(last="2003-12-31", calendar="noleap")
    by_year(rain(time, falling=True), folder, "pr_{}.nc")
    pressure(time, np.arange(-90, 90.1, 2.5), np.arange(0, 360, 5.0)).to_netcdf(folder / "psl.nc")
    config, data, _ = proposal(folder)
    grid = Path(data["coarse_grid"])
    assert grid == (tmp_path / "made-grid.nc").absolute()
    store = prepared(config, tmp_path)
    assert store.sizes["x_lr"] < 20 and store["time"].dt.calendar == "noleap"
    longitudes = store["longitude_lr"].values
    assert longitudes.min() < 0 < 7 < longitudes.max()  # Greenwich lies within
    again = init([folder, grid], tmp_path / "made.yaml", force=True)
    assert read_yaml(again)["data"] == data
    again.unlink()
    with pytest.raises(UserError, match=r"made-grid\.nc exists"):
        init([folder], tmp_path / "made.yaml")
    assert not (tmp_path / "made.yaml").exists()


def test_without_predictors_the_input_is_made_of_the_target(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    by_year(rain(days(last="2003-12-31"), shape=(21, 24), name="precip"), folder, "x{}.nc")
    config, data, text = proposal(folder)
    assert data["predictors"] == [{"from": "target", "coarsen": 4, "lags": [-1, 0, 1], "min_valid_cells": 1}]
    assert (
        data["fit"] == "pad" and "padded to 24 x 24" in text and "perfect coarse input" in text and "TODO" not in text
    )
    assert prepared(config, tmp_path).sizes["channel"] == 5


def test_what_cannot_be_used_is_named_and_left_open(tmp_path: Path) -> None:
    folder, time = tmp_path / "data", days(last="2003-12-31")
    by_year(rain(time), folder, "pr_{}.nc")
    hours = xr.DataArray(xr.date_range("2001-01-01", "2001-02-01", freq="6h"), dims="time")
    pressure(hours, *wide()).to_netcdf(folder / "hourly.nc")
    pressure(time, np.arange(-30.0, -20.0), np.arange(100.0, 110.0), name="t").to_netcdf(folder / "far.nc")
    rain(time, name="n_stations", units="1").to_netcdf(folder / "count.nc")
    (folder / "notes.txt").write_text("read me\n")
    (folder / "picture.png").write_text("")
    _, data, text = proposal(folder)
    assert data["predictors"][0]["from"] == "target"
    for said in ("one value every 6 hours", "'t' covers 0%", "it tells of errors, counts", "notes.txt holds no table"):
        assert said in text
    assert "1 choice is open" in text and "TODO: the reasons below 'Not used'" in text


def test_a_question_is_asked_or_left_open(tmp_path: Path) -> None:
    folder, time = tmp_path / "data", days(last="2003-12-31")
    folder.mkdir()
    rain(time, units=None, name="pr").to_netcdf(folder / "a.nc")
    rain(time, units=None, factor=0.3, name="rr").to_netcdf(folder / "b.nc")
    pressure(time, *wide()).to_netcdf(folder / "psl.nc")
    _, data, text = proposal(folder)
    assert data["target"] == {"files": "a.nc", "variable": "pr", "units": "mm/day"}
    assert (
        "2 choices are open" in text
        and "TODO: What is the unit of 'pr'? The most likely" in text
        and "TODO: Which of these is the precipitation" in text
    )
    asked: list[str] = []

    def second(question: Question) -> int:
        asked.append(question.text)
        return 1

    out = init([folder], tmp_path / "asked.yaml", ask=second)
    chosen = read_yaml(out)["data"]["target"]
    assert asked == ["Which of these is the precipitation that is to be modelled?", "What is the unit of 'rr'?"]
    assert chosen["variable"] == "rr" and chosen["units"] == "mm h-1"
    assert "TODO" not in out.read_text() and "chosen when it was asked" in out.read_text()


def test_no_file_is_overwritten_without_force(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    by_year(rain(days(last="2003-12-31")), folder, "pr_{}.nc")
    out = tmp_path / "mine.yaml"
    out.write_text("mine")
    with pytest.raises(UserError, match=r"mine\.yaml exists; give another name with -o, or --force"):
        init([folder], out, ask=nobody)
    assert out.read_text() == "mine"
    init([folder], out, ask=nobody, force=True)
    assert "rainsmith init" in out.read_text()


def test_files_without_daily_rain_are_refused_in_one_line(tmp_path: Path) -> None:
    pressure(days(last="2001-12-31"), *wide()).to_netcdf(tmp_path / "psl.nc")
    with pytest.raises(UserError, match="found no daily precipitation on a grid; the files hold msl; give a file"):
        init([tmp_path / "psl.nc"], tmp_path / "x.yaml", ask=nobody)
    with pytest.raises(UserError, match="no files are given"):
        init([], tmp_path / "x.yaml")


def test_rain_beyond_all_measure_leaves_the_unit_open(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    by_year(rain(days(last="2003-12-31"), factor=1e-3), folder, "pr_{}.nc")  # metres that say mm
    _, data, text = proposal(folder)
    assert data["target"]["units"] == "m" and "TODO: 'pr' says 'mm', so that its mean would be 0.003" in text


def test_predictors_without_leap_days_are_matched_by_date_and_the_day_that_they_lack_is_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rain(days(last="2004-12-31")).to_netcdf(folder / "pr.nc")
    pressure(days(last="2004-12-31", calendar="noleap"), *wide()).to_netcdf(folder / "msl.nc")
    config, data, text = proposal(folder)
    assert data["predictors"] == [{"files": "msl.nc", "variable": "msl"}] and "calendar noleap" in text
    store = prepared(config, tmp_path)
    assert store.sizes["time"] == 1460 and store.attrs["days_dropped"] == 1
    assert "dropped: 2004-02-29" in store.attrs["prepare_said"]
