"""Compares the CRPS of a run on the demo's test days with that of true members, which no model can improve on.

    python benchmarks/demo_yardstick.py RUN [--members 10]

The embedded climate has a known p(y | x), so its members and the observation of a day are exchangeable.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from rainsmith.base.dims import in_split
from rainsmith.config import load_config
from rainsmith.data.demo.climate import climate
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics import ensemble
from rainsmith.metrics.estimates import score_days
from rainsmith.run_folder import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--members", type=int, default=10)
    arguments = parser.parse_args()
    run = Run(arguments.run)
    config, store = load_config(run.folder / "config.yaml"), run.open_store()
    days, truth = in_split(store, "test").load(), climate(config.data.demo)
    numbers = np.flatnonzero(truth.time.isin(days["time"]))
    if len(numbers) != days.sizes["time"]:
        raise SystemExit(f"{run.folder}: {len(numbers)} of its {days.sizes['time']} test days are the demo's")
    members = truth.truth_ensemble(numbers, arguments.members).assign_coords(time=days["time"])
    best = score_days(members, days["precip"], (ensemble.crps,), settings=settings_of(store, config))["crps"]
    print(f"| members | CRPS, mm | over true members |\n|---|---|---|\n| true | {best:.3f} | 1 |")
    table = pd.read_csv(run.evaluation / "metrics.csv")
    table = table[(table["metric"] == "crps") & (table["days"] == "all") & (table["mode"] == "prior")]
    for model, value in table[["model", "value"]].itertuples(index=False):
        print(f"| {model} | {value:.3f} | {value / best:.3f} |")


if __name__ == "__main__":
    main()
