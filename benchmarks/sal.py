"""Prints structure, amplitude and location (SAL) of members and baselines on days that are heavy by the predictors.

    python benchmarks/sal.py RUN [--members 3] [--baselines scaled-analogs bilinear]

It reads the samples of the test split, and prints for each forecast the median of S, A and L over days and members, and
the median of their absolute values. Needs `pip install '.[sal]'`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME, in_day_set
from rainsmith.config import load_config
from rainsmith.evaluate.forecasts_to_score import Forecast, baselines_of, samples_of
from rainsmith.metrics import sal
from rainsmith.run_folder import Run

SPLIT = "test"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--baselines", nargs="*", default=["scaled-analogs", "bilinear"])
    arguments = parser.parse_args()
    run = Run(arguments.run)
    store = run.open_store()
    config = load_config(run.folder / "config.yaml", None, {"evaluate.baselines": arguments.baselines})
    samples = samples_of(config, run, store, SPLIT)
    days = np.unique(np.concatenate([sample.days for sample in samples]))
    print("| forecast | S | A | L | size of S | size of A | cases |\n|---|---|---|---|---|---|---|", flush=True)
    for forecast in [*samples, *baselines_of(config, store, SPLIT, days)]:
        cases = scores(forecast, store, config.data.wet_mm, arguments.members)
        cases = cases[np.isfinite(cases).all(axis=1)]
        columns = [*np.median(cases, axis=0), *np.median(np.abs(cases[:, :2]), axis=0)]
        print(f"| {forecast.name} | {' | '.join(f'{value:.2f}' for value in columns)} | {len(cases)} |", flush=True)


def scores(forecast: Forecast, store: xr.Dataset, wet_mm: float, members: int) -> np.ndarray:
    """(cases, 3): S, A and L of the first members of every day of ``heavy_x``."""
    rows = []
    for piece, fields in forecast.pieces():
        days = store.isel({TIME: forecast.days[piece]})
        chosen = np.flatnonzero(in_day_set(days, "heavy_x"))
        drawn = fields if MEMBER in fields.dims else fields.expand_dims(MEMBER)
        drawn = drawn.isel({TIME: chosen, MEMBER: slice(members)}).load()
        observed = days["precip"].isel({TIME: chosen}).load()
        for day, member in np.ndindex(drawn.sizes[TIME], drawn.sizes[MEMBER]):
            rows.append(sal(drawn.isel({TIME: day, MEMBER: member}), observed.isel({TIME: day}), wet_mm=wet_mm))
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


if __name__ == "__main__":
    main()
