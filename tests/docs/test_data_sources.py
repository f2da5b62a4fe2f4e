"""The section of docs/data.md on predictors without a grid, levels and masks: its example works as it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import xarray as xr
import yaml

from rainsmith.data.checks import CheckLog
from rainsmith.data.sources.tables import SUFFIXES
from rainsmith.prepare.gridded import read_gridded
from tests.data.made import config, fine_map, mapped, pressure, rain

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
SECTION = PAGE.split("## Predictors without a grid, levels and masks")[1].split("\n## ")[0]


def test_the_example_gives_the_channels_that_the_page_names(tmp_path: Path) -> None:
    example = yaml.safe_load(SECTION.split("```yaml")[1].split("```")[0])
    named = re.findall(r"`([^`]+)`", SECTION.split("The channels of this example are ")[1].split("\n")[0])
    time = rain(days=61)["time"]
    days = [str(day)[:10] for day in time.values]
    rows = [f"{day},{i % 7}.5,{i % 5}.5,{'W' if i % 3 else 'NW'}" for i, day in enumerate(days)]
    (tmp_path / "indices.csv").write_text("\n".join(["date,nao,westerly,weather_type", *rows]))
    cities = {"time": time, "city": ["london", "brest", "paris"]}
    xr.DataArray(np.ones((61, 3)), cities, ("time", "city"), name="t2m").to_netcdf(tmp_path / "stations.nc")
    levels = xr.Variable("plev", [50000.0, 70000.0, 85000.0])
    xr.concat([pressure()] * 3, levels).rename("z").to_netcdf(tmp_path / "z.nc")
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    (fine_map() >= 0).rename("basin").astype("f4").to_netcdf(tmp_path / "basin.nc")
    example["mask"]["box"] = [0, 40, 4, 43]  # the made-up rain lies elsewhere
    settings = config(tmp_path, season=False, **example).data
    raw, _ = read_gridded(settings, CheckLog())
    assert sorted(raw.predictors["channel"].values) == sorted(named)


def test_the_page_names_the_endings_of_tables() -> None:
    row = next(line for line in SECTION.splitlines() if line.startswith("| a table"))
    assert set(re.findall(r"`(\.\w+)`", row)) == SUFFIXES
