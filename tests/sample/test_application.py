"""Members for a period without observations: those of the same days with observations, and a word on the range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.sample import application
from rainsmith.sample.application import apply, outside_training_range
from rainsmith.sample.model import load_model
from tests.small import small_config


def test_members_are_those_of_the_same_days_with_observations(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    days = in_split(trained.open_store(), "test").isel(time=slice(0, 3)).load()
    predictors = days[["predictors"]].drop_vars("precip", errors="ignore")

    def read(config: Config, domain: xr.Dataset) -> xr.Dataset:
        return predictors

    monkeypatch.setattr(application, "prepare_predictors", read)
    config = small_config(sampling__members=2, sampling__seed=6)
    weights = trained.checkpoints / "best_prior.safetensors"
    out = apply(config, weights, tmp_path / "new.zarr", netcdf=True)
    with xr.open_zarr(out, consolidated=False) as applied, xr.open_dataset(out.with_suffix(".nc")) as netcdf:
        expected = load_model(weights, device="cpu").sample(days["predictors"], members=2, seed=6)
        np.testing.assert_allclose(applied["precip"].values, expected.values, rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(netcdf["precip"].values, applied["precip"].values)
        assert applied.attrs["split"] == "application" and applied.attrs["mode"] == "prior"
        assert np.isfinite(applied["latitude"].values).all()
    assert "% of the values lie outside the training range" in " ".join(capsys.readouterr().err.split())


def test_the_share_outside_the_training_range_counts_known_values() -> None:
    domain = xr.Dataset(
        {"predictor_min": ("channel", [0.0, -1.0]), "predictor_max": ("channel", [10.0, 1.0])},
        coords={"channel": ["rain", "wind"]},
    )
    values = np.array([[[[5.0, 11.0]], [[0.0, 0.5]]], [[[np.nan, -1.0]], [[np.nan, np.nan]]]])
    predictors = xr.Dataset(
        {"predictors": (("time", "channel", "y_lr", "x_lr"), values)}, coords={"channel": ["rain", "wind"]}
    )
    assert outside_training_range(predictors, domain) == {"rain": pytest.approx(2 / 3), "wind": 0.0}
    unknown = predictors * np.nan
    assert outside_training_range(unknown, domain) == {"rain": 0.0, "wind": 0.0}
