"""Files as sources, how they are named, and what is looked into."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import DATA_ROOT_VARIABLE
from rainsmith.init.found_files import find_files
from rainsmith.init.look import look_into
from rainsmith.init.places import pattern_of, root_of
from rainsmith.init.sources import group
from tests.init.made import by_year, days, pressure, rain, wide


def test_folders_globs_and_paths(tmp_path: Path) -> None:
    for name in ("a.nc", "sub/b.csv", "sub/.hidden.nc", "sub/c.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "z.zarr").mkdir()
    (tmp_path / "run" / "store.zarr").mkdir(parents=True)
    (tmp_path / "run" / "config.yaml").write_text("")
    found = find_files([tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == ["a.nc", "sub/b.csv", "z.zarr"]
    assert found.passed_over == ("c.pdf",) and "c.pdf" in found.notice
    assert find_files([f"{tmp_path}/*.nc", tmp_path / "a.nc"]).paths == (tmp_path / "a.nc",)
    with pytest.raises(UserError, match="no file matches"):
        find_files([tmp_path / "none*.nc"])
    with pytest.raises(UserError, match="no file of data found"):
        find_files([tmp_path / "run"])


def test_years_are_one_source_with_a_glob_that_matches_nothing_else(tmp_path: Path) -> None:
    by_year(rain(days(last="2003-12-31")), tmp_path, "pr_{}_v1.nc")
    (source,) = group([one for path in find_files([tmp_path]).paths for one in look_into(path)])
    root = root_of(source.paths, tmp_path / "x.yaml")
    assert root.text == "." and pattern_of(source.paths, root) == "pr_*_v1.nc"
    (tmp_path / "pr_bias_v1.nc").write_text("")
    assert pattern_of(source.paths, root) == "pr_200*_v1.nc"
    (tmp_path / "pr_2009_v1.nc").write_text("")
    assert pattern_of(source.paths, root) == [f"pr_{year}_v1.nc" for year in (2001, 2002, 2003)]


def test_the_environment_variable_stays_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "data" / "a.nc"]
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(tmp_path))
    root = root_of(paths, tmp_path / "x.yaml")
    assert root.text == str(tmp_path) and pattern_of(paths, root) == "data/a.nc"
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(tmp_path / "elsewhere"))
    root = root_of(paths, tmp_path / "x.yaml")
    assert pattern_of(paths, root) == str(paths[0]) and "whole paths" in root.reason


def test_levels_in_files_of_their_own_are_sources_of_their_own(tmp_path: Path) -> None:
    time = days(last="2001-12-31")
    for level in (500, 850):
        pressure(time, *wide(), name="t").assign_coords(plev=float(level)).to_netcdf(tmp_path / f"t_{level}_2001.nc")
    pressure(time, *wide(), name="t").to_netcdf(tmp_path / "t2m_2001.nc")
    pressure(time, *wide(), name="t").to_netcdf(tmp_path / "tsoil_2001.nc")  # nothing but the name tells them apart
    sources = group([one for path in find_files([tmp_path]).paths for one in look_into(path)])
    assert [source.paths[0].name for source in sources] == [
        "t2m_2001.nc",
        "t_500_2001.nc",
        "t_850_2001.nc",
        "tsoil_2001.nc",
    ]


def test_days_that_are_there_twice_are_refused(tmp_path: Path) -> None:
    rain(days("2001-01-01", "2002-12-31")).to_netcdf(tmp_path / "pr_2001-2002.nc")
    rain(days("2002-01-01", "2003-12-31")).to_netcdf(tmp_path / "pr_2002-2003.nc")
    with pytest.raises(UserError, match="both hold 'pr' on 2002-01-01; expected each day once"):
        group([one for path in find_files([tmp_path]).paths for one in look_into(path)])


def test_what_a_file_holds(tmp_path: Path) -> None:
    time = days(last="2001-03-31", hour=12)
    values = pressure(time, *wide()).expand_dims(plev=[500.0, 850.0]).transpose("time", "plev", "lat", "lon")
    ds = values.to_dataset(name="z").assign(
        orog=(("lat", "lon"), np.ones((values.sizes["lat"], values.sizes["lon"]))),
        date=(("time",), np.arange(time.size)),
        time_bnds=(("time", "bnds"), np.stack([time.values, time.values + np.timedelta64(1, "D")], axis=1)),
    )
    ds["time"].attrs["bounds"] = "time_bnds"
    for name in ("time", "time_bnds"):
        ds[name].encoding["units"] = "hours since 2001-01-01"
    ds.to_netcdf(tmp_path / "x.nc")
    z, orography = look_into(tmp_path / "x.nc")
    assert (z.name, z.levels, z.hour, z.days.size) == ("z", {"plev": [500.0, 850.0]}, "12:00", 90)
    assert z.grid is not None and z.grid.shape == (8, 8) and not z.is_map and not z.problem
    assert (orography.name, orography.is_map) == ("orog", True)
    (tmp_path / "index.csv").write_text("date,nao\n2001-01-01,0.5\n2001-01-02,-1\n")
    (column,) = look_into(tmp_path / "index.csv")
    assert (column.kind, column.name, column.days.tolist()) == ("column", "nao", [20010101, 20010102])
    xr.Dataset({"t": (("time", "city"), np.ones((90, 2)))}, {"time": time.values}).to_netcdf(tmp_path / "s.nc")
    (series,) = look_into(tmp_path / "s.nc")
    assert (series.kind, series.levels) == ("series", {"city": [0, 1]})
