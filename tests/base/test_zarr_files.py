"""Zarr stores: written as others read them, and opened as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.netcdf_files import write_netcdf
from rainsmith.base.zarr_files import open_zarr, write_zarr


def test_a_written_store_opens_plainly_without_a_warning(tmp_path: Path) -> None:
    """Warnings are errors in tests; without consolidated metadata xarray warns."""
    rain = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    coords = {"time": xr.date_range("2001-01-01", periods=2, use_cftime=False), "y": [1.0, 2.0], "x": [3.0, 4.0]}
    data = xr.Dataset({"precip": (("time", "y", "x"), rain)}, coords=coords)
    write_zarr(tmp_path / "store.zarr", data, encoding={"precip": {"chunks": (1, 2, 2)}})
    write_netcdf(tmp_path / "store.nc", data, compress=["precip"])
    with xr.open_zarr(tmp_path / "store.zarr") as store, xr.open_dataset(tmp_path / "store.nc") as netcdf:
        assert store["precip"].encoding["chunks"] == (1, 2, 2) and netcdf["precip"].encoding["complevel"] == 4
        for opened in (store, netcdf):
            np.testing.assert_array_equal(opened["precip"].values, rain)
            assert opened["time_bnds"].dims == ("time", "bnds")
            assert not any("_FillValue" in opened[name].encoding for name in ("time", "y", "x", "time_bnds"))
    xr.testing.assert_equal(open_zarr(tmp_path / "store.zarr", "").load(), data)


def test_a_store_is_opened_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    written = xr.Dataset({"rain": ("x", np.arange(3.0)), "wait": ((), 5, {"units": "days"})})
    written.to_zarr(path, zarr_format=3, consolidated=False)
    opened = open_zarr(path, "run 'rainsmith prepare' first")
    xr.testing.assert_identical(opened.load(), written)


def test_a_missing_or_damaged_store_is_refused_with_the_advice(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    with pytest.raises(UserError, match=r"store.zarr not found; run 'rainsmith prepare' first"):
        open_zarr(path, "run 'rainsmith prepare' first")
    path.mkdir()
    with pytest.raises(UserError, match=r"cannot be read \(.*\); delete it and run 'rainsmith prepare' first"):
        open_zarr(path, "run 'rainsmith prepare' first")
