"""Measures the time and the largest memory of each stage on records that differ in years, cells or members.

    python benchmarks/memory.py [--years 5 20 80] [--cells 96 1000x1400] [--members 2] [--days 30]
                                [--folder FOLDER] [--keep]
                                [--stages prepare train sample quantiles evaluate augment downscale]
                                [--set KEY=VALUE ...] [--out benchmarks/results/FILE.json]

Each of --years, --cells (each way, or ROWSxCOLUMNS, multiples of 8) and --members takes several numbers, and every
combination is measured; with --days a year has only so many, its first ones. Synthetic rain, five predictors on 8 x 8
cells and a height lie in compressed NetCDF files of one year each. Every stage is a process of its own and trains a
small network for one epoch, so that the size alone makes the difference; --set train.patch=96 and the like change its
configuration. `anonymous` is memory that only the process can
give back; the rest is pages of files, which the system takes back when it needs them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COARSE = 8
FIRST_YEAR = 1941
STAGES = ("prepare", "train", "sample", "quantiles", "evaluate", "augment", "downscale")
CONFIG = {
    "data": {
        "kind": "gridded",
        "target": {"files": "rain_*.nc", "variable": "pr"},
        "predictors": [{"files": "coarse_*.nc", "variable": ["a", "b", "c", "d", "e"]}],
        "statics": [{"files": "height.nc", "variable": "height"}, {"derive": "distance_to_coast"}],
    },
    "model": {
        "name": "hierarchical",
        "levels": 2,
        "channels": [8, 8],
        "latent_channels": [2, 2],
        "x_blocks": 1,
    },
    "train": {"epochs": 1, "validation_days": 40, "batch_size": 32},
    "sampling": {"members": 2, "modes": ["prior"]},
    "quantiles": {"calibration_days": 40},
    "evaluate": {"resamples": 50},
    "augment": {"ratio": 0.01},
    "downscale": {"filters": 16, "blocks": 1, "fine_filters": 8, "steps": 20, "validations": 1},
}
"""All else is the default. JSON is YAML, so that no package is needed here and this process stays small."""
BEFORE_MEMBERS = ("prepare", "train")
"""Stages that do not depend on the number of members."""
WHOLE_YEAR = 366
SHORT_TEST = {"sample": ["--days", "heavy"], "quantiles": ["--days", "heavy", "--quantiles", "0.5", "0.95", "0.99"]}
"""Of whole years, heavy days alone are drawn; of shorter ones all."""


def grid(text: str) -> tuple[int, int]:
    """Rows and columns of ``--cells``: 96 for 96 x 96, or 1000x1400."""
    rows, _, columns = text.partition("x")
    sides = int(rows), int(columns or rows)
    if any(side < COARSE or side % COARSE for side in sides):
        raise argparse.ArgumentTypeError(f"{text} is no grid; expected multiples of {COARSE}, such as 96 or 1000x1400")
    return sides


def make(folder: Path, years: int, cells: tuple[int, int], most_days: int) -> None:
    """Write the files of a record of so many rows and columns, year by year, of at most so many days each."""
    import numpy as np
    import pandas as pd
    import xarray as xr
    from scipy import fft

    rows, columns = cells
    axes = {dim: (np.arange(side) + 0.5) * 5000.0 for dim, side in zip("yx", cells, strict=True)}
    fine = {dim: (dim, axis, {"units": "m"}) for dim, axis in axes.items()}
    coarse = {dim: (dim, axis.reshape(COARSE, -1).mean(axis=1), {"units": "m"}) for dim, axis in axes.items()}
    sea = np.hypot(*np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))) < 0.5
    wavenumber = np.hypot(fft.fftfreq(rows)[:, None], fft.rfftfreq(columns)[None])
    chunk = max(1, min(32, 2**24 // (4 * rows * columns)))  # days of 16 MiB
    for year in range(FIRST_YEAR, FIRST_YEAR + years):
        time = pd.date_range(f"{year}-01-01", f"{year}-12-31", freq="D")[:most_days]
        rng = np.random.default_rng(year)
        rain = np.empty((len(time), rows, columns), dtype=np.float32)
        means = np.empty((len(time), COARSE, COARSE), dtype=np.float32)
        for day in range(len(time)):  # one by one, so that a large grid is made in little memory
            noise = fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
            smooth = fft.irfft2(noise / (0.02 + wavenumber) ** 2, s=(rows, columns))
            smooth /= smooth.std()
            rain[day] = np.where(sea, np.nan, np.round(10 * np.maximum(smooth, 0) ** 1.5, 1))
            means[day] = smooth.reshape(COARSE, rows // COARSE, COARSE, columns // COARSE).mean(axis=(1, 3))
        fields = xr.DataArray(rain, dims=("time", "y", "x"), coords={"time": time, **fine}, attrs={"units": "mm/day"})
        packed = {"pr": {"zlib": True, "complevel": 1, "chunksizes": (min(chunk, len(time)), rows, columns)}}
        fields.to_dataset(name="pr").to_netcdf(folder / f"rain_{year}.nc", encoding=packed)
        predictors = xr.Dataset(coords={"time": time, **coarse})
        for name in "abcde":
            field = means + 0.5 * rng.standard_normal(means.shape)
            predictors[name] = (("time", "y", "x"), field.astype(np.float32), {"units": "1"})
        predictors.to_netcdf(folder / f"coarse_{year}.nc")
    height = xr.DataArray(np.add.outer(axes["y"], axes["x"]) / 1000.0, dims=("y", "x"), coords=fine)
    height.assign_attrs(units="m").to_dataset(name="height").to_netcdf(folder / "height.nc")


def configuration(folder: Path, years: int) -> Path:
    """Write the configuration of a record: its last years are the test years, those before for validation."""
    scored = max(1, years // 10)
    last = FIRST_YEAR + years - 1
    splits = {
        "train": [FIRST_YEAR, last - 2 * scored],
        "validation": [last - 2 * scored + 1, last - scored],
        "test": [last - scored + 1, last],
    }
    path = folder / "memory.yaml"
    path.write_text(json.dumps(CONFIG | {"data": CONFIG["data"] | {"root": str(folder), "splits": splits}}))
    return path


def measure(command: list[str]) -> dict[str, float]:
    """Seconds and peaks [MiB] of a process."""
    started = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name != "RAINSMITH_DATA"}  # replaces data.root
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    peaks = {"VmHWM": 0, "RssAnon": 0, "RssFile": 0}
    while True:
        try:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except OSError:
            lines = []
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        for name in peaks:
            peaks[name] = max(peaks[name], int(values.get(name, "0").split()[0]))
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.02)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "processor seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak": max(peaks["VmHWM"], usage.ru_maxrss) // 1024,  # a stage may let the system count anew
        "anonymous": peaks["RssAnon"] // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--years", type=int, nargs="+", default=[5, 20, 80])
    parser.add_argument("--cells", type=grid, nargs="+", default=[(96, 96)], help="each way, or ROWSxCOLUMNS (96)")
    parser.add_argument("--days", type=int, default=WHOLE_YEAR, help="of each year, its first ones (all)")
    parser.add_argument("--members", type=int, nargs="+", default=[2])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="changes of the configuration")
    parser.add_argument("--folder", type=Path, help="where the records and runs lie; those that are there are used")
    parser.add_argument("--keep", action="store_true", help="leave them there")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.folder, options.years[0], options.cells[0], options.days)
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="rainsmith-memory-"))
    figures: dict[str, dict[str, dict[str, float]]] = {}
    records = list(itertools.product(options.years, options.cells))
    try:
        for years, (rows, columns) in records:
            record = f"{years}-{rows}x{columns}-{options.days}"
            files, run = folder / f"{record}-files", folder / f"{record}-run"
            make_once(files, years, f"{rows}x{columns}", options.days)
            config = configuration(files, years)
            for members in options.members:
                for stage in options.stages:
                    if stage in BEFORE_MEMBERS and members != options.members[0]:
                        continue
                    changes = ["--set", f"sampling.members={members}", f"quantiles.members={members}", *options.set]
                    name = "sample" if stage == "quantiles" else stage
                    command = [sys.executable, "-m", "rainsmith.cli.main", name]
                    short = SHORT_TEST.get(stage, []) if options.days >= WHOLE_YEAR else []
                    command += ["--config", str(config), "--run", str(run), *short, *changes]
                    if stage == "train":
                        shutil.rmtree(run / "checkpoints", ignore_errors=True)
                    size = f"{years} years, {rows} x {columns} cells, {members} members"
                    figures.setdefault(stage, {})[size] = measure(command)
                    print(f"{stage}, {size}: {figures[stage][size]}", flush=True)
            if not options.keep:
                shutil.rmtree(files)
                shutil.rmtree(run)
    finally:
        if options.folder is None and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n| stage | record | peak (anonymous), MiB | seconds | processor seconds |\n|---|---|---|---|---|")
    for stage, by_size in figures.items():
        for size, f in by_size.items():
            print(f"| {stage} | {size} | {f['peak']} ({f['anonymous']}) | {f['seconds']} | {f['processor seconds']} |")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def make_once(folder: Path, years: int, cells: str, most_days: int) -> None:
    """Write the files of a record in a process of its own, unless they are there, so that this one stays small."""
    if (folder / "height.nc").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    size = ["--make", "--years", str(years), "--cells", cells, "--days", str(most_days)]
    subprocess.run([sys.executable, __file__, *size, "--folder", str(folder)], check=True)


if __name__ == "__main__":
    main()
