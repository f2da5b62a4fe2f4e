"""NetCDF files: read as they were written, by the program and by the plain openers of xarray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.netcdf_files import read_netcdf, write_netcdf
from rainsmith.base.zarr_files import open_zarr, write_zarr


def maps(names: list[str]) -> xr.Dataset:
    """Maps called by names, beside rain of one day."""
    time = xr.date_range("2001-01-01", periods=1, use_cftime=False)
    return xr.Dataset(
        {
            "statics": (("static", "y", "x"), np.ones((len(names), 2, 3), np.float32)),
            "precip": (("time", "y", "x"), np.arange(6, dtype=np.float32).reshape(1, 2, 3)),
        },
        coords={"static": np.array(names, dtype=str), "time": time, "y": [0.0, 1.0], "x": [0.0, 1.0, 2.0]},
    )


def test_axes_of_text_are_characters_and_keep_their_names(tmp_path: Path) -> None:
    data = maps(["height", "Entfernung zur K\u00fcste"])
    write_netcdf(tmp_path / "maps.nc", data)
    xr.testing.assert_equal(read_netcdf(tmp_path / "maps.nc"), data)
    with xr.open_dataset(tmp_path / "maps.nc") as plain:
        assert float(plain["statics"].sel(static="Entfernung zur K\u00fcste").sum()) == 6
    with xr.open_dataset(tmp_path / "maps.nc", decode_cf=False) as stored:
        assert stored["static"].dtype.kind == "S" and stored["static"].ndim == 2  # an axis of strings stops CDO


def test_a_dimension_of_length_0_is_not_the_unlimited_one(tmp_path: Path) -> None:
    data = maps([])
    write_netcdf(tmp_path / "maps.nc", data)
    with xr.open_dataset(tmp_path / "maps.nc") as plain:
        assert "static" not in plain.dims and not plain.encoding["unlimited_dims"]
    back = read_netcdf(tmp_path / "maps.nc")
    assert back["statics"].dims == ("static", "y", "x") and back.sizes["static"] == 0
    assert back["statics"].dtype == np.float32 and "empty_variables" not in back.attrs
    xr.testing.assert_equal(back, data)


@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
def test_dates_of_other_calendars_are_no_text(calendar: str, tmp_path: Path) -> None:
    time = xr.date_range("2001-02-27", periods=1, calendar=calendar, use_cftime=True)
    data = maps(["height"]).assign_coords(time=time)
    write_netcdf(tmp_path / "maps.nc", data)
    xr.testing.assert_equal(read_netcdf(tmp_path / "maps.nc"), data)


def test_lengths_of_time_stay_numbers(tmp_path: Path) -> None:
    data = xr.Dataset({"wait": ("x", [5.0, 6.0], {"units": "days"})})
    write_netcdf(tmp_path / "wait.nc", data)
    assert read_netcdf(tmp_path / "wait.nc")["wait"].dtype == np.float64


def test_names_of_a_store_are_characters_too(tmp_path: Path) -> None:
    """xarray reads the text of a Zarr store in a type of its own."""
    data = maps(["height", "slope"])
    write_zarr(tmp_path / "maps.zarr", data.assign_coords(static=data["static"].astype(object)))
    write_netcdf(tmp_path / "maps.nc", open_zarr(tmp_path / "maps.zarr", ""))
    with xr.open_dataset(tmp_path / "maps.nc", decode_cf=False) as stored:
        assert stored["static"].dtype.kind == "S"
    assert read_netcdf(tmp_path / "maps.nc")["static"].values.tolist() == ["height", "slope"]


def test_equal_data_make_equal_netcdf_files_whatever_the_order_of_their_variables(tmp_path: Path) -> None:
    """The hash of such a file stands in that of a checkpoint; a store lists its variables in any order."""
    rain, mask = np.arange(6.0).reshape(2, 3), np.ones((2, 3), dtype=bool)
    parts = {"rain": (("y", "x"), rain), "mask": (("y", "x"), mask), "amount": ("level", [1.0]), "grid": ((), 0)}
    coords = {"y": [1.0, 2.0], "x": [1.0, 2.0, 3.0]}
    for name, order in (("one", parts), ("two", dict(reversed(parts.items())))):
        write_netcdf(tmp_path / f"{name}.nc", xr.Dataset(order, coords, {"title": "rain"}))
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "two.nc").read_bytes()


def test_an_empty_variable_may_be_named_for_compression(tmp_path: Path) -> None:
    data = xr.Dataset({"full": ("x", np.ones(3)), "spectrum": ("wavelength", np.ones(0))})
    write_netcdf(tmp_path / "curves.nc", data, compress=["full", "spectrum"])
    assert read_netcdf(tmp_path / "curves.nc")["spectrum"].sizes == {"wavelength": 0}
