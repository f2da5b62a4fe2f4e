"""Static maps that fit the target, and those that do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rainsmith.config import read_yaml
from rainsmith.init.questions import nobody
from rainsmith.init.stage import init
from tests.init.made import days, field, rain, wide

TIME = days(last="2003-12-31")


def test_maps_that_fit_are_used_and_others_say_why(tmp_path: Path) -> None:
    da = rain(TIME)
    da.to_netcdf(tmp_path / "pr.nc")
    height = np.random.default_rng(0).gamma(2.0, 300.0, size=(12, 14))
    one_day = field(height[None], TIME[:1], da["lat"].values, da["lon"].values, "orog", {"units": "m"})
    one_day.to_netcdf(tmp_path / "orog.nc")  # with a single time, as reanalyses have it
    one_day.isel(time=0, drop=True).rename("areacella").to_netcdf(tmp_path / "area.nc")
    holes = one_day.isel(time=0, drop=True).rename("slope")
    holes[6:] = np.nan
    holes.to_netcdf(tmp_path / "slope.nc")
    lat, lon = wide(0.5)
    field(np.ones((1, lat.size, lon.size)), TIME[:1], lat, lon, "lsm", {}).to_netcdf(tmp_path / "lsm.nc")
    out = init([tmp_path], tmp_path / "x.yaml", ask=nobody)
    assert read_yaml(out)["data"]["statics"] == [
        {"files": "orog.nc", "variable": "orog"},
        {"derive": "distance_to_coast"},
    ]
    text = " ".join(out.read_text().replace("#", " ").split())
    assert "'lsm' of lsm.nc: its cells are" in text and "'areacella' of area.nc: it tells of" in text
    assert "'slope' of slope.nc: " in text and "TODO" not in text
