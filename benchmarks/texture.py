"""Prints scores of whole fields of members on training and validation days: whether members look like rain.

    python benchmarks/texture.py RUN [RUN ...] [--members 8] [--train-step 3] [--validation-step 1] [--temperature T]

It draws prior members of every third training day and of all validation days, and prints for each run, as a Markdown
table, the members' figure over the observed one, or the score itself. It reads no test day, so settings may be chosen
by it. A step of 0 leaves that split out. Without temperatures the members are drawn with that of the run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.data.dataset import Days
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics import borders, ensemble, lags, pooled, spatial
from rainsmith.metrics.core import Settings
from rainsmith.metrics.estimates import score_days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler

SHOWN = (
    *[lags.fine_power, lags.correlation_length, borders.block_borders],
    *[pooled.mean, pooled.max_daily, pooled.p99, pooled.p999, spatial.spatial_std, spatial.ralsd],
    *[lags.variogram_score, spatial.energy_score, ensemble.crps, ensemble.twcrps_p99],
    *[ensemble.spread_skill, ensemble.rank_deviation],
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--train-step", type=int, default=3)
    parser.add_argument("--validation-step", type=int, default=1)
    parser.add_argument("--temperature", type=float, nargs="+")
    parser.add_argument("--checkpoint", default="best_prior")
    arguments = parser.parse_args()
    names = [metric.name for metric in SHOWN]
    print(f"| run, days, temperature | {' | '.join(names)} |\n|{'---|' * (1 + len(names))}")
    for folder in arguments.runs:
        run = Run(folder)
        store = run.open_store()
        loaded = checkpoints.load(run.checkpoints / arguments.checkpoint)
        how = loaded.config.sampling
        for split, step in (("train", arguments.train_step), ("validation", arguments.validation_step)):
            if step == 0:
                continue
            days = in_split(store, split).isel(time=slice(None, None, step)).load()
            for temperature in arguments.temperature or [how.temperature]:
                sampler = Sampler(loaded, how.model_copy(update={"temperature": temperature}), "auto")
                values = figures(sampler, days, settings_of(store, loaded.config), arguments.members)
                cells = (f"{values[name] / values.get(f'observed_{name}', 1.0):.4g}" for name in names)
                print(f"| {folder.name}, {split}, {temperature:g} | {' | '.join(cells)} |", flush=True)


def figures(sampler: Sampler, days: xr.Dataset, settings: Settings, members: int) -> dict[str, float]:
    """Scores of prior members of some days."""
    return score_days(members_of(sampler, days, members), days["precip"], SHOWN, settings=settings)


def members_of(sampler: Sampler, days: xr.Dataset, members: int, at_once: int = 64) -> xr.DataArray:
    """Prior members of some days: (time, member, y, x) [mm/day]."""
    reader, drawn = Days(days, in_memory=True), []
    for start in range(0, len(reader), at_once):
        batch = reader.batch(np.arange(start, min(start + at_once, len(reader))))
        drawn.append(sampler.draw(batch.x, batch.days, range(members)))
    coords = {name: days[name] for name in ("time", "y", "x")}
    return xr.DataArray(np.concatenate(drawn), dims=("time", "member", "y", "x"), coords=coords)


if __name__ == "__main__":
    main()
