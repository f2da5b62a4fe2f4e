"""Large arrays that come in pieces: those of many files, and those that are read from one file."""

from __future__ import annotations

import itertools
import mmap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.large_arrays import (
    blocks,
    empty,
    file_in,
    folder_of_large_arrays,
    no_room,
    pages_of,
    release,
)


class Shelf:
    """Arrays of one type that come one by one, kept in memory up to a limit and in one file above it."""

    def __init__(self) -> None:
        self._shapes: list[tuple[int, ...]] = []
        self._held: list[np.ndarray] = []
        self._size = 0
        self._file: Any = None

    def add(self, values: np.ndarray) -> None:
        """Keep one more array.

        Raises:
            UserError: the disk is too small.
        """
        self._shapes.append(values.shape)
        self._held.append(values)
        self._size += values.nbytes
        folder = folder_of_large_arrays()
        if folder is None or (self._file is None and self._size <= large_arrays.IN_MEMORY):
            return
        self._file = file_in(folder) if self._file is None else self._file
        try:
            for held in self._held:
                for _, block in blocks(held):
                    self._file.write(np.ascontiguousarray(block))
            self._file.flush()
        except OSError as error:
            raise no_room(self._size, folder, error) from None
        self._held, self._dtype = [], values.dtype

    def arrays(self) -> list[np.ndarray]:
        """All arrays, in the order in which they came."""
        if self._file is None:
            return self._held
        with self._file as file:
            flat = np.frombuffer(mmap.mmap(file.fileno(), self._size), dtype=self._dtype)
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])
        return [flat[end - int(np.prod(s)) : end].reshape(s) for s, end in zip(self._shapes, ends, strict=True)]


def joined(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays (time, ...) behind one another, without a copy where they lie so in one file; the list is emptied."""
    shape = (sum(len(values) for values in arrays), *arrays[0].shape[1:])
    pages = pages_of(arrays[0])
    if len(arrays) == 1:
        return arrays.pop()
    if pages is not None and all(pages_of(values) is pages for values in arrays):
        places = [values.__array_interface__["data"][0] for values in arrays]
        if places[1:] == [place + values.nbytes for place, values in zip(places, arrays, strict=True)][:-1]:
            begin = np.frombuffer(pages, dtype=np.uint8).__array_interface__["data"][0]
            count = int(np.prod(shape))
            return np.frombuffer(pages, arrays[0].dtype, count, places[0] - begin).reshape(shape)
    whole, start = empty(shape, arrays[0].dtype), 0
    while arrays:  # each is dropped when it is copied, so that the whole is not held twice
        values = arrays.pop(0)
        whole[start : start + len(values)] = values
        start += len(values)
        release(values)
        release(whole)
    return whole


def read_float32(array: xr.DataArray) -> np.ndarray:
    """The values of an array that lies in a data file, as float32; a large one is read in pieces of whole chunks."""
    if 4 * array.size <= large_arrays.IN_MEMORY:
        return np.asarray(array.values.astype(np.float32, copy=False))
    values = empty(array.shape)
    read_into(values, array)
    return values


def read_into(values: np.ndarray, array: xr.DataArray) -> None:
    """Read an array that lies in a data file or a store, in pieces of whole chunks.

    A chunk is decompressed as a whole, so that days read one by one out of chunks of a year would take a year each.

    Args:
        values: takes the values, from ``empty``.
        array: of the same shape.
    """
    chunks = array.encoding.get("preferred_chunks") or {}
    for piece in pieces(array.shape, [int(chunks.get(dim, 1)) for dim in array.dims], 4):
        values[piece] = array[piece].values
        release(values)


def pieces(shape: tuple[int, ...], chunks: Sequence[int], itemsize: int) -> Iterator[tuple[slice, ...]]:
    """Parts of an array that are whole chunks, of at most ``large_arrays.BLOCK_BYTES`` where a chunk is not larger.

    Args:
        shape: of the array.
        chunks: their length along each dimension.
        itemsize: [bytes] of a value.
    """
    steps = [min(chunk, length) for chunk, length in zip(chunks, shape, strict=True)]
    for axis in reversed(range(len(shape))):  # whole rows first, then days
        room = large_arrays.BLOCK_BYTES // (itemsize * int(np.prod(steps)))
        steps[axis] = min(shape[axis], steps[axis] * max(1, room))
    for corner in itertools.product(*(range(0, length, step) for length, step in zip(shape, steps, strict=True))):
        yield tuple(slice(a, min(a + step, n)) for a, step, n in zip(corner, steps, shape, strict=True))
