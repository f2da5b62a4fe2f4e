"""A folder of Zarr whose chunks are checked when they are read, so that damage names its file wherever it is met."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import google_crc32c
from zarr.storage import LocalStore

from rainsmith.base.errors import UserError

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

_CRC_BYTES = 4


def ends_in_its_checksum(data: bytes) -> bool:
    """Whether a chunk that ends in its CRC32C is what was written."""
    return google_crc32c.value(data[:-_CRC_BYTES]).to_bytes(_CRC_BYTES, "little") == data[-_CRC_BYTES:]


class CheckedStore(LocalStore):
    """A local store, read only, whose damaged chunks are refused in one line.

    Arrays are read late, by whatever stage needs them. The checksum that Zarr itself compares would fail there without
    the name of the file.

    Args:
        root: the folder of the store.
        summed: names of the arrays whose chunks end in their CRC32C.
        complete: whether every chunk exists; otherwise a missing one holds the fill value, as Zarr allows.
        advice: what to do about damage.
        read_only: must be true.
    """

    def __init__(
        self, root: Path, *, summed: Collection[str], complete: bool, advice: str, read_only: bool = True
    ) -> None:
        super().__init__(root, read_only=read_only)
        self.summed, self.complete, self.advice = frozenset(summed), complete, advice

    def with_read_only(self, read_only: bool = False) -> CheckedStore:
        return CheckedStore(
            self.root, summed=self.summed, complete=self.complete, advice=self.advice, read_only=read_only
        )

    def __dask_tokenize__(self) -> tuple[str, int]:
        """A store that was written anew is another one."""
        return str(self.root.resolve()), (self.root / "zarr.json").stat().st_mtime_ns

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """One file of the store, or None where it does not exist and need not exist.

        Raises:
            UserError: a chunk is missing, cut off or damaged.
        """
        value = await super().get(key, prototype, byte_range)
        array, _, chunk = key.partition("/")
        if array in self.summed and (chunk == "c" or chunk.startswith("c/")) and byte_range is None:
            self._check(key, value)
        return value

    def _check(self, key: str, value: Buffer | None) -> None:
        if value is None:
            if self.complete:
                raise UserError(f"{self.root / key} is missing; {self.advice}")
            return
        if not ends_in_its_checksum(value.as_numpy_array().tobytes()):
            raise UserError(f"{self.root / key} is damaged: its checksum does not match; {self.advice}")
