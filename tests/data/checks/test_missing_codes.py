"""Codes of missing values are masked or refused, and values are left alone."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.missing_codes import mask_missing_codes
from tests.data.made import pressure, rain


def coded(code: float, field: xr.DataArray) -> xr.DataArray:
    made = field.astype(np.float32)
    made.values[:, :2, -2:] = code
    return made


FIELDS = {
    "pressure": pressure(days=20),
    "rain": rain(days=20),
    "heights": rain(days=20).copy(data=100 * rain(days=20).values),
    "celsius": pressure(days=20).copy(data=(pressure(days=20).values - 100_000) / 50),
}


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("code", [-9999.0, -999.9, -999.0, 1e20, -1e30, 9.96921e36, 3.4028235e38, 999999.0, -32768.0])
def test_a_code_is_masked_and_counted(field: xr.DataArray, code: float) -> None:
    made = coded(code, field)
    outcome = mask_missing_codes(made, Data())
    assert outcome.attributes == {"missing_codes": 20 * 4}
    expected = made.values.copy()
    expected[:, :2, -2:] = np.nan
    np.testing.assert_array_equal(outcome.field.values, expected)
    assert f"80 values of '{field.name}' that stand for missing ones" in outcome.notice


def test_a_whole_day_and_two_codes_at_once() -> None:
    made = coded(-9999.0, pressure(days=20))
    made.values[7] = 1e20
    outcome = mask_missing_codes(made, Data())
    assert np.isnan(outcome.field.values[7]).all()
    assert float(outcome.field.min()) > 90_000 and "(-9999, 1e+20)" in outcome.notice


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_a_field_without_codes_is_left_as_it_is(field: xr.DataArray) -> None:
    assert mask_missing_codes(field, Data()).field is field


@pytest.mark.parametrize("value", [99.0, 999.0, 1825.0])
def test_one_large_rain_is_no_code(value: float) -> None:
    made = rain(days=20)
    made.values[3, 3, 3] = value
    assert mask_missing_codes(made, Data()).field is made


@pytest.mark.parametrize("values", [[0.0, 1.0], [1.0, 2.0, 9.0], [0.0, 0.0, 273.15]])
def test_maps_of_classes_are_left_as_they_are(values: list[float]) -> None:
    made = xr.DataArray(np.tile(values, (4, 5)), dims=("y", "x"), name="classes")
    assert mask_missing_codes(made, Data()).field is made


@pytest.mark.parametrize("code", [0.0, 777777.0, -1e6])
def test_a_number_that_may_be_a_code_is_refused(code: float) -> None:
    with pytest.raises(UserError, match=rf"'msl' holds 80 times {code:.7g}, and all other .*_FillValue or valid_range"):
        mask_missing_codes(coded(code, pressure(days=20)), Data())


def test_a_value_far_beyond_all_others_is_refused() -> None:
    made = pressure(days=20)
    made.values[3, 3, 3] = 1e10
    with pytest.raises(UserError, match=r"'msl' holds 1 times 1e\+10"):
        mask_missing_codes(made, Data())


@pytest.mark.parametrize("code", [9999.0, 999.0, -999.0])
def test_a_code_among_the_values_cannot_be_told_from_them(code: float) -> None:
    field = xr.DataArray(np.linspace(-5000, 20_000, 60).reshape(3, 4, 5), dims=("time", "y", "x"), name="z")
    field.values[1, 2, 3] = code
    outcome = mask_missing_codes(field, Data())
    np.testing.assert_array_equal(outcome.field.values, field.values)
    assert not outcome.attributes
