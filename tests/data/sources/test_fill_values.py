"""Fill values and valid ranges of files, as people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks import check_input
from rainsmith.data.sources.files import open_file, open_variable
from rainsmith.data.sources.fill_values import unpacked_limits
from tests.data.made import rain

DAYS, NY, NX = 5, 4, 3


def write(path: Path, values: np.ndarray, dtype: str, fill: Any, attrs: dict[str, Any], first: int = 0) -> None:
    """A NetCDF file of rain whose stored numbers and attributes are exactly these."""
    with netCDF4.Dataset(path, "w") as ds:
        for name, size, units in (("time", DAYS, "days since 2001-01-01"), ("lat", NY, "degrees_north"),
                                  ("lon", NX, "degrees_east")):  # fmt: skip
            ds.createDimension(name, size)
            axis = ds.createVariable(name, "f8", (name,))
            axis.units = units
            axis[:] = np.arange(size) + (first if name == "time" else 0)
        variable = ds.createVariable("pr", dtype, ("time", "lat", "lon"), fill_value=fill)
        variable.set_auto_maskandscale(False)
        variable.setncatts({"units": "mm", **attrs})
        variable[:] = values


def stored(code: float = 0.0) -> np.ndarray:
    values = np.arange(DAYS * NY * NX, dtype=np.float64).reshape(DAYS, NY, NX)
    values[:, 0, 0] = code
    return values


def read(folder: Path, files: str = "rain.nc") -> np.ndarray:
    return check_input(open_variable(files, "pr", folder), "target", "read", Data()).values


CODES = [
    ("f4", None, 999.0, {"valid_range": np.array([0, 500], "f4")}),
    ("f4", None, -1.0, {"valid_min": np.float32(0)}),
    ("f4", None, 999.0, {"valid_range": "0, 500"}),
    ("f8", None, 999.0, {"valid_max": np.int32(500)}),
    ("i2", -32768, 3000, {"scale_factor": 0.1, "valid_min": np.int16(0), "valid_max": np.int16(2500)}),
    ("i2", None, 3000, {"scale_factor": 0.1, "add_offset": 5.0, "valid_range": np.array([0, 2500], "i2")}),
    ("i2", None, 3000, {"scale_factor": 0.1, "valid_range": np.array([0.0, 250.0])}),
    ("f4", -9999.0, -99.9, {"missing_value": np.float64(-99.9)}),
    ("f4", None, -55.0, {"missing_value": "-55.0"}),
    ("f4", None, -55.0, {"missing_value": np.float64(-55.0), "comment": "a number of another type"}),
    ("i2", None, -55, {"missing_value": np.float64(-55.0), "scale_factor": 0.1}),
]


@pytest.mark.filterwarnings("ignore:variable 'pr' has multiple fill values")
@pytest.mark.parametrize(("dtype", "fill", "code", "attrs"), CODES)
def test_what_the_file_calls_missing_is_missing(
    tmp_path: Path, dtype: str, fill: Any, code: float, attrs: dict[str, Any]
) -> None:
    write(tmp_path / "rain.nc", stored(code), dtype, fill, attrs)
    expected = stored() * attrs.get("scale_factor", 1) + attrs.get("add_offset", 0)
    expected[:, 0, 0] = np.nan
    np.testing.assert_allclose(read(tmp_path), expected, rtol=1e-6)


UNSIGNED = [
    {"missing_value": np.int8(-1)},
    {"missing_value": np.int16(255)},
    {"missing_value": np.array([-1, -2], "i1")},
    {"valid_range": np.array([0, -6], "i1")},
    {"valid_max": np.int16(250)},
]


@pytest.mark.filterwarnings("ignore:variable .pr. has multiple fill values")
@pytest.mark.parametrize("says", ["true", "True"])
@pytest.mark.parametrize(("fill", "attrs"), [(-1, {}), *((None, attrs) for attrs in UNSIGNED)])
def test_bytes_that_are_meant_without_a_sign(tmp_path: Path, fill: Any, attrs: dict[str, Any], says: str) -> None:
    values = stored() * 4  # up to 236, of which those from 128 on are stored as negative bytes
    values[:, 0, 0] = 255
    write(
        tmp_path / "rain.nc",
        values.astype("u1").view("i1"),
        "i1",
        fill,
        {"scale_factor": 0.5, "_Unsigned": says, **attrs},
    )
    expected = stored(np.nan) * 4 * 0.5
    np.testing.assert_allclose(read(tmp_path), expected)


def test_unsigned_numbers_that_are_meant_with_a_sign(tmp_path: Path) -> None:
    write(tmp_path / "rain.nc", stored(255), "u1", None, {"_Unsigned": "false", "missing_value": np.int16(255)})
    np.testing.assert_allclose(read(tmp_path), stored(np.nan))


def test_a_code_that_no_value_can_equal_masks_none(tmp_path: Path) -> None:
    """Without ``_Unsigned``, 255 is no byte, and the byte -1 is a value."""
    write(tmp_path / "rain.nc", stored(100), "i1", None, {"missing_value": np.int16(255)})
    np.testing.assert_allclose(read(tmp_path), stored(100))


def test_a_factor_as_text_is_applied(tmp_path: Path) -> None:
    write(tmp_path / "rain.nc", stored(-1), "i2", -1, {"scale_factor": ".1", "add_offset": "5"})
    np.testing.assert_allclose(read(tmp_path), stored(np.nan) * 0.1 + 5, rtol=1e-6)


@pytest.mark.parametrize(
    ("attrs", "said"),
    [
        ({"scale_factor": "tenths"}, "'pr' has the scale_factor 'tenths', which is no number"),
        (
            {"scale": 0.1},
            "holds whole numbers and the attribute 'scale' = 0.1, which CF does not know; .*'scale_factor'",
        ),
        ({"Scale_Factor": 0.1}, "the attribute 'Scale_Factor'"),
        ({"slope": "0.1"}, "the attribute 'slope'"),
        ({"Offset": 3}, "the attribute 'Offset'"),
    ],
)
def test_packing_that_cannot_be_undone_is_refused(tmp_path: Path, attrs: dict[str, Any], said: str) -> None:
    write(tmp_path / "rain.nc", stored(), "i2", None, attrs)
    with pytest.raises(UserError, match=said):
        read(tmp_path)


@pytest.mark.parametrize(("dtype", "attrs"), [("i2", {"scale": 1.0, "offset": 0}), ("f4", {"scale": 0.1})])
def test_a_scale_that_changes_nothing_is_no_packing(tmp_path: Path, dtype: str, attrs: dict[str, Any]) -> None:
    write(tmp_path / "rain.nc", stored(), dtype, None, attrs)
    np.testing.assert_allclose(read(tmp_path), stored())


def test_files_that_are_packed_in_other_ways_have_their_own_limits(tmp_path: Path) -> None:
    limits = {"valid_max": np.int16(2500)}
    write(tmp_path / "a.nc", stored(3000), "i2", None, {"scale_factor": 0.1, **limits})
    write(tmp_path / "b.nc", stored(3000), "i2", None, {"scale_factor": 0.2, **limits}, first=DAYS)
    expected = stored(np.nan)
    np.testing.assert_allclose(read(tmp_path, "*.nc"), np.concatenate([0.1 * expected, 0.2 * expected]), rtol=1e-6)


@pytest.mark.parametrize("name", ["zarr", "netcdf"])
def test_zeros_of_a_fill_value_of_0_are_dry_cells(tmp_path: Path, name: str) -> None:
    values = stored()
    values[2] = 0
    if name == "netcdf":
        write(tmp_path / "rain", values, "f4", 0.0, {})
    else:
        group = zarr.open_group(str(tmp_path / "rain"), mode="w", zarr_format=2)
        for key, data, dims in (("pr", values, ["time", "lat", "lon"]), ("time", np.arange(DAYS), ["time"]),
                                ("lat", np.arange(NY) - 1.0, ["lat"]), ("lon", np.arange(NX) - 1.0, ["lon"])):  # fmt: skip
            array = group.create_array(key, shape=data.shape, dtype=data.dtype, chunks=data.shape, fill_value=0)
            array[...] = data
            units = {"pr": "mm", "time": "days since 2001-01-01", "lat": "degrees_north", "lon": "degrees_east"}[key]
            array.attrs.update({"_ARRAY_DIMENSIONS": dims, "units": units})
    opened = open_variable("rain", "pr", tmp_path)
    np.testing.assert_array_equal(opened.values, values)
    assert np.isfinite(opened["y"]).all() and str(opened["time"].values[0])[:10] == "2001-01-01"
    assert opened.attrs["zero_fill_value"] == 1


@pytest.mark.parametrize("attrs", [{"add_offset": 5.0}, {"valid_min": np.int16(1)}])
def test_a_packed_0_that_stands_for_no_rain_amount_is_a_code(tmp_path: Path, attrs: dict[str, Any]) -> None:
    values = stored(0) + 1
    values[:, 0, 0] = 0
    write(tmp_path / "rain.nc", values, "i2", 0, {"scale_factor": 0.1, **attrs})
    assert np.isnan(read(tmp_path)[:, 0, 0]).all()


def test_files_of_xarray_read_as_before(tmp_path: Path) -> None:
    made = rain(days=4)
    made.to_netcdf(tmp_path / "plain.nc")
    made.to_netcdf(tmp_path / "packed.nc", encoding={"pr": {"dtype": "i2", "scale_factor": 0.01, "_FillValue": -1}})
    for name in ("plain.nc", "packed.nc"):
        with open_file(tmp_path / name) as ds, xr.open_dataset(tmp_path / name) as expected:
            xr.testing.assert_identical(ds.load(), expected.load())


def test_a_negative_factor_turns_the_limits() -> None:
    made = rain(days=1).assign_attrs(valid_min=np.int16(-100))
    made.encoding = {"dtype": np.dtype("i2"), "scale_factor": -0.5}
    limits = unpacked_limits(made)
    assert limits["valid_max"] == 50.0 and "valid_min" not in limits
