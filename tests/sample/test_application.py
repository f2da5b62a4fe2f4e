"""Members for a period without observations: those of the same days with observations, and a word on the range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.data.checks import CheckLog
from rainsmith.run_folder import Run
from rainsmith.sample import application
from rainsmith.sample.application import apply
from rainsmith.sample.model import load_model
from tests.small import small_config


def test_members_are_those_of_the_same_days_with_observations(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    days = in_split(trained.open_store(), "test").isel(time=slice(0, 3)).load()
    predictors = days[["predictors"]].drop_vars("precip", errors="ignore")

    def read(config: Config, domain: xr.Dataset, log: CheckLog) -> xr.Dataset:
        log.notices.append("'msl_day0' converted from hPa to Pa")
        log.attributes["missing_codes_msl"] = 7
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
        assert applied.attrs["missing_codes_msl"] == 7
    printed = " ".join(capsys.readouterr().err.split())
    assert "new predictors: 'msl_day0' converted from hPa to Pa" in printed
    assert "% of the values lie outside the training range" in printed


def test_what_was_assumed_is_printed_before_a_refusal(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(config: Config, domain: xr.Dataset, log: CheckLog) -> xr.Dataset:
        log.notices.append("types has 3 types (days of type E, unknown to the training, count as missing: 20)")
        raise UserError("20 of 60 days lack a predictor")

    monkeypatch.setattr(application, "prepare_predictors", read)
    with pytest.raises(UserError, match="20 of 60 days"):
        apply(small_config(), trained.checkpoints / "best_prior.safetensors", tmp_path / "new.zarr")
    assert "new predictors: types has 3 types (days of type E" in " ".join(capsys.readouterr().err.split())
