"""Quantiles in place of members: their files, their scores, and that they are those of the members."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith import pipeline
from rainsmith.base.dims import in_split
from rainsmith.cli.main import main
from rainsmith.run_folder import Run
from rainsmith.sample import application
from rainsmith.sample.model import load_model
from tests.conftest import copy_of
from tests.small import small_config

LEVELS = [0.1, 0.5, 0.9]


def opened(run: Run) -> xr.Dataset:
    return xr.open_zarr(next(run.quantiles.glob("*-prior-test.zarr")), consolidated=False).load()


def test_quantiles_as_they_are_are_those_of_the_members_that_sample_draws(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    asked = {"levels": LEVELS, "exceedance_mm": [1.0], "mean": True, "members": 30, "calibrate": False}
    config = small_config(**{f"quantiles__{key}": value for key, value in asked.items()}, sampling__seed=3)
    pipeline.run_stage("quantiles", config, run)
    days = in_split(run.open_store(), "test")
    members = load_model(run.checkpoints / "best_prior", device="cpu").sample(days["predictors"], members=30, seed=3)
    found = opened(run)
    expected = np.quantile(members.values, LEVELS[:2], axis=1, method="weibull").swapaxes(0, 1)
    np.testing.assert_allclose(found["quantiles"].values[:, :2], expected, atol=1e-3)
    np.testing.assert_allclose(found["mean"], members.mean("member"), atol=1e-3)
    share = (members > 1.0).mean("member").where(found["mean"].notnull())
    assert float(np.abs(found["exceedance"].isel(threshold=0) - share).max()) < 0.1  # between the two nearest members
    assert found["quantiles"].attrs["units"] == "mm/day" and found["exceedance"].attrs["units"] == "1"
    assert found.attrs["calibration"] == "none" and found.attrs["members"] == 30


def test_calibrated_quantiles_are_scored_beside_the_climatology_and_not_drawn_twice(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(trained, tmp_path / "run")
    command = ["sample", "--run", str(run.folder), "--quantiles", "0.5", "0.9", "--members", "12"]
    command += ["--set", "evaluate.resamples=50", "quantiles.calibration_days=20"]
    main(command)
    assert "observed above p50" in " ".join(capsys.readouterr().err.split())
    table = pd.read_csv(run.evaluation / "members-quantiles-test.csv")
    assert set(table["model"]) == {"members-quantiles", "climatology"}
    assert {"pinball_p50", "exceeded_p90", "quantile_crps"} <= set(table["metric"])
    calibration = next(run.quantiles.glob("*-calibration-12.json"))
    first = calibration.stat().st_mtime_ns
    main([*command, "--exceedance", "20"])
    assert calibration.stat().st_mtime_ns == first
    assert opened(run)["threshold"].values.tolist() == [20.0]


def test_options_of_members_are_refused(trained: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for options, message in (
        (["0.5", "--shard", "1/2"], "--shard does not go with quantiles"),
        (["0.9", "0.5"], "expected rising values"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["sample", "--run", str(trained.folder), "--quantiles", *options])
        assert message in " ".join(capsys.readouterr().err.split())


def test_memory_of_large_grids_does_not_grow_with_members(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn a few at a time, the distributions are those of all members at once."""
    from rainsmith.data.dataset import Days
    from rainsmith.models import checkpoint as checkpoints
    from rainsmith.quantiles import drawing
    from rainsmith.sample.sampler import Sampler

    loaded = checkpoints.load(trained.checkpoints / "best_prior")
    sampler = Sampler(loaded, small_config().sampling, "cpu")
    batch = Days(in_split(trained.open_store(), "test").isel(time=slice(0, 3))).batch(np.arange(3))
    whole = [found.ordered for found in drawing.distributions(sampler, batch.x, batch.days, 9)]
    monkeypatch.setattr(drawing, "AT_ONCE", 2 * sampler.mask.numel())
    parts = [found.ordered for found in drawing.distributions(sampler, batch.x, batch.days, 9)]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_new_period_is_calibrated_where_its_checkpoint_is(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, file = copy_of(trained, tmp_path / "run"), tmp_path / "later.yaml"
    days = in_split(run.open_store(), "test").isel(time=slice(0, 4)).load()
    monkeypatch.setattr(application, "prepare_predictors", lambda config, domain, log: days[["predictors"]])
    file.write_text("data: {kind: gridded, predictors: [{files: none.nc}]}")
    command = ["sample", "--run", str(tmp_path / "new"), "--predictors", str(file), "--members", "12"]
    command += ["--checkpoint", str(run.checkpoints / "best_prior.safetensors"), "--quantiles", "0.5", "0.9"]
    main(command)
    assert "no calibration of best_prior with 12 members" in " ".join(capsys.readouterr().err.split())
    few = ["--set", "evaluate.resamples=50"]
    main(["sample", "--run", str(run.folder), "--members", "12", "--quantiles", "0.5", "0.9", *few])
    main(command)
    assert "no calibration" not in capsys.readouterr().err
    with xr.open_zarr(tmp_path / "new" / "quantiles" / "later.zarr", consolidated=False) as later:
        np.testing.assert_array_equal(later["quantiles"], opened(run)["quantiles"].isel(time=slice(0, 4)))
        assert later.attrs["calibration"] == opened(run).attrs["calibration"] != "none"
