"""Files that are no NetCDF file and no Zarr store, or hide their variables: what they are, and what to do."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import xarray as xr

from rainsmith.base.errors import UserError

_STARTS = (
    (b"\x1f\x8b", "is compressed by gzip; unpack it first (gunzip)"),
    (b"PK\x03\x04", "is a zip archive; unpack it first (unzip)"),
    (b"BZh", "is compressed by bzip2; unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "is compressed by xz; unpack it first (unxz)"),
    (b"GRIB", "is a GRIB file; make a NetCDF file of it first ('cdo -f nc4 copy', or 'grib_to_netcdf')"),
    (b"<", "is a web page or XML text, such as the message of a failed download; download it again"),
    (b"{", "is JSON text, such as the message of a failed download; download it again"),
)
"""How files of other formats begin."""


def what_it_is(path: Path) -> str:
    """What a file that cannot be read is and what to do, or "" where its first bytes do not tell."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        first = file.read(64)
    if not first:
        return "is empty; download it again"
    begins = first.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((what for start, what in _STARTS if first.startswith(start) or begins.startswith(start)), "")


def refuse_groups(path: Path, ds: xr.Dataset) -> None:
    """Refuse a NetCDF file whose variables all lie in groups, which are not looked into.

    Args:
        path: of the file.
        ds: what it holds outside of its groups.

    Raises:
        UserError: it holds no variable but in groups; the message names them.
    """
    if ds.data_vars or not path.is_file():
        return
    try:
        with netCDF4.Dataset(path) as opened:
            groups = list(opened.groups)
    except OSError:
        return
    if groups:
        raise UserError(
            f"{path} holds its variables in groups ({', '.join(groups)}), which are not read; write them outside of "
            "groups first ('ncks -G : in.nc out.nc')"
        )
