"""Files of other formats are named, with what to do."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import xarray as xr
import zarr

from rainsmith.base.errors import UserError
from rainsmith.data.sources.files import open_file, resolve_files
from rainsmith.data.sources.netcdf3 import least_size
from rainsmith.data.sources.other_formats import what_it_is
from tests.data.made import mapped, rain


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"CDF", mtime=0), "compressed by gzip; unpack it first"),
        (bz2.compress(b"CDF"), r"compressed by bzip2; unpack it first \(bunzip2\)"),
        (lzma.compress(b"CDF"), r"compressed by xz; unpack it first \(unxz\)"),
        (b"GRIB\x00\x00\x00\x02" + bytes(100), "is a GRIB file; make a NetCDF file"),
        (b"\n<!DOCTYPE html><html>403</html>", "is a web page"),
        (b'{"error": "quota"}', "is JSON text"),
        (b"PK\x03\x04" + bytes(50), "is a zip archive"),
        (b"", "is empty"),
        (b"II*\x00" + bytes(50), "is a TIFF image"),
        (b"\x93NUMPY\x01\x00", "is a NumPy array"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "is a pointer of Git LFS"),
        (bytes(257) + b"ustar", "is a tar archive"),
        (b"date,pr\n2001-01-01,3\n", "it is a text file: 'date,pr"),
        (bytes(600), "nothing but zeros"),
        (b"\x89HDF\r\n\x1a\n" + bytes(10), "cut off or damaged"),
        (b"anything else", "cannot be read"),
    ],
    ids=[
        "gzip",
        "bzip2",
        "xz",
        "GRIB",
        "HTML",
        "JSON",
        "zip",
        "empty",
        "TIFF",
        "NumPy",
        "LFS",
        "tar",
        "table",
        "zeros",
        "HDF5",
        "other",
    ],
)
def test_a_file_of_another_format_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rain.nc"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        open_file(path)


def test_variables_in_groups_are_refused_with_the_groups(tmp_path: Path) -> None:
    mapped(rain()).to_netcdf(tmp_path / "rain.nc", group="product")
    with pytest.raises(UserError, match=r"variables in groups \(product\).*ncks -G"):
        open_file(tmp_path / "rain.nc")


def test_a_sound_file_is_nothing_else(tmp_path: Path) -> None:
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    assert what_it_is(tmp_path / "rain.nc") == ""
    assert "pr" in open_file(tmp_path / "rain.nc")


_Classic = Literal["NETCDF3_CLASSIC", "NETCDF3_64BIT"]


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF3_64BIT"])
@pytest.mark.parametrize("records", [True, False])
def test_a_netcdf3_file_that_is_cut_off_is_refused(tmp_path: Path, form: _Classic, records: bool) -> None:
    """The library reads zeros where such a file ends, which are dry days."""
    field, path = mapped(rain()), tmp_path / "rain.nc"
    field.to_netcdf(path, format=form, unlimited_dims=["time"] if records else [])
    size = least_size(path)
    assert size is not None
    assert size <= path.stat().st_size <= size + 4
    np.testing.assert_array_equal(open_file(path)["pr"].values, field["pr"].values)
    whole = path.read_bytes()
    for length in (len(whole) // 2, size - 1, 40):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="cut off"):
            open_file(path)


def test_a_netcdf4_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rain.nc"
    mapped(rain()).to_netcdf(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UserError, match=r"cut off or damaged .*; download it again"):
        open_file(path)


def test_a_small_netcdf3_file_of_one_odd_record_variable_is_sound(tmp_path: Path) -> None:
    """A single variable of records has no padding, here of 3 bytes a record."""
    ds = xr.Dataset({"flag": (("time", "x"), np.ones((5, 3), dtype="i1"))})
    ds.to_netcdf(tmp_path / "flag.nc", format="NETCDF3_CLASSIC", unlimited_dims=["time"])
    assert least_size(tmp_path / "flag.nc") == (tmp_path / "flag.nc").stat().st_size
    assert open_file(tmp_path / "flag.nc").sizes["time"] == 5


def test_folders_that_are_no_store_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="is an empty folder"):
        open_file(tmp_path / "empty")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.nc").touch()
    with pytest.raises(UserError, match=r"it holds a.nc.*'folder/\*.nc'"):
        open_file(tmp_path / "files")
    zarr.save(str(tmp_path / "bare.zarr"), np.ones(3))
    with pytest.raises(UserError, match="single Zarr array without coordinates"):
        open_file(tmp_path / "bare.zarr")


def test_groups_of_a_store_are_named_and_can_be_read(tmp_path: Path) -> None:
    field = mapped(rain())
    field.to_zarr(tmp_path / "rain.zarr", group="daily", zarr_format=2)
    with pytest.raises(UserError, match=r"in groups \(daily\); name the group .*'rain.zarr/daily'"):
        open_file(tmp_path / "rain.zarr")
    np.testing.assert_array_equal(open_file(tmp_path / "rain.zarr" / "daily")["pr"].values, field["pr"].values)


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "rain.nc").symlink_to(tmp_path / "gone.nc")
    for read in (lambda: open_file(tmp_path / "rain.nc"), lambda: resolve_files("*.nc", tmp_path)):
        with pytest.raises(UserError, match=r"is a link to .*gone.nc, which does not exist"):
            read()
