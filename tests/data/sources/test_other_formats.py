"""Files of other formats are named, with what to do."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.sources.files import open_file
from rainsmith.data.sources.other_formats import what_it_is
from tests.data.made import mapped, rain


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"CDF", mtime=0), "compressed by gzip; unpack it first"),
        (b"GRIB\x00\x00\x00\x02" + bytes(100), "is a GRIB file; make a NetCDF file"),
        (b"\n<!DOCTYPE html><html>403</html>", "is a web page"),
        (b'{"error": "quota"}', "is JSON text"),
        (b"PK\x03\x04" + bytes(50), "is a zip archive"),
        (b"", "is empty"),
        (b"anything else", "cannot be read"),
    ],
    ids=["gzip", "GRIB", "HTML", "JSON", "zip", "empty", "other"],
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
