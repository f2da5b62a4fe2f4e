"""Compares ways to calibrate the quantiles of members, on validation days that the calibration has not seen.

    python benchmarks/quantile_calibration.py RUN [--members 60] [--step 2]

Members of every second validation day (--step) are drawn once. Each way is fitted on the days of every other week and
judged on the days of the weeks between, and the other way round. The table has the share of cell-days above each
quantile, and the pinball loss [mm/day]. No test day is read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from rainsmith.base.dims import TIME, in_split
from rainsmith.base.markdown import markdown_table
from rainsmith.data.dataset import Days
from rainsmith.metrics.bootstrap import calendar_blocks
from rainsmith.models import checkpoint as checkpoints
from rainsmith.quantiles.calibration import CLASSES, Calibration, class_of
from rainsmith.quantiles.climate import LEVELS as AMOUNTS
from rainsmith.quantiles.climate import traces_of
from rainsmith.quantiles.drawing import distributions
from rainsmith.quantiles.exceedances import Counts
from rainsmith.quantiles.mixture import MixtureTally
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler

LEVELS = [0.5, 0.95, 0.99, 0.999]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--members", type=int, default=60)
    parser.add_argument("--step", type=int, default=2)
    arguments = parser.parse_args()
    run = Run(arguments.run)
    loaded, store = checkpoints.load(run.checkpoints / "best_prior"), run.open_store()
    sampler = Sampler(loaded, loaded.config.sampling, "auto")
    traces = traces_of(in_split(store, "train"), sampler.threshold)
    days = in_split(store, "validation").isel({TIME: slice(None, None, arguments.step)}).load()
    weeks = calendar_blocks(days[TIME], 7)
    reader, mask, kept = Days(days, in_memory=True), sampler.mask.numpy(), []
    for number in range(len(reader)):
        batch = reader.batch(np.array([number]))
        (found,) = distributions(sampler, batch.x, batch.days, arguments.members, traces)
        kept.append((number, found, batch.y[0].numpy()[mask], batch.valid[0].numpy()[mask]))
    sums: dict[str, np.ndarray] = {}
    for half in (0, 1):
        tally, together = MixtureTally(len(kept), arguments.members), Counts()
        by_class = [Counts() for _ in range(len(CLASSES) + 1)]
        for number, found, observed, valid in kept:
            if weeks[number] % 2 == half:
                week = int(weeks[number]) // 2  # the tally halves its weeks once more
                tally.add(week, found, observed, valid)
                lowest, highest = found.levels(observed[:, None])
                together.add(week, lowest[valid, 0], highest[valid, 0])
                classes = class_of(found.mean)
                for kind in np.unique(classes[valid]):
                    chosen = valid & (classes == kind)
                    by_class[kind].add(week, lowest[chosen, 0], highest[chosen, 0])
        none, no_climates = np.zeros(len(CLASSES) + 1), np.zeros((len(CLASSES) + 1, len(AMOUNTS)))
        alike = np.tile(together.frequencies(), (len(none), 1))
        apart = np.stack([one.frequencies() for one in by_class])
        ways = {
            "members as they are, with traces": Calibration.as_it_is(),
            "one map of levels for all cells": Calibration(alike, none, no_climates),
            "a map for each class, no climate": Calibration(apart, none, no_climates),
            "a map for each class, each with its share": tally.calibration(),
        }
        print(f"shares of the classes: {ways['a map for each class, each with its share'].shares.tolist()}")
        for number, found, observed, valid in kept:
            if weeks[number] % 2 != half:
                for name, way in ways.items():
                    error = (observed[:, None] - way.quantiles(found, LEVELS))[valid]
                    loss = np.maximum(np.multiply(LEVELS, error), np.subtract(LEVELS, 1) * error)
                    of_day = np.array([(error > 0).sum(axis=0), loss.sum(axis=0), np.full(len(LEVELS), len(error))])
                    sums[name] = sums.get(name, 0) + of_day
    rows = []
    for name, (above, loss, cells) in sums.items():
        rows.append([name, *(", ".join(f"{value:.3g}" for value in one / cells) for one in (above, loss))])
    print(markdown_table(["", "exceeded 0.5, 0.95, 0.99, 0.999", "pinball loss, mm"], rows))


if __name__ == "__main__":
    main()
