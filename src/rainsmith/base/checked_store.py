"""A folder of Zarr whose chunks are checked when they are read, so that damage names its file wherever it is met.

The folder may be the mirror of a store in a bucket: it holds the metadata, and chunks are read where they lie.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import google_crc32c
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import LocalStore

from rainsmith.base.bucket_clients import client_of, explained
from rainsmith.base.errors import UserError
from rainsmith.base.urls import Url

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

METADATA = (".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json")
"""Names of the files of Zarr that hold no values."""
CHUNKS_AT = ".bucket.json"
"""Name of the file that says, in the mirror of a store, where its chunks are."""
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
        chunks_at: where its chunks are and their version, where the folder is a mirror.
        read_only: must be true.
    """

    def __init__(
        self,
        root: Path,
        *,
        summed: Collection[str] = (),
        complete: bool = False,
        advice: str = "",
        chunks_at: tuple[Url, str] | None = None,
        read_only: bool = True,
    ) -> None:
        super().__init__(root, read_only=read_only)
        self.summed, self.complete, self.advice, self.chunks_at = frozenset(summed), complete, advice, chunks_at

    def with_read_only(self, read_only: bool = False) -> CheckedStore:
        return CheckedStore(
            self.root,
            summed=self.summed,
            complete=self.complete,
            advice=self.advice,
            chunks_at=self.chunks_at,
            read_only=read_only,
        )

    def __dask_tokenize__(self) -> tuple[str, str]:
        """A store that was written anew is another one."""
        if self.chunks_at is not None:
            return str(self.chunks_at[0]), self.chunks_at[1]
        return str(self.root.resolve()), str((self.root / "zarr.json").stat().st_mtime_ns)

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """One file of the store, or None where it does not exist and need not exist.

        Raises:
            UserError: a chunk is missing, cut off or damaged, or the bucket refuses or cannot be reached.
        """
        if self.chunks_at is None or key.rpartition("/")[2] in METADATA:
            value = await super().get(key, prototype, byte_range)
        else:
            from zarr.storage import ObjectStore  # which earlier versions of Zarr lack

            url = self.chunks_at[0] / key
            with explained(url):
                bucket = ObjectStore(client_of(url), read_only=True)
                value = await bucket.get(url.key, prototype or default_buffer_prototype(), byte_range)
        array, _, chunk = key.partition("/")
        if array in self.summed and (chunk == "c" or chunk.startswith("c/")) and byte_range is None:
            self._check(key, value)
        return value

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Names in a folder of the store, without those that are none of Zarr."""
        async for name in super().list_dir(prefix):
            if name != CHUNKS_AT:
                yield name

    def _place_of(self, key: str) -> Path | Url:
        return self.root / key if self.chunks_at is None else self.chunks_at[0] / key

    def _check(self, key: str, value: Buffer | None) -> None:
        if value is None:
            if self.complete:
                raise UserError(f"{self._place_of(key)} is missing; {self.advice}")
            return
        if not ends_in_its_checksum(value.as_numpy_array().tobytes()):
            raise UserError(f"{self._place_of(key)} is damaged: its checksum does not match; {self.advice}")
