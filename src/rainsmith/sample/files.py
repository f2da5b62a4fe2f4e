"""Zarr stores of samples, written batch by batch so that an interrupted sampling can go on, and NetCDF copies."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import xarray as xr

from rainsmith.base.bucket_products import claim, finish, move_files, remove_link
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.netcdf_files import write_netcdf
from rainsmith.base.scratch import scratch_folder
from rainsmith.base.urls import Url
from rainsmith.base.zarr_files import open_zarr, write_region, write_zarr
from rainsmith.sample.attributes import describe_members

_WAIT_SECONDS = 600.0
"""[s] Time that a process waits for the others."""


class SampleWriter:
    """Writes (time, member, y, x) members [mm/day] into a CF Zarr store, one chunk a batch of days.

    The store grows in ``<name>.part`` and takes its name when every batch is there. After a crash or a full disk the
    finished batches stay and are not drawn again by the same request. Several processes of one ``torchrun`` may write
    different batches; of others the caller keeps out (``base/locks.py``).

    A store in a bucket grows there, and a link has its name here (``base/bucket_products.py``): each batch goes up when
    it is drawn, and the metadata when all are there.

    Args:
        target: the Zarr store to write.
        days: the days, with coordinates and grid mapping.
        members: number of members a day.
        batch_size: number of days of a batch.
        attrs: attributes of the store.
        rank: number of this process.
        world: number of processes.
        bucket: where the store goes, if not to its place.
    """

    def __init__(
        self,
        target: Path,
        days: xr.Dataset,
        *,
        members: int,
        batch_size: int,
        attrs: dict[str, Any],
        rank: int = 0,
        world: int = 1,
        bucket: Url | None = None,
    ) -> None:
        self.target, self.rank, self.world, self.batch_size = target, rank, world, batch_size
        self.bucket = bucket
        self.n_batches = -(-days.sizes["time"] // batch_size)
        self.part = target.with_name(target.name + ".part")
        self.marks = target.with_name(target.name + ".done")
        request = {k: v for k, v in attrs.items() if k not in ("provenance", "history")}  # they say when
        request["days"] = [str(t) for t in days["time"].values]
        request["batch_size"] = batch_size  # the marks count batches of this size
        if bucket is not None:
            request["bucket"] = str(bucket)
        self._ready = self.marks / (
            "ready-" + hashlib.sha256(json.dumps(request, default=str).encode()).hexdigest()[:16]
        )
        if rank == 0:
            if not self._is_begun():
                if bucket is not None:
                    claim(bucket, target)
                shutil.rmtree(self.marks, ignore_errors=True)  # before the store: without marks nothing counts as drawn
                shutil.rmtree(self.part, ignore_errors=True)
                self._create(days, members, attrs)
                self.marks.mkdir(parents=True, exist_ok=True)
                self._ready.touch()
            for mark in self.marks.glob("closed-*"):  # of processes that were stopped
                mark.unlink(missing_ok=True)
        self._wait(self._is_begun)

    def has(self, batch: int) -> bool:
        """Whether a batch is finished."""
        return (self.marks / str(batch)).exists()

    def write(self, batch: int, precip: np.ndarray) -> None:
        """Write the members (N, K, y, x) of one batch."""
        start = batch * self.batch_size
        region = {"time": slice(start, start + len(precip))}
        array = xr.Dataset({"precip": (("time", "member", "y", "x"), precip)})
        write_region(self.part, array, region)
        if self.bucket is not None:
            files = (self.part / "precip" / "c" / str(batch)).rglob("*")
            chunks = [file for file in files if file.is_file() and file.suffix != ".partial"]
            move_files(chunks, self.part, self.bucket)
        (self.marks / str(batch)).touch()

    def close(self) -> None:
        """Wait for every batch, then give the store its name."""
        if self.rank != 0:
            self._wait(self._is_closed)
            return
        self._wait(lambda: all(self.has(batch) for batch in range(self.n_batches)))
        self._wait(lambda: all((self.marks / f"closed-{rank}").exists() for rank in range(1, self.world)))
        for chunk in self.part.rglob("*.partial"):  # of a process that was killed while it wrote one
            chunk.unlink()
        if self.bucket is not None:
            finish(self.part, self.bucket)
        else:
            remove_link(self.target)
            with atomic(self.target) as scratch:
                self.part.rename(scratch)
        with scratch_folder(self.target.parent, self.marks.name) as scratch:
            self.marks.rename(scratch / self.marks.name)  # at once, so that no other process can add a mark
        shutil.rmtree(self.part, ignore_errors=True)  # of a store in a bucket

    def _is_begun(self) -> bool:
        """Whether the growing store of this request is there."""
        return self._ready.exists() and (self.part / "zarr.json").is_file()

    def _is_closed(self) -> bool:
        """Whether the first process has closed the store; as long as it has not, this one says that it has nothing left
        to write."""
        try:
            (self.marks / f"closed-{self.rank}").touch()
        except FileNotFoundError:
            return True
        return False

    def _create(self, days: xr.Dataset, members: int, attrs: dict[str, Any]) -> None:
        shape = (days.sizes["time"], members, days.sizes["y"], days.sizes["x"])
        chunks = (self.batch_size, members, *shape[2:])
        store = describe_members(dask.array.zeros(shape, chunks=chunks, dtype=np.float32), days, attrs)
        encoding = {"precip": {"chunks": chunks, "fill_value": np.float32(np.nan)}}
        self.target.parent.mkdir(parents=True, exist_ok=True)
        write_zarr(self.part, store, encoding=encoding, compute=False)

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
