"""NetCDF files: written after the CF conventions so that CDO and GDAL read them too, and read as they were written.

A damaged one is refused in one line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.cf import from_cf, to_cf
from rainsmith.base.errors import UserError

_EMPTY = "empty_variables"


def write_netcdf(path: Path, data: xr.Dataset, *, compress: Sequence[str] = ()) -> None:
    """Write a NetCDF file after the CF conventions; give it the path of ``atomic``.

    Axes of text, such as names of predictors, are arrays of characters: CDO reads nothing of a file with an axis of
    strings. What has a dimension of length 0 is only named in an attribute: NetCDF would make this dimension the
    unlimited one, which CDO takes for the time. Variables are written in the order of their names, so that equal data
    make equal files: a store gives them in the order in which its folder lists them.

    Args:
        path: the file.
        data: the data.
        compress: names of the variables that are compressed.
    """
    written = _with_plain_text(_without_empty(to_cf(data)))
    encoding: dict[str, dict[str, Any]] = {
        name: {"zlib": True, "complevel": 4} for name in compress if name in written.variables
    }
    encoding |= {str(name): {"dtype": "S1"} for name, values in written.coords.items() if values.dtype.kind == "U"}
    written[sorted(map(str, written.variables))].to_netcdf(path, engine="netcdf4", encoding=encoding)


def read_netcdf(
    path: Path, advice: str = "run the command that writes it", damaged: str = "delete it and write it again"
) -> xr.Dataset:
    """Read a whole file of ``write_netcdf``, or of an earlier version, as the program holds data in memory.

    Args:
        path: the file.
        advice: what to do where it is missing.
        damaged: what to do where it is damaged.

    Raises:
        UserError: the file is missing, or no NetCDF file that can be read.
    """
    if not path.exists():
        raise UserError(f"{path} not found; {advice}")
    try:
        return _read(path)
    except Exception as error:  # the libraries below raise errors of any kind at a file that is cut off
        said = " ".join(str(error).split())[:200]
        raise UserError(f"{path} cannot be read as NetCDF ({type(error).__name__}: {said}); {damaged}") from None


def _read(path: Path) -> xr.Dataset:
    read = _with_plain_text(from_cf(xr.load_dataset(path, engine="netcdf4", decode_timedelta=False)))
    empty = json.loads(read.attrs.pop(_EMPTY, "{}"))
    for name, dims in empty.items():
        nothing = np.empty([read.sizes.get(dim, 0) for dim in dims], str if dims == [name] else np.float32)
        read = read.assign_coords({name: (dims, nothing)}) if dims == [name] else read.assign({name: (dims, nothing)})
    return read


def _with_plain_text(data: xr.Dataset) -> xr.Dataset:
    """The same data with all coordinates of text in the type of NumPy: Zarr and NetCDF have types of their own."""
    for name, values in data.coords.items():
        texts = values.values.ravel().tolist() if values.dtype.kind in "TO" else [None]
        if all(isinstance(text, str) for text in texts):  # dates of another calendar are objects, too
            plain = np.array(texts, dtype=str).reshape(values.shape)
            data = data.assign_coords({name: (values.dims, plain, values.attrs)})
    return data


def _without_empty(data: xr.Dataset) -> xr.Dataset:
    """The same data without dimensions of length 0; an attribute names what has them."""
    empty = {str(name): list(map(str, data[name].dims)) for name in data.variables if not data[name].size}
    if not empty:
        return data
    return data.drop_dims([dim for dim, size in data.sizes.items() if not size]).assign_attrs(
        {_EMPTY: json.dumps(empty)}
    )
