"""The stage: every kind of data ends in a checked store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.registry import Registry
from rainsmith.config import Data, load_config
from rainsmith.data.checks import INPUT_CHECKS, InputCheck, Outcome, registry
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, pressure, rain


def test_the_stage_returns_the_path_of_the_store_and_prints_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rain().to_netcdf(tmp_path / "rain.nc")
    run = Run(tmp_path / "run")
    path = prepare(config(tmp_path), run)
    assert path == run.store and (path / "zarr.json").exists()
    assert (run.folder / "config.yaml").exists()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("prepare: 60 days (0 dropped for lack of a lag or predictor, ")
    assert lines[0].endswith("suspect values (mask), 0 tiny negatives set to 0")


@pytest.mark.parametrize(("second", "warned"), [("2002-01-01", True), ("2001-12-01", False)])
def test_splits_that_divide_a_winter_are_warned_about(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], second: str, warned: bool
) -> None:
    rain("2000-12-01", days=3 * 365).to_netcdf(tmp_path / "rain.nc")
    before = str(np.datetime64(second) - np.timedelta64(1, "D"))
    splits = {
        "train": [["2000-12-01", before]],
        "validation": [[second, "2002-11-30"]],
        "test": [["2002-12-01", "2003-12-31"]],
    }
    prepare(config(tmp_path, splits=splits, months=[12, 1, 2]), Run(tmp_path / "run"))
    said = capfd.readouterr().err
    assert ("WARNING: data.splits divide a season that goes on over New Year: 2001/02 between" in said) == warned
    assert said.count("prepare: ") == 1 + warned


def test_what_was_assumed_is_printed_before_a_refusal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It may be the reason: here the stamps are a day late, and are moved back by their bounds."""
    late = mapped(rain())
    stamps = late["time"].values
    late["time_bnds"] = (("time", "bnds"), np.stack([stamps - np.timedelta64(1, "D"), stamps], axis=1))
    late["time"].attrs["bounds"] = "time_bnds"
    late["time"].encoding["units"] = "hours since 2000-01-01"
    late.to_netcdf(tmp_path / "rain.nc")
    pressure(days=30).to_netcdf(tmp_path / "msl.nc")
    with pytest.raises(UserError, match=r"of 60 days .* 'msl_day0' lacks"):
        prepare(config(tmp_path, predictors=[{"files": "msl.nc", "variable": "msl"}]), Run(tmp_path / "run"))
    assert "prepare: 'pr' has days of the middle of the time bounds" in capfd.readouterr().err


def test_legacy_rain_is_checked_too(tmp_path: Path) -> None:
    """Rain beyond any record is refused whatever files it comes from."""
    precip = np.zeros((30, 3, 4), dtype=np.float32)
    precip[:, 1, 1] = np.linspace(0, 2500, 30)
    np.save(tmp_path / "obs_train_mean_std_single.npy", np.log1p(precip))
    np.save(tmp_path / "predictors_train_mean_std_separate.npy", np.zeros((30, 2, 2, 1), dtype=np.float32))
    np.save(tmp_path / "mean.npy", np.zeros((3, 4)))
    np.save(tmp_path / "std.npy", np.ones((3, 4)))
    spans = {"train": [["2001-01-01", "2001-01-20"]], "validation": [["2001-01-21", "2001-01-25"]]}
    config = load_config(
        overrides={
            "data.kind": "legacy-arrays",
            "data.root": str(tmp_path),
            "data.legacy": {"start_date": "2001-01-01", "mean": "mean.npy", "std": "std.npy"},
            "data.splits": {**spans, "test": [["2001-01-26", "2001-01-30"]]},
        }
    )
    with pytest.raises(UserError, match="above 2000"):
        prepare(config, Run(tmp_path / "run"))


def count_missing(da: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """A check of the test: how many values are missing, and whether the target was given."""
    with_target = "" if target is None else " beside the target"
    return Outcome(da, {"missing": int(da.isnull().sum())}, f"{da.name} checked{with_target}")


def test_a_new_check_sees_target_predictors_and_maps_and_its_counts_end_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checks: Registry[InputCheck] = Registry("check of input data", "rainsmith.data.checks")
    for check in INPUT_CHECKS:
        checks.add(check)
    checks._complete = True
    kinds = ("target", "predictor", "static")
    checks.add(InputCheck("missing", 1, "missing values", "Missing values are counted.", kinds, "read", count_missing))
    monkeypatch.setattr(registry, "INPUT_CHECKS", checks)
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    msl = pressure()
    msl.values[3, 0, :2] = np.nan
    msl.to_netcdf(tmp_path / "msl.nc")
    rain(days=1, name="height")[0].drop_vars("time").to_netcdf(tmp_path / "height.nc")
    run = Run(tmp_path / "run")
    prepare(
        config(tmp_path, predictors=[{"files": "msl.nc", "variable": "msl"}], statics=[{"files": "height.nc"}]), run
    )
    attrs = run.open_store().attrs
    assert (attrs["missing"], attrs["missing_msl"], attrs["missing_height"]) == (60 * 7, 2, 7)
    assert "pr checked, " in (line := capfd.readouterr().err) and "msl checked beside the target, " in line


def test_a_refusal_comes_without_counts_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UserError, match="no file matches"):
        prepare(config(tmp_path, predictors=[{"files": "none.nc"}]), Run(tmp_path / "run"))
    assert capsys.readouterr().err == ""
