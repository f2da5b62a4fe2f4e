"""Zarr stores of samples, written batch by batch so that an interrupted sampling can go on, and NetCDF copies."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import xarray as xr

from rainsmith.base.bucket_products import claim, finish, move_files, remove_link
from rainsmith.base.checked_store import ends_in_its_checksum
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.json_files import read_json
from rainsmith.base.netcdf_files import write_netcdf
from rainsmith.base.pieces import Pieces
from rainsmith.base.replacing import replace
from rainsmith.base.scratch import ASIDE, scratch_folder
from rainsmith.base.shards import Shard
from rainsmith.base.urls import Url
from rainsmith.base.zarr_files import open_zarr, write_region, write_zarr

_REQUEST = "request"
"""Attribute of a store: a hash of what was asked for, by which a store that is finished is known."""
_WAIT_SECONDS = 600.0
"""[s] Time that a process waits for the others."""


class SampleWriter:
    """Writes fields of many days into a CF Zarr store, one chunk a batch of days: members, or what is made of them.

    The store grows in ``<name>.part`` and takes its name when every batch is there. After a crash or a full disk the
    finished batches stay and are not drawn again by the same request. Several processes of one ``torchrun``, or shards
    of the same request, may write different batches; others are kept out (``base/locks.py``, ``base/shards.py``).

    A store in a bucket grows there, and a link has its name here (``base/bucket_products.py``): each batch goes up when
    it is drawn, and the metadata when all are there.

    Args:
        target: the Zarr store to write.
        form: the dataset that the store becomes, such as ``form_of_members``; of its fields (time, ..., y, x) only
            shapes and attributes are read.
        batch_size: number of days of a batch.
        rank: number of this process of a ``torchrun``.
        world: number of its processes.
        bucket: where the store goes, if not to its place; not with shards.
        shard: which part of the batches this process writes, where the work is shared out to shards.
        keep: whether a finished store of the same request is left as it is, as shards leave it.

    Raises:
        UserError: shards of another request, or another number of shards, have begun to write this store.
    """

    def __init__(
        self,
        target: Path,
        form: xr.Dataset,
        *,
        batch_size: int,
        rank: int = 0,
        world: int = 1,
        bucket: Url | None = None,
        shard: Shard | None = None,
        keep: bool = False,
    ) -> None:
        self.keep = keep or shard is not None
        self.target, self.rank, self.world, self.batch_size = target, rank, world, batch_size
        self.bucket = bucket
        self.dims = {
            str(name): field.dims for name, field in form.data_vars.items() if {"time", "y", "x"} <= set(field.dims)
        }
        self.n_batches = -(-form.sizes["time"] // batch_size)
        self.part = target.with_name(target.name + ".part")
        request = {k: v for k, v in form.attrs.items() if k not in ("provenance", "history")}  # they say when
        request["days"] = [str(t) for t in form["time"].values]
        request["batch_size"] = batch_size  # the marks count batches of this size
        if bucket is not None:
            request["bucket"] = str(bucket)
        self.pieces = Pieces(target, request, shard, "rainsmith sample")
        self.marks = self.pieces.folder
        self.pieces.share([str(number) for number in range(self.n_batches)])
        if rank == 0 and not self.is_written:
            self._begin(form.assign_attrs({_REQUEST: self.pieces.key}))
        self._wait(self._is_begun)

    @property
    def is_written(self) -> bool:
        """Whether the store is finished and kept; one that is to be written anew must be deleted first."""
        return self.keep and not self.marks.exists() and self._is_own(self.target)

    def has(self, batch: int) -> bool:
        """Whether a batch is finished."""
        return self.pieces.has(str(batch))

    def write(self, batch: int, fields: Mapping[str, np.ndarray]) -> None:
        """Write the fields (N, ..., y, x) of one batch by name.

        Raises:
            UserError: the store is no longer there.
        """
        if not (self.marks.exists() and self.part.exists()):
            raise UserError(
                f"{self.part} has gone: another process has finished the store, or somebody deleted it; run the same "
                "command again"
            )
        start = batch * self.batch_size
        written = xr.Dataset({name: (self.dims[name], values) for name, values in fields.items()})
        write_region(self.part, written, {"time": slice(start, start + written.sizes["time"])})
        if self.bucket is not None:
            files = [file for name in self.dims for file in (self.part / name / "c" / str(batch)).rglob("*")]
            chunks = [file for file in files if file.is_file() and file.suffix != ".partial"]
            move_files(chunks, self.part, self.bucket)
        self.pieces.mark(str(batch))

    def close(self, export: Callable[[Path], object] = lambda store: None) -> bool:
        """Wait for every batch, then give the store its name; a shard does not wait.

        Args:
            export: called with the finished store by the one process that finished it; after a crash in it, it is
                called again.

        Returns:
            Whether the store is finished; False where other shards have batches left, or one of them finishes it now.

        Raises:
            UserError: a batch that a shard has written is damaged; it is to be drawn again.
        """
        if self.rank != 0:
            self._wait(self._is_closed)
            return True
        if self.is_written:
            return True
        if self.pieces.shard is None:
            self._wait(self._has_all)
            self._wait(lambda: all((self.marks / f"closed-{rank}").exists() for rank in range(1, self.world)))
        if not self.pieces.joins():
            return self.is_written
        self._take_name()
        export(self.target)
        self.pieces.remove()  # at once, so that no other process can add a mark
        if self.bucket is not None:
            shutil.rmtree(self.part, ignore_errors=True)
        return True

    def _begin(self, form: xr.Dataset) -> None:
        """Go on with the growing store of this request, or make it."""
        self.pieces.begin()
        for mark in self.marks.glob("closed-*"):  # of processes of a torchrun that were stopped
            mark.unlink(missing_ok=True)
        has_marks = not self.pieces.finished().isdisjoint(self.pieces.names)  # looked at before the store
        if self._is_begun():
            return
        if has_marks and self.pieces.shard is not None:
            raise UserError(f"{self.part} is missing, found marks of its batches; delete {self.marks} and begin anew")
        if has_marks:  # they go before the store: without marks nothing counts as drawn
            self.pieces.remove()
            self.pieces.begin()
        if self.bucket is not None:
            claim(self.bucket, self.target)
        self._create(form)

    def _is_begun(self) -> bool:
        """Whether the growing store of this request is there, or has taken its name and waits for what follows."""
        if self.is_written:
            return True
        return self.pieces.is_begun and (self._is_own(self.part) or (self._has_all() and self._is_own(self.target)))

    def _has_all(self) -> bool:
        return self.pieces.finished().issuperset(self.pieces.names)

    def _is_own(self, store: Path) -> bool:
        """Whether a store is of this request."""
        try:
            attributes = read_json(store / "zarr.json").get("attributes", {})
        except UserError:
            return False
        return bool(attributes.get(_REQUEST) == self.pieces.key)

    def _is_closed(self) -> bool:
        """Whether the first process has closed the store; as long as it has not, this one says that it has nothing left
        to write."""
        try:
            (self.marks / f"closed-{self.rank}").touch()
        except FileNotFoundError:
            return True
        return not self._is_own(self.part)

    def _take_name(self) -> None:
        """Put the grown store in the place of an older one, which is there until then.

        A process that is killed here leaves the older store in ``<name>.part``: it is known by its request.
        """
        if self.bucket is not None:
            finish(self.part, self.bucket)
            return
        with scratch_folder(self.target.parent, self.target.name) as scratch:
            if self._is_own(self.part):
                for chunk in self.part.rglob("*.partial"):  # of a process that was killed while it wrote one
                    chunk.unlink()
                if self.pieces.counts():
                    self._verify()
                remove_link(self.target)
                replace(self.target, self.part, scratch / ASIDE)
            if not self._is_own(self.target):
                raise UserError(f"{self.target} was replaced by another process meanwhile; run the same command again")
            if self.part.exists():
                self.part.rename(scratch / self.part.name)

    def _verify(self) -> None:
        """Read every chunk that shards have written, of which each ended on its own."""
        for batch, name in itertools.product(range(self.n_batches), self.dims):
            chunk = self.part.joinpath(name, "c", str(batch), *["0"] * (len(self.dims[name]) - 1))
            try:
                found = "damaged" if not ends_in_its_checksum(chunk.read_bytes()) else ""
            except FileNotFoundError:
                found = "missing"
            if found:
                raise UserError(f"{chunk} is {found}; {self.pieces.drop(str(batch))}")

    def _create(self, form: xr.Dataset) -> None:
        encoding, lazy = {}, {}
        for name in self.dims:
            chunks = (self.batch_size, *form[name].shape[1:])
            encoding[name] = {"chunks": chunks, "fill_value": np.float32(np.nan)}
            lazy[name] = form[name].copy(data=dask.array.zeros(form[name].shape, chunks=chunks, dtype=np.float32))
        store = form.assign(lazy)
        with scratch_folder(self.target.parent, self.part.name) as scratch:
            write_zarr(scratch / self.part.name, store, encoding=encoding, compute=False)
            if self.part.exists() and not self._is_own(self.part):
                self.part.rename(scratch / "older")
            try:
                (scratch / self.part.name).rename(self.part)
            except OSError:
                if not self._is_own(self.part):  # else another shard was first
                    raise

    def _wait(self, condition: Any) -> None:
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > _WAIT_SECONDS:
                raise UserError(f"{self.part}: another process did not finish its batches; run the same command again")
            time.sleep(0.05)


def copy_to_netcdf(samples: Path) -> Path:
    """Copy a store of samples or forecasts into a NetCDF file beside it, with compression."""
    target = samples.with_suffix(".nc")
    with open_zarr(samples, "run the command that writes it") as opened, atomic(target) as scratch:
        large = [str(name) for name, field in opened.data_vars.items() if {"time", "y", "x"} <= set(field.dims)]
        write_netcdf(scratch, opened, compress=large)
    return target
