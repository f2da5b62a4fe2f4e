"""Does a memory of the noise help? Spells of member series against observed ones, on validation days.

    python benchmarks/noise_memory.py RUN [--memory 0 0.3 0.6 0.8] [--members 4]

Draws prior members of all validation days of a trained run with several values of `sampling.noise_memory`, and prints
the indices that link days beside the observed ones, as a Markdown table. The fields of single days have the same
distribution whatever the memory is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from rainsmith.base.dims import TIME, in_split
from rainsmith.data.dataset import Days
from rainsmith.evaluate.climate import reference_of
from rainsmith.metrics.climate import INDICES
from rainsmith.metrics.core import CELL
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--memory", type=float, nargs="+", default=[0.0, 0.3, 0.6, 0.8])
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--checkpoint", default="best_prior")
    arguments = parser.parse_args()
    run = Run(arguments.run)
    store = run.open_store()
    loaded = checkpoints.load(run.checkpoints / arguments.checkpoint)
    days = in_split(store, "validation").load()
    wet_mm = loaded.config.data.wet_mm
    reference, reader = reference_of(store, wet_mm), Days(days)
    names = [index.name for index in INDICES if index.of_series]
    print(f"| memory | {' | '.join(names)} |\n|{'---|' * (1 + len(names))}")
    for memory in arguments.memory:
        how = loaded.config.sampling.model_copy(update={"noise_memory": memory, "keep_levels": None})
        sampler = Sampler(loaded, how, "auto")
        climate = reference.climate(days[TIME], arguments.members + 1)
        for start in range(0, len(reader), how.batch_size):
            chosen = np.arange(start, min(start + how.batch_size, len(reader)))
            batch = reader.batch(chosen)
            drawn = sampler.draw(batch.x, batch.days, range(arguments.members), calendar=str(days[TIME].dt.calendar))
            series = np.concatenate([drawn, batch.y.numpy()[:, None]], axis=1).reshape(
                *drawn.shape[:1], -1, drawn[0, 0].size
            )
            valid = batch.valid.numpy().reshape(len(chosen), -1)[:, reference.cells]
            fields = np.where(valid[:, None], series[:, :, reference.cells], 0.0).astype(np.float32)
            climate.add(chosen, fields, valid)
        indices = climate.indices()
        means = {name: indices[name].mean(CELL).values for name in names}
        if memory == arguments.memory[0]:
            print("| observed | " + " | ".join(f"{means[name][-1]:.3g}" for name in names) + " |")
        print(f"| {memory:g} | " + " | ".join(f"{means[name][:-1].mean():.3g}" for name in names) + " |")


if __name__ == "__main__":
    main()
