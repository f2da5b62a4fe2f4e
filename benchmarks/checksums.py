"""What the checksums of Zarr cost: time and size of a store of rain and of members, written and read with and without.

    python benchmarks/checksums.py [--days 1100] [--repeats 5]

Both ways are written and read in turn, and the fastest of the repeats counts, in seconds of processor time,
since the clock of a machine that others use says more about the others.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from zarr.codecs import ZstdCodec

from rainsmith.base.cf import from_cf
from rainsmith.base.zarr_files import open_zarr, write_zarr

GRIDS = {"demo": (40, 36), "uk": (112, 82)}
"""Rows and columns of fine cells."""
MEMBERS, CHUNK_DAYS = 10, 16


def rain(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Amounts [mm/day] that compress like rain: half of them are 0, the others have float32 digits of their own."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.5, 0, rng.gamma(0.5, 9, shape)).astype(np.float32)


def fields(grid: tuple[int, int], days: int, kind: str) -> xr.Dataset:
    dims = ("time", "y", "x") if kind == "store" else ("time", "member", "y", "x")
    shape = (days, *grid) if kind == "store" else (days // 3, MEMBERS, *grid)
    return xr.Dataset({"precip": (dims, rain(shape, 0))})


def timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def write(path: Path, data: xr.Dataset, *, checked: bool) -> None:
    shutil.rmtree(path, ignore_errors=True)
    encoding: dict[str, Any] = {"chunks": (CHUNK_DAYS, *data["precip"].shape[1:])}
    if not checked:
        encoding["compressors"] = (ZstdCodec(level=0),)
    write_zarr(path, data, encoding={"precip": encoding})


def read(path: Path, *, checked: bool) -> None:
    opened = open_zarr(path, "") if checked else from_cf(xr.open_zarr(path, consolidated=False))
    opened["precip"].load(scheduler="synchronous")


def measured(data: xr.Dataset, folder: Path, repeats: int) -> list[tuple[float, float, float]]:
    """[MiB], [s] and [s] of size, writing and reading; first without and then with checksums."""
    times: dict[tuple[str, bool], list[float]] = {}
    for _ in range(repeats):
        for checked in (False, True):
            path = folder / f"{checked}.zarr"
            times.setdefault(("write", checked), []).append(timed(partial(write, path, data, checked=checked)))
            times.setdefault(("read", checked), []).append(timed(partial(read, path, checked=checked)))
    return [
        (size_of(folder / f"{checked}.zarr") / 2**20, min(times["write", checked]), min(times["read", checked]))
        for checked in (False, True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=1100, help="days of a store; a third of them has members")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    print("data | size without, with [MiB] | write without, with [s] | read without, with [s]")
    for (name, grid), kind in itertools.product(GRIDS.items(), ("store", "members")):
        data = fields(grid, given.days, kind)
        with tempfile.TemporaryDirectory() as folder:
            without, with_checksums = measured(data, Path(folder), given.repeats)
        pairs = [(old, new, new / old - 1) for old, new in zip(without, with_checksums, strict=True)]
        print(f"{name} {kind} | " + " | ".join(f"{old:.3f}, {new:.3f} ({more:+.2%})" for old, new, more in pairs))


if __name__ == "__main__":
    main()
