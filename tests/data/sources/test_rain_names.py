"""Which variable is the total precipitation."""

from __future__ import annotations

from typing import Any

import pytest
import xarray as xr

from rainsmith.data.sources.rain_names import is_total, only_precipitation, speaks_of_total


def named(name: str, **attrs: Any) -> xr.DataArray:
    return xr.DataArray([[[1.0]]], dims=("time", "y", "x"), name=name, attrs={"units": "mm", **attrs})


TOTALS = [
    named("pr", standard_name="precipitation_flux", units="kg m-2 s-1", long_name="Precipitation"),
    named("tp", long_name="Total precipitation", standard_name="unknown", units="m"),
    named("rr", standard_name="thickness_of_rainfall_amount", long_name="rainfall"),
    named("rainfall", standard_name="lwe_thickness_of_precipitation_amount"),
    named("precipitation_amount", units="mm", description="Daily Accumulated Precipitation"),
    named("precipitationCal", units="mm", LongName="Daily accumulated precipitation (combined) estimate"),
    named("precip", units="mm/day"),
    named("anything", standard_name="lwe_precipitation_rate", units="m s-1"),
    named("pr", long_name="total of convective and large-scale precipitation", units="mm"),
]
OTHERS = [
    named("prc", standard_name="convective_precipitation_flux"),
    named("cp", long_name="Convective precipitation"),
    named("lsp", standard_name="lwe_thickness_of_stratiform_precipitation_amount"),
    named("prsn", standard_name="snowfall_flux"),
    named("rain", long_name="Convective rain"),
    named("precip", standard_name="convective_precipitation_rate"),
    named("pr", standard_name="precipitation_amount standard_error"),
    named("rr", standard_name="precipitation_amount", long_name="standard deviation of precipitation"),
    named("precip", long_name="number of observations of precipitation", units="1"),
    named("pr", standard_name="precipitation_flux", cell_methods="area: mean time: maximum"),
    named("pre", units="hPa"),
    named("pr", standard_name="air_pressure", units="Pa"),
    named("pr_err"),
    named("precipitation_count"),
    named("snowfall", standard_name="snowfall_amount"),
    named("tas", standard_name="air_temperature", units="K"),
]


@pytest.mark.parametrize("da", TOTALS, ids=lambda da: f"{da.name} {da.attrs.get('standard_name', '')}")
def test_total_precipitation(da: xr.DataArray) -> None:
    assert is_total(da)
    ds = xr.merge([da] + [other for other in OTHERS if other.name in ("cp", "prc", "lsp", "tas")], compat="override")
    assert only_precipitation(ds, list(map(str, ds.data_vars))) == (da.name, "")


@pytest.mark.parametrize("da", OTHERS, ids=lambda da: f"{da.name} {da.attrs.get('standard_name', '')}")
def test_parts_of_it_and_other_quantities(da: xr.DataArray) -> None:
    assert not is_total(da)
    assert only_precipitation(da.to_dataset(), [str(da.name)]) == (
        None,
        "no precipitation that can be told by its name",
    )


def test_two_totals_are_a_question() -> None:
    ds = xr.merge([named("tp"), named("pr")])
    assert only_precipitation(ds, ["tp", "pr"]) == (None, "several kinds of precipitation (tp, pr)")


def test_rain_beside_snow_is_a_question() -> None:
    ds = xr.merge([named("rain"), named("prsn", standard_name="snowfall_flux")])
    assert only_precipitation(ds, ["rain", "prsn"]) == (
        None,
        "rain ('rain') beside snowfall ('prsn'), which it may leave out",
    )


SPOKEN = [
    named("pr_obs", units="mm d-1"),
    named("DailyRain"),
    named("tp_era5", units="m"),
    named("P", units="", long_name="gridded gauge precipitation"),
    named("RR2", standard_name="unknown"),
]
NOT_SPOKEN = [
    named("p", units="hPa"),
    named("nieder"),
    named("pr_wtr", units="kg m-2"),
    named("pr_anom"),
    named("rain_days", units=""),
    named("pr_obs", units="K"),
    named("x", long_name="potential evaporation"),
    named("tp_snow"),
    named("pr_obs", standard_name="convective_precipitation_flux"),
]


@pytest.mark.parametrize("da", SPOKEN, ids=lambda da: str(da.name))
def test_words_of_a_name_speak_of_total_precipitation(da: xr.DataArray) -> None:
    assert speaks_of_total(da) and not is_total(da)


@pytest.mark.parametrize("da", [*NOT_SPOKEN, *OTHERS], ids=lambda da: str(da.name))
def test_words_that_speak_of_something_else_do_not(da: xr.DataArray) -> None:
    assert not speaks_of_total(da)
