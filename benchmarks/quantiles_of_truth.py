"""How much of the possible gain of a downscaler is reached on the demo, whose true quantiles are known.

    python benchmarks/quantiles_of_truth.py RUN [--members 400] [--network unet]

The table has the pinball losses [mm/day] of the test days: those of every arm of `rainsmith experiment` as a mean over
the seeds, those of the true quantiles (of many true members, the observation is not among them), and the share of the
way from the better control to the truth that an arm goes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME, in_split
from rainsmith.base.markdown import markdown_table
from rainsmith.config import load_config
from rainsmith.data.demo.climate import climate
from rainsmith.evaluate.settings import settings_of
from rainsmith.experiment.arms import CONTROLS
from rainsmith.metrics.estimates import score_days
from rainsmith.metrics.quantiles import QUANTILE, as_members, level_name, quantile_metrics
from rainsmith.quantiles.distribution import Distribution
from rainsmith.run_folder import Run

DAYS = 8
"""Days whose true members are drawn at once."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--members", type=int, default=400)
    parser.add_argument("--network", help="of the experiment; the first one without it")
    arguments = parser.parse_args()
    run = Run(arguments.run)
    config, store = load_config(run.folder / "config.yaml"), run.open_store()
    levels, days = config.downscale.quantiles, in_split(store, "test").load()
    columns = [f"pinball_{level_name(level)}" for level in levels]
    true = true_quantiles(config.data.demo, days, levels, arguments.members)
    settings = settings_of(store, config)
    truth = score_days(as_members(true), days["precip"], quantile_metrics(levels), settings=settings)
    results = pd.read_csv(run.folder / "experiment" / "results.csv")
    network = arguments.network or str(results["network"].iloc[0])
    of_arms = results[(results["network"] == network) & (results["days"] == "all")].groupby("arm")[columns].mean()
    control = of_arms.loc[[arm for arm in of_arms.index if arm in CONTROLS]].min()
    of_all = [*of_arms.iterrows(), ("truth", truth)]
    rows = [
        [
            arm,
            *(
                f"{row[name]:.4g} ({(control[name] - row[name]) / (control[name] - truth[name]):.0%})"
                for name in columns
            ),
        ]
        for arm, row in of_all
    ]
    print(markdown_table([f"{network}, {days.sizes[TIME]} test days", *columns], rows))


def true_quantiles(demo: object, days: xr.Dataset, levels: list[float], members: int) -> xr.DataArray:
    """Quantiles (time, quantile, y, x) [mm/day] of true members of the demo's days."""
    truth = climate(demo)
    numbers = np.flatnonzero(truth.time.isin(days[TIME]))
    if len(numbers) != days.sizes[TIME]:
        raise SystemExit(f"{len(numbers)} of {days.sizes[TIME]} test days are the demo's; give a run of the demo")
    mask = days["mask"].values
    fields = np.full((len(numbers), len(levels), *mask.shape), np.nan, np.float32)
    for start in range(0, len(numbers), DAYS):
        drawn = truth.truth_ensemble(numbers[start : start + DAYS], members, seed=1).values
        for place, of_day in enumerate(drawn):
            fields[start + place][:, mask] = Distribution(np.ascontiguousarray(of_day[:, mask].T)).quantiles(levels).T
    coords = {TIME: days[TIME], QUANTILE: levels, "y": days["y"], "x": days["x"]}
    return xr.DataArray(fields, dims=(TIME, QUANTILE, "y", "x"), coords=coords)


if __name__ == "__main__":
    main()
