"""Measures seconds and peak memory of evaluating three years of ten members on 156 x 132 cells, without baselines.

    python benchmarks/evaluate_large.py [--years 3] [--members 10] [--workers 2] [--out benchmarks/results/FILE.json]

It makes synthetic rain in a temporary folder: a store of one training year and the scored years, and their members in
the format of ``rainsmith sample``. A process of its own makes them, so that the memory is that of the evaluation alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import dask
import numpy as np
import pandas as pd
import xarray as xr
from scipy import fft

from rainsmith.config import Config, parse
from rainsmith.data.raw import RawData
from rainsmith.data.store import build_store, write_store
from rainsmith.evaluate.stage import evaluate
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import form_of_members
from rainsmith.sample.files import SampleWriter

FINE, BLOCK = (156, 132), 12
BATCH_DAYS = 16
FIRST_YEAR = 2000


def rain(days: int, members: int, seed: int) -> np.ndarray:
    """Smooth random rain (day, member, y, x) float32 [mm/day], about half of it dry."""
    rng = np.random.default_rng(seed)
    wavenumber = np.hypot(fft.fftfreq(FINE[0])[:, None], fft.rfftfreq(FINE[1])[None])
    noise = fft.rfft2(rng.standard_normal((days, members, *FINE), dtype=np.float32))
    smooth = fft.irfft2(noise / (0.02 + wavenumber) ** 2, s=FINE)
    smooth /= smooth.std(axis=(2, 3), keepdims=True)
    return np.asarray(10 * np.maximum(smooth, 0) ** 1.5, dtype=np.float32)


def configuration(years: int, members: int, baselines: Sequence[str] = ()) -> Config:
    judged = [FIRST_YEAR + 2, FIRST_YEAR + 1 + years]
    splits = {"train": [FIRST_YEAR] * 2, "validation": [FIRST_YEAR + 1] * 2, "test": judged}
    return parse(
        {
            "data": {"kind": "gridded", "splits": splits},
            "sampling": {"modes": ["prior"], "members": members},
            "evaluate": {"baselines": list(baselines)},
        }
    )


def write(folder: Path, years: int, members: int) -> None:
    """The run folder as ``prepare`` and ``sample`` leave it."""
    config, run = configuration(years, members), Run(folder)
    dates = pd.date_range(f"{FIRST_YEAR}-01-01", f"{FIRST_YEAR + 1 + years}-12-31", freq="D")
    fine = {"y": np.arange(FINE[0]) * 3000.0, "x": np.arange(FINE[1]) * 3000.0}
    fields = np.concatenate([rain(len(part), 1, i)[:, 0] for i, part in enumerate(np.array_split(dates, 40))])
    precip = xr.DataArray(fields, dims=("time", "y", "x"), coords={"time": dates, **fine}, attrs={"units": "mm/day"})
    coarse = precip.coarsen(y=BLOCK, x=BLOCK).mean().rename(y="y_lr", x="x_lr").drop_vars(("y_lr", "x_lr"))
    row, column = np.mgrid[: FINE[0], : FINE[1]]
    raw = RawData(
        precip=precip,
        predictors=coarse.expand_dims(channel=np.array(["rain_lag0"], dtype=object), axis=1),
        statics=xr.DataArray(
            np.ones((1, *FINE), "f4"),
            dims=("static", "y", "x"),
            coords={"static": np.array(["land"], dtype=object), **fine},
        ),
        coarse_row=xr.DataArray((row + 0.5) / BLOCK - 0.5, dims=("y", "x")),
        coarse_col=xr.DataArray((column + 0.5) / BLOCK - 0.5, dims=("y", "x")),
        coarse_rain_channel="rain_lag0",
        coarsen=BLOCK,
    )
    store = build_store(raw, config.data)
    write_store(store, run.store)
    days = store.isel(time=np.flatnonzero(store["split"].values == 2))
    about = {"model": "synthetic", "mode": "prior", "split": "test", "checkpoint": "none", "seed": 0}
    path = run.sample_path("synthetic", "prior", "test")
    writer = SampleWriter(path, form_of_members(days, members, about), batch_size=BATCH_DAYS)
    for batch in range(writer.n_batches):
        part = days["precip"].isel(time=slice(batch * BATCH_DAYS, (batch + 1) * BATCH_DAYS)).values
        writer.write(batch, {"precip": 0.5 * (part[:, None] + rain(len(part), members, 1000 + batch))})
    writer.close()


def _seconds(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2, help="blocks that dask measures at the same time")
    parser.add_argument("--scheduler", help="address of a dask scheduler, or 'local', instead of threads")
    parser.add_argument("--baselines", nargs="*", default=[], help="that are scored beside the members")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evaluate-large-") as folder:
        made = multiprocessing.get_context("spawn").Process(
            target=write, args=(Path(folder), options.years, options.members)
        )
        made.start()
        made.join()
        if made.exitcode:
            raise SystemExit(f"the samples were not written (exit code {made.exitcode})")
        before, made_by = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        started = time.perf_counter()
        with dask.config.set(num_workers=options.workers):
            config = configuration(options.years, options.members, options.baselines)
            evaluate(config, Run(Path(folder)), scheduler=options.scheduler)
        seconds = time.perf_counter() - started
    after, of_workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    figures = {
        "years": options.years,
        "members": options.members,
        "cells": list(FINE),
        "cores": len(os.sched_getaffinity(0)),
        "workers": options.workers,
        "scheduler": options.scheduler,
        "baselines": options.baselines,
        "seconds": round(seconds, 1),
        "processor seconds": round(_seconds(after) - _seconds(before), 1),
        "peak memory, MiB": after.ru_maxrss // 1024,
        "processor seconds of local workers": round(_seconds(of_workers) - _seconds(made_by), 1),
        "peak memory before, MiB": before.ru_maxrss // 1024,
    }
    text = json.dumps(figures, indent=1)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
