"""How files are named below the root of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.config import DATA_ROOT_VARIABLE
from rainsmith.init.found_files import find_files
from rainsmith.init.look import look_into
from rainsmith.init.places import pattern_of, root_of
from rainsmith.init.sources import group
from tests.init.made import by_year, days, rain


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


def test_files_of_a_bucket_are_named_below_its_url(bucket: Path, tmp_path: Path) -> None:
    (bucket / "era").mkdir()
    for name in ("era/rain_1.nc", "era/rain_2.nc", "msl.nc"):
        (bucket / name).touch()
    rain = list(find_files(["s3://data/era/rain_*.nc"]).paths)
    others = list(find_files(["s3://data/msl.nc"]).paths)
    root = root_of([*rain, *others], tmp_path / "my.yaml")
    assert root.text == "s3://data"
    assert (pattern_of(rain, root), pattern_of(others, root)) == ("era/rain_*.nc", "msl.nc")
    (bucket / "era" / "rain_x.nc").touch()  # of which nobody spoke
    assert pattern_of(rain, root) == "era/rain_[0-9]*.nc"
    (tmp_path / "local.nc").touch()
    both = root_of([*rain, tmp_path / "local.nc"], tmp_path / "my.yaml")
    assert both.text == "/"
    assert pattern_of(rain, both) == "s3://data/era/rain_[0-9]*.nc"
    assert pattern_of([tmp_path / "local.nc"], both) == str(tmp_path / "local.nc")
