"""Files that are no NetCDF file and no Zarr store, or hide their variables: what they are, and what to do."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import xarray as xr
import zarr

from rainsmith.base.errors import UserError
from rainsmith.base.object_mirror import zarr_source
from rainsmith.data.sources.days import why_undecodable
from rainsmith.data.sources.netcdf3 import least_size

_STARTS = (
    (b"\x1f\x8b", "is compressed by gzip; unpack it first (gunzip)"),
    (b"PK\x03\x04", "is a zip archive; unpack it first (unzip)"),
    (b"BZh", "is compressed by bzip2; unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "is compressed by xz; unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd; unpack it first (unzstd)"),
    (b"7z\xbc\xaf", "is a 7z archive; unpack it first (7z x)"),
    (b"GRIB", "is a GRIB file; make a NetCDF file of it first ('cdo -f nc4 copy', or 'grib_to_netcdf')"),
    (b"\x0e\x03\x13\x01", "is an HDF4 file; make a NetCDF file of it first ('ncks', or 'gdal_translate -of netCDF')"),
    (b"II*\x00", "is a TIFF image; make a NetCDF file of it first ('gdal_translate -of netCDF')"),
    (b"MM\x00*", "is a TIFF image; make a NetCDF file of it first ('gdal_translate -of netCDF')"),
    (b"II+\x00", "is a TIFF image; make a NetCDF file of it first ('gdal_translate -of netCDF')"),
    (b"\x93NUMPY", "is a NumPy array; write it with its dates and coordinates as NetCDF (xarray's 'to_netcdf')"),
    (b"MATLAB", "is a MATLAB file; write it with its dates and coordinates as NetCDF"),
    (b"\x89PNG", "is a PNG image; expected a NetCDF file or a Zarr store"),
    (b"%PDF", "is a PDF document; expected a NetCDF file or a Zarr store"),
    (b"version https://git-lfs", "is a pointer of Git LFS and holds no data; fetch the file itself ('git lfs pull')"),
    (b"<", "is a web page or XML text, such as the message of a failed download; download it again"),
    (b"{", "is JSON text, such as the message of a failed download; download it again"),
)
"""How files of other formats begin."""
_TAR = (257, b"ustar")
_TABLES = frozenset((".csv", ".tsv", ".txt"))


def what_it_is(path: Path) -> str:
    """What a path that cannot be read is and what to do, or "" where its first bytes do not tell."""
    if path.is_symlink() and not path.exists():
        return f"is a link to {path.resolve()}, which does not exist; correct the link"
    if path.is_dir():
        return _what_folder_is(path)
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        first = file.read(512)
    if not first:
        return "is empty; download it again"
    begins = first.lstrip(b"\xef\xbb\xbf \t\r\n")
    for start, what in _STARTS:
        if first.startswith(start) or begins.startswith(start):
            return what
    if first[_TAR[0] :].startswith(_TAR[1]):
        return "is a tar archive; unpack it first (tar -xf)"
    if path.suffix.lower() in _TABLES:
        return "is a table, which holds no grid; expected a NetCDF file or a Zarr store"
    if _is_text(first):
        line = " ".join(first.decode(errors="replace").split())[:60]
        return f"cannot be read (it is a text file: '{line}'); expected a NetCDF file or a Zarr store"
    if not first.strip(b"\0"):
        return "holds nothing but zeros, as after a failed download; download it again"
    return ""


def refuse_undecodable_times(path: Path) -> None:
    """Say which variable of a file cannot be read because its times cannot be decoded.

    Raises:
        UserError: there is one.
    """
    try:
        if path.is_dir():
            raw = xr.open_zarr(zarr_source(path), chunks=None, consolidated=False, decode_times=False)
        else:
            raw = xr.open_dataset(path, decode_times=False)
    except Exception:  # the file cannot be read for another reason, which the caller says
        return
    with raw:
        problems = why_undecodable(raw)
    for name, problem in problems.items():
        raise UserError(
            f"{path}: the time axis '{name}' {problem}; expected units such as 'days since 1990-01-01' and a CF "
            "calendar; correct them in the file, such as with 'cdo setreftime' or 'ncatted'"
        )


def refuse_damaged(path: Path) -> None:
    """Refuse a NetCDF file that its own library cannot open.

    Raises:
        UserError: it begins as a NetCDF file does and cannot be opened.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        if not file.read(4).startswith((b"\x89HDF", b"CDF")):
            return
    try:
        netCDF4.Dataset(path).close()
    except OSError as error:
        reason = " ".join(str(error).split()).split(": '")[0]
        raise UserError(
            f"{path} cannot be read, since it is cut off or damaged ({reason}); download it again"
        ) from None


def refuse_cut_off(path: Path) -> None:
    """Refuse a NetCDF-3 file that is shorter than its header says: what it lacks would be read as zeros.

    Raises:
        UserError: it is shorter; the message gives both sizes.
    """
    if not path.is_file():
        return
    wanted, size = least_size(path), path.stat().st_size
    if wanted is not None and size < wanted:
        raise UserError(f"{path} is cut off ({size} bytes; its header speaks of {wanted}); download it again")


def refuse_groups(path: Path, ds: xr.Dataset) -> None:
    """Refuse a file or store whose variables all lie in groups, which are not looked into.

    Args:
        path: of the file.
        ds: what it holds outside of its groups.

    Raises:
        UserError: it holds no variable but in groups; the message names them.
    """
    if ds.data_vars or not path.exists():
        return
    if path.is_dir():
        groups = sorted(name for name, _ in zarr.open_group(path, mode="r", use_consolidated=False).groups())
        if groups:
            raise UserError(
                f"{path} holds its variables in groups ({', '.join(groups)}); name the group as a part of the path, "
                f"such as '{path.name}/{groups[0]}'"
            )
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


def _what_folder_is(path: Path) -> str:
    held = sorted(p.name for p in path.iterdir())
    if not held:
        return "is an empty folder; expected a NetCDF file or a Zarr store"
    if _is_single_array(path):
        return "is a single Zarr array without coordinates; expected a Zarr group with its dates and coordinates"
    if not {".zgroup", ".zmetadata", "zarr.json"} & set(held):
        return (
            f"is a folder without the metadata of a Zarr store (it holds {', '.join(held[:5])}); expected a NetCDF "
            "file or a Zarr store; to read files in a folder, name them, such as 'folder/*.nc'"
        )
    return ""


def _is_single_array(path: Path) -> bool:
    try:
        return isinstance(zarr.open(path, mode="r"), zarr.Array)
    except Exception:  # whatever is wrong with it, it is no array
        return False


def _is_text(first: bytes) -> bool:
    try:
        text = first.decode()
    except UnicodeDecodeError as error:
        if error.start < len(first) - 3:  # the last letter may be cut
            return False
        text = first[: error.start].decode()
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)
