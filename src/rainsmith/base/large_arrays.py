"""Arrays that may be larger than the memory: they lie in a file, and are worked on a few days at a time.

A stage names a folder with ``large_arrays_in``. Inside it, ``empty`` takes arrays above a limit from files there, which
have no name and vanish with the array or the process. They are numpy arrays like any other; ``blocks`` goes through
them and gives their pages back to the system, so that they are never in memory as a whole.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError

IN_MEMORY = 64 * 2**20
"""[bytes] Arrays up to this size are always kept in memory."""
BLOCK_BYTES = 16 * 2**20
"""[bytes] Size of a block; what is worked out of it takes a few times as much."""

Array = np.ndarray | xr.DataArray
_folder: ContextVar[Path | None] = ContextVar("folder of large arrays", default=None)


@contextmanager
def large_arrays_in(folder: Path) -> Iterator[None]:
    """In this block ``empty`` takes large arrays from files in a folder, which is made when the first one is."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def folder_of_large_arrays() -> Path | None:
    """The folder that ``large_arrays_in`` has named, None outside it."""
    return _folder.get()


def empty(shape: tuple[int, ...], dtype: Any = np.float32, *, in_memory: int | None = None) -> np.ndarray:
    """An array without values, in memory or, where it is large and a folder is named, in a file.

    Args:
        shape: of the array.
        dtype: of its values.
        in_memory: [bytes] an array up to this size is kept in memory; None takes ``IN_MEMORY``.

    Raises:
        UserError: the disk is too small.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    folder = _folder.get()
    if folder is None or size <= (IN_MEMORY if in_memory is None else in_memory):
        return np.empty(shape, dtype=dtype)
    with file_in(folder) as file:
        try:
            _reserve(file.fileno(), size)
        except OSError as error:
            raise no_room(size, folder, error) from None
        pages = mmap.mmap(file.fileno(), size)
    return np.frombuffer(pages, dtype=dtype).reshape(shape)


def file_in(folder: Path) -> Any:
    """A new file without a name, which vanishes when it is no longer used."""
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder, prefix=".rainsmith-")


def no_room(size: int, folder: Path, error: OSError) -> UserError:
    """The message where the disk is too small for so many bytes."""
    return UserError(
        f"no room for {size / 2**20:.0f} MiB of intermediate values in {folder} ({error.strerror}); "
        "free some space or give another --run folder"
    )


def _reserve(file: int, size: int) -> None:
    """Take the space on the disk now: a full disk would later end the process without a word."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.ftruncate(file, size)


def release(array: Array) -> None:
    """Give the memory of an array that lies in a file back to the system; its values stay, and are read again."""
    held = array if isinstance(array, np.ndarray) else array.variable._data  # what is lazy is not read for it
    pages = pages_of(held) if isinstance(held, np.ndarray) else None
    if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)


def pages_of(values: np.ndarray) -> mmap.mmap | None:
    """The pages of the file that an array lies in, None for one in memory."""
    base: Any = values
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) else None


def parts(length: int, size: int) -> Iterator[slice]:
    """Slices of a dimension, each of at most ``BLOCK_BYTES``.

    Args:
        length: of the dimension.
        size: [bytes] of one of its places.
    """
    step = max(1, BLOCK_BYTES // max(size, 1))
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))


def blocks(array: Array) -> Iterator[tuple[slice, np.ndarray]]:
    """The array piece by piece along its first dimension, as slices and values; lazy arrays are read so.

    Those of dask come in whole chunks of days, since a day read alone takes as long as its chunk.

    Args:
        array: (time, ...), or a map.
    """
    length = len(array)
    a_day, chunks = array.nbytes // max(length, 1), getattr(array, "chunks", None)
    chunk = chunks[0][0] if chunks else 1
    for days in parts(-(-length // chunk), chunk * a_day):
        part = slice(days.start * chunk, min(days.stop * chunk, length))
        yield part, np.asarray(array[part] if isinstance(array, np.ndarray) else array[part].values)
        release(array)


def blocks_of_days(array: xr.DataArray, positions: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Chosen days of an array piece by piece, as slices of the positions and values.

    Args:
        array: (time, ...), lazy, in memory or in a file.
        positions: places along time, in the order that is wanted.
    """
    for part in parts(len(positions), array.nbytes // max(len(array), 1)):
        yield part, np.asarray(array[positions[part]].values)
        release(array)


def count_where(array: Array, test: Callable[[np.ndarray], np.ndarray]) -> int:
    """The number of values that pass a test, which takes a block and gives bool of its shape."""
    return sum(int(test(block).sum()) for _, block in blocks(array))


def changed(array: xr.DataArray, change: Callable[[np.ndarray], np.ndarray]) -> xr.DataArray:
    """A copy whose values are changed block by block.

    Args:
        array: (time, ...), or a map.
        change: takes a block and gives new values of its shape and type.
    """
    values = empty(array.shape, array.dtype)
    for part, block in blocks(array):
        values[part] = change(block)
        release(values)
    return array.copy(data=values)


def replace_where(
    array: xr.DataArray, test: Callable[[np.ndarray], np.ndarray], value: float
) -> tuple[xr.DataArray, int]:
    """Replace the values that pass a test, and count them; the array itself is given back where none does."""
    count = count_where(array, test)
    if not count:
        return array, 0
    new = array.dtype.type(value)
    return changed(array, lambda block: np.where(test(block), new, block)), count


def days_of(array: xr.DataArray, positions: np.ndarray) -> xr.DataArray:
    """Chosen days of an array, as a copy; as a view where it lies in a file and the days follow each other.

    Args:
        array: (time, ...).
        positions: places along time, in the order that is wanted.
    """
    time, values = array.dims[0], array.values
    if pages_of(values) is not None and len(positions) and (np.diff(positions) == 1).all():
        return array.isel({time: slice(int(positions[0]), int(positions[-1]) + 1)})
    chosen = empty((len(positions), *values.shape[1:]), values.dtype)
    for part in parts(len(positions), values[:1].nbytes):
        chosen[part] = values[positions[part]]
        release(values)
        release(chosen)
    coords = array.coords.to_dataset().isel({time: positions}).coords
    return xr.DataArray(chosen, dims=array.dims, coords=coords, name=array.name, attrs=array.attrs)


def ever_finite(array: Array) -> np.ndarray:
    """Cells that hold a finite value on at least one day: bool (y, x)."""
    found = np.zeros(array.shape[1:], dtype=bool)
    for _, block in blocks(array):
        found |= np.isfinite(block).any(axis=0)
    return found


def any_finite(array: Array) -> np.ndarray:
    """Days that hold a finite value in at least one cell: bool (time,)."""
    found = np.zeros(len(array), dtype=bool)
    for part, block in blocks(array):
        found[part] = np.isfinite(block).any(axis=tuple(range(1, block.ndim)))
    return found
