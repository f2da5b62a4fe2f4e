"""Forecasts of a trained downscaler: CF, ordered quantiles, the same from its file and in any batches."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr
from rainsmith.downscale.prediction import crps_of, load_downscaler, predict
from rainsmith.metrics.quantiles import quantile_crps
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.run_folder import Run
from tests.downscale.small import tiny


def test_predictions_are_cf_and_read_back(downscaled: Run) -> None:
    store = downscaled.open_store()
    days = in_split(store, "test")
    path = downscaled.folder / "downscale" / "q-srdrn-real-s3-test.zarr"
    forecast = open_zarr(path, "")
    assert forecast["precip"].dims == ("time", "y", "x") and forecast["quantiles"].dims == (
        "time",
        "quantile",
        "y",
        "x",
    )
    assert forecast["quantile"].values.tolist() == [0.5, 0.95, 0.99, 0.999]
    for name in ("precip", "quantiles"):
        attrs = forecast[name].attrs
        assert attrs["units"] == "mm/day" and attrs["standard_name"] == "lwe_precipitation_rate"
        assert attrs["grid_mapping"] in forecast.variables
    assert forecast.attrs["Conventions"] == "CF-1.11" and forecast.attrs["seed"] == 3
    np.testing.assert_array_equal(forecast["time"], days["time"])
    mask = store["mask"].values
    assert np.isnan(forecast["precip"].values[:, ~mask]).all() and (forecast["precip"].values[:, mask] >= 0).all()
    assert (np.diff(forecast["quantiles"].values[:, :, mask], axis=1) >= 0).all()
    np.testing.assert_array_equal(forecast["precip"], forecast["quantiles"].sel(quantile=0.5))
    with xr.open_dataset(path.with_suffix(".nc")) as written:
        np.testing.assert_array_equal(written["quantiles"], forecast["quantiles"])


def test_a_saved_downscaler_predicts_the_same(downscaled: Run) -> None:
    """Without its store, from predictors alone, whatever the batches."""
    days = in_split(downscaled.open_store(), "test").drop_vars("precip").isel(time=slice(0, 20))
    module = load_downscaler(downscaled.folder / "downscale" / "q-srdrn-real-s3.safetensors")
    again = predict(module, days, batch_size=7)
    kept = open_zarr(downscaled.folder / "downscale" / "q-srdrn-real-s3-test.zarr", "").isel(time=slice(0, 20))
    np.testing.assert_allclose(again["quantiles"], kept["quantiles"], rtol=1e-4, atol=1e-4)


def test_a_missing_downscaler_is_refused(downscaled: Run) -> None:
    with pytest.raises(UserError, match="unet-real"):
        load_downscaler(downscaled.folder / "downscale" / "unet-real-s3.safetensors")


def test_a_distribution_has_every_level_and_its_crps(prepared: Run) -> None:
    """The CRPS is that of many of its quantiles, and missing where the observation is."""
    days = in_split(prepared.open_store(), "test").isel(time=slice(0, 9)).load()
    days["precip"][2] = np.nan
    module = Downscaler(tiny(network="unet-egp").downscale, days.drop_dims("time"))
    module.start_from(np.linspace(0, 30, 500) ** 1.5)
    assert predict(module, days)["quantile"].values.tolist() == module.settings.quantiles
    many = predict(module, days, levels=((np.arange(400) + 0.5) / 400).tolist(), batch_size=4)["quantiles"]
    crps = crps_of(module, days, batch_size=4)
    assert crps is not None
    np.testing.assert_array_equal(np.isnan(crps), np.isnan(days["precip"]))
    assert float(crps.mean()) == pytest.approx(float(quantile_crps(many, days["precip"])), rel=0.01)
    assert crps_of(Downscaler(tiny().downscale, days.drop_dims("time")), days) is None
