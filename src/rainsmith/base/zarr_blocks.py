"""Zarr stores of arrays that do not fit into memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dask.array
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.array_pieces import pieces
from rainsmith.base.dims import TIME, X, Y
from rainsmith.base.large_arrays import release
from rainsmith.base.zarr_files import write_region, write_zarr


def daily_chunks(data: xr.Dataset, days: int, cells: int) -> dict[str, dict[str, Any]]:
    """The encoding in which every variable along time has chunks of so many days, and rows and columns at most."""
    most = {TIME: days, Y: cells, X: cells}
    return {
        str(name): {"chunks": tuple(min(length, most.get(str(dim), length)) for dim, length in array.sizes.items())}
        for name, array in data.data_vars.items()
        if array.dims[:1] == (TIME,)
    }


def write_zarr_in_blocks(path: Path, data: xr.Dataset, *, encoding: Mapping[str, Any]) -> None:
    """Write what ``write_zarr`` writes, and large arrays along time block by block, in whole chunks.

    Args:
        path: the folder of the store, as ``atomic`` gives it.
        data: in memory, or arrays that lie in files.
        encoding: encoding of variables; it names the ``chunks`` of the large ones.
    """
    large = {
        str(name): array
        for name, array in data.data_vars.items()
        if array.dims[:1] == (TIME,)
        and array.nbytes > large_arrays.IN_MEMORY
        and "chunks" in encoding.get(str(name), {})
    }
    later = {
        name: array.copy(data=dask.array.zeros(array.shape, dtype=array.dtype, chunks=encoding[name]["chunks"]))
        for name, array in large.items()
    }
    write_zarr(path, data.assign(later), encoding=encoding, compute=not large)
    if not large:
        return
    for name, array in large.items():
        for piece in pieces(array.shape, encoding[name]["chunks"], array.dtype.itemsize):
            block = array[piece].values
            write_region(
                path, xr.Dataset({name: (array.dims, block)}), dict(zip(map(str, array.dims), piece, strict=True))
            )
            release(block)
