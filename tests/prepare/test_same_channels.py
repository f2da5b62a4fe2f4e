"""A new period in another guise gives the predictors of the training, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.checks import CheckLog
from rainsmith.prepare.new_period import prepare_predictors
from tests.data.made import config, pressure
from tests.prepare.made import made

MSL: dict[str, Any] = {"files": "msl.nc", "variable": "msl"}
RAIN: dict[str, Any] = {"files": "tp.nc", "variable": "tp", "rain": True}


def coarse_rain() -> xr.DataArray:
    field = pressure(seed=5)
    values = np.abs(field.values - 100_000) / 1e5
    return field.copy(data=values).rename("tp").drop_attrs(deep=False).assign_attrs(units="m")


@pytest.fixture
def domain(tmp_path: Path) -> xr.Dataset:
    """A store of pressure in Pa and rain in m, without its time, read back from NetCDF as checkpoints are."""
    pressure().to_netcdf(tmp_path / "msl.nc")
    coarse_rain().to_netcdf(tmp_path / "tp.nc")
    made(tmp_path, predictors=[MSL, RAIN]).drop_dims("time").drop_encoding().to_netcdf(tmp_path / "domain.nc")
    return xr.load_dataset(tmp_path / "domain.nc")


def read(folder: Path, domain: xr.Dataset, sources: list[dict[str, Any]]) -> tuple[np.ndarray, list[str]]:
    log = CheckLog()
    values = prepare_predictors(config(folder, predictors=sources), domain, log)["predictors"]
    assert list(values["channel"].values) == list(domain["channel"].values)
    return values.values, log.notices


def test_units_are_converted_and_said(tmp_path: Path, domain: xr.Dataset) -> None:
    expected, notices = read(tmp_path, domain, [MSL, RAIN])
    assert notices == []
    (pressure() / 100).assign_attrs(pressure().attrs | {"units": "hPa"}).to_netcdf(tmp_path / "msl.nc")
    (coarse_rain() / 86.4).assign_attrs(units="kg m-2 s-1").to_netcdf(tmp_path / "tp.nc")
    values, notices = read(tmp_path, domain, [MSL, RAIN])
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert notices == ["'msl_day0' converted from hPa to Pa"]


def test_a_unit_of_the_configuration_replaces_that_of_the_file(tmp_path: Path, domain: xr.Dataset) -> None:
    expected, _ = read(tmp_path, domain, [MSL, RAIN])
    (pressure() / 100).assign_attrs(units="K").to_netcdf(tmp_path / "msl.nc")
    values, _ = read(tmp_path, domain, [{**MSL, "units": "millibars"}, RAIN])
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_the_order_of_the_sources_does_not_matter(tmp_path: Path, domain: xr.Dataset) -> None:
    expected, _ = read(tmp_path, domain, [MSL, RAIN])
    values, _ = read(tmp_path, domain, [RAIN, MSL])
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("units", "sources", "message"),
    [
        ("Pa", [MSL, {**RAIN, "rain": False}], "'tp_day0' was rain in mm/day in the training.*'rain: true'"),
        ("m", [{**MSL, "rain": True}, RAIN], "'msl_day0' was no rain in the training; remove 'rain: true'"),
        ("K", [MSL, RAIN], "'msl_day0' has the unit 'K'; expected 'Pa'"),
        ("", [MSL, RAIN], "'msl_day0' has no unit; the model was trained with 'Pa'"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, domain: xr.Dataset, units: str, sources: list[dict[str, Any]], message: str
) -> None:
    (pressure() / 1e8).assign_attrs(units=units).to_netcdf(tmp_path / "msl.nc")
    with pytest.raises(UserError, match=message):
        read(tmp_path, domain, sources)


def test_codes_of_missing_values_are_masked_in_a_new_period_too(tmp_path: Path, domain: xr.Dataset) -> None:
    spoilt = pressure()
    spoilt.values[9, :2, :2] = -9999.0
    spoilt.to_netcdf(tmp_path / "msl.nc", encoding={"msl": {"_FillValue": None}})
    values, notices = read(tmp_path, domain, [MSL, RAIN])
    assert np.nanmin(values[:, 0]) > 90_000
    assert "4 values of 'msl' that stand for missing ones (-9999) set to NaN" in notices


def test_cells_that_the_training_had_are_not_left_out(tmp_path: Path, domain: xr.Dataset) -> None:
    spoilt = pressure()
    spoilt.values[:, :2, :2] = -9999.0
    spoilt.to_netcdf(tmp_path / "msl.nc", encoding={"msl": {"_FillValue": None}})
    with pytest.raises(UserError, match=r"'msl_day0' lacks 8.3% of its values .*, in the training 0.0%; expected"):
        read(tmp_path, domain, [MSL, RAIN])
    domain.attrs["channel_missing"] = '{"msl_day0": 0.083}'
    read(tmp_path, domain, [MSL, RAIN])


def test_an_older_checkpoint_is_used_with_a_word(tmp_path: Path, domain: xr.Dataset) -> None:
    del domain.attrs["channel_units"]
    _, notices = read(tmp_path, domain, [MSL, RAIN])
    assert notices == ["the checkpoint does not say the units of its predictors, so they were not compared"]
