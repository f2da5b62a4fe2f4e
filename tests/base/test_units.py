"""Precipitation units: a table of spellings, linearity, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from rainsmith.base.errors import UserError
from rainsmith.base.units import convert, mm_per_day_factor, to_mm_per_day

FACTORS = {
    "mm": 1,
    "MM": 1,
    "millimeters": 1,
    "mm/day": 1,
    "mm day-1": 1,
    "mm d-1": 1,
    "mm d**-1": 1,
    "mm per day": 1,
    "mm/24h": 1,
    "mm / 24 hours": 1,
    "kg m-2": 1,
    "kg m**-2": 1,
    "kg m-2 day-1": 1,
    "kg/m2/day": 1,
    "l m-2": 1,
    "kg m-2 s-1": 86400,
    "kg m**-2 s**-1": 86400,
    "kg/m^2/s": 86400,
    "Kg m-2 s-1": 86400,
    "mm s-1": 86400,
    "mm h-1": 24,
    "mm/hr": 24,
    "cm": 10,
    "cm/day": 10,
    "m": 1000,
    "m of water equivalent": 1000,
    "m day-1": 1000,
    "m/s": 86400 * 1000,
    "m s**-1": 86400 * 1000,
    "in": 25.4,
    "inches": 25.4,
    "inch/day": 25.4,
    "in/h": 24 * 25.4,
    "0.1 mm": 0.1,
    "mm 24h-1": 1,
    "kg m-2 24h-1": 1,
    "kg m-2 (24 h)-1": 1,
    "mm 3h-1": 8,
    "mm/3hr": 8,
    "mm/(3 h)": 8,
    "mm per 6 hours": 4,
    "mm 30min**-1": 48,
    "[mm/day]": 1,
}


@pytest.mark.parametrize(("units", "factor"), FACTORS.items())
def test_each_spelling_has_its_factor(units: str, factor: float) -> None:
    assert mm_per_day_factor(units) == pytest.approx(factor, rel=1e-12)


@given(
    values=st.lists(st.floats(0, 2000, width=32), min_size=1, max_size=20),
    units=st.sampled_from(sorted(FACTORS)),
)
def test_conversion_is_the_factor_times_the_values(values: list[float], units: str) -> None:
    mm = np.asarray(values, dtype=np.float64)
    da = xr.DataArray(mm / FACTORS[units], dims="time", attrs={"units": units, "long_name": "rain", "valid_max": 1})
    converted = to_mm_per_day(da)
    np.testing.assert_allclose(converted.values, mm, rtol=1e-9)
    assert converted.attrs["units"] == "mm/day"
    assert converted.attrs["long_name"] == "rain"
    assert "valid_max" not in converted.attrs  # a limit in the old unit
    assert da.attrs["units"] == units


def test_single_precision_stays_single() -> None:
    da = xr.DataArray(np.full(3, 1e-4, dtype=np.float32), dims="time", attrs={"units": "kg m-2 s-1"})
    assert to_mm_per_day(da).dtype == np.float32
    np.testing.assert_allclose(to_mm_per_day(da), 8.64, rtol=1e-6)


def test_missing_values_stay_missing() -> None:
    da = xr.DataArray([np.nan, 1.0], dims="time", attrs={"units": "cm"})
    np.testing.assert_array_equal(to_mm_per_day(da).values, [np.nan, 10.0])


def test_configured_units_replace_those_of_the_file() -> None:
    da = xr.DataArray([1.0], dims="time", attrs={"units": "K"})
    assert to_mm_per_day(da, "cm").item() == pytest.approx(10.0)


@pytest.mark.parametrize(
    "units", ["K", "Pa", "banana", "1", "%", "m2", "mm2/day", "mm day", "kg", "mm/month", "days since 2000-01-01"]
)
def test_what_is_no_precipitation_is_refused(units: str) -> None:
    with pytest.raises(UserError, match=r"'.*'.*expected one of mm, mm/day.*units:"):
        mm_per_day_factor(units, name="target 'pr'")


@pytest.mark.parametrize("units", [None, "", "  "])
def test_silent_units_are_refused(units: str | None) -> None:
    with pytest.raises(UserError, match="target 'pr' has no units"):
        mm_per_day_factor(units, name="target 'pr'")


@pytest.mark.parametrize(
    ("value", "units", "wanted", "expected"),
    [
        (1013.25, "hPa", "Pa", 101325.0),
        (1013.25, "mb", "Pa", 101325.0),
        (10.0, "degC", "K", 283.15),
        (283.15, "kelvin", "C", 10.0),
        (50.0, "degrees F", "degree_Celsius", 10.0),
        (40.0, "%", "(0 - 1)", 0.4),
        (0.4, "1", "percent", 40.0),
        (5.0, "m**2 s**-2", "J kg-1", 5.0),
        (1.5, "K", "kelvin", 1.5),
        (7.0, "index of its own", "index of its own", 7.0),
        (2.0, "mm/3h", "mm/day", 16.0),
    ],
)
def test_values_are_brought_to_another_unit(value: float, units: str, wanted: str, expected: float) -> None:
    converted = convert(np.asarray([value, np.nan]), units, wanted, name="x")
    np.testing.assert_allclose(converted, [expected, np.nan], rtol=1e-12)


@pytest.mark.parametrize(("units", "wanted"), [("Pa", "K"), ("banana", "K"), ("m", "m2 s-2"), ("", "Pa")])
def test_units_of_different_things_are_refused(units: str, wanted: str) -> None:
    with pytest.raises(UserError, match=f"msl has the unit '{units}'; expected '{wanted}'.*units:"):
        convert(np.ones(2), units, wanted, name="msl")
