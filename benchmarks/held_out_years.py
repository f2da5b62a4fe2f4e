"""Scores settings on years that the training has not seen, without reading the test years.

    python benchmarks/held_out_years.py CONFIG --folds 2000:2001 2003:2002 2005:2004 --runs DIR [--set KEY=VALUE ...]

For every fold STOP:SCORED a model is trained on all years of the training and validation split except these two, with
the number of the fold as seed. The year STOP chooses best_prior, and SCORED has no part in training or choice. No year
chooses the last epoch, so it is scored on both. A comparison on a single validation year says little about other years.
The script prints a Markdown row for each checkpoint and set of days, as means over the years: the members' figure over
the observed one, or the score itself. A finished fold is not trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import yaml
from texture import SHOWN, figures

from rainsmith import api
from rainsmith.base.dims import in_day_set, in_split
from rainsmith.config import Config, load_config
from rainsmith.evaluate.settings import settings_of
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.log import read_log
from rainsmith.train.recipe import settled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--folds", nargs="+", required=True, help="STOP:SCORED years")
    parser.add_argument("--runs", type=Path, required=True, help="one folder a set of settings")
    parser.add_argument("--members", type=int, default=6)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    overrides = {key: yaml.safe_load(value) for key, value in (item.split("=", 1) for item in arguments.set)}
    years = years_of(load_config(arguments.config))
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for number, fold in enumerate(arguments.folds):
        stop, scored = (int(year) for year in fold.split(":"))
        config = load_config(
            arguments.config, None, {"data.splits": splits(years, stop, scored), "seed": number, **overrides}
        )
        run = Run(arguments.runs / f"{stop}-{scored}")
        trained(config, run)
        for name, split in (("best_prior", "test"), ("last", "validation"), ("last", "test")):
            for day_set, values in scores(config, run, name, split, arguments.members).items():
                rows.setdefault((name, day_set), []).append(values)
    names = [metric.name for metric in SHOWN]
    print(f"| checkpoint, days | {' | '.join(names)} |\n|{'---|' * (1 + len(names))}")
    for key, years_of_it in rows.items():
        print(f"| {', '.join(key)} | {' | '.join(f'{value:.3g}' for value in np.mean(years_of_it, axis=0))} |")


def years_of(config: Config) -> list[int]:
    """The years of the training and validation split."""
    years: list[int] = []
    for span in (config.data.splits.train, config.data.splits.validation):
        first, last = span[0], span[-1]
        if not (isinstance(first, int) and isinstance(last, int)):
            raise SystemExit(f"expected whole years in data.splits, found {span}")
        years += range(first, last + 1)
    return years


def splits(years: list[int], stop: int, scored: int) -> dict[str, object]:
    """``data.splits`` of a fold, with the scored year as test year."""
    rest = [[f"{year}-01-01", f"{year}-12-31"] for year in years if year not in (stop, scored)]
    return {"train": rest, "validation": [stop, stop], "test": [scored, scored]}


def trained(config: Config, run: Run) -> Config:
    """Prepare and train, or continue where an earlier call stopped; gives the settled configuration."""
    if not run.store.exists():
        api.prepare(config, run.folder)
    config, _ = settled(config, run.open_store())
    if len(read_log(run.metrics_log)) < config.train.planned_epochs:
        api.train(config, run.folder, resume=run.holds_training)
    return config


def scores(config: Config, run: Run, name: str, split: str, members: int) -> dict[str, list[float]]:
    """Figures of one checkpoint on one of the years left out, by set of days."""
    store = run.open_store()
    saved = sorted(run.checkpoints.glob("epoch_*.safetensors"))[-1] if name == "last" else run.checkpoints / name
    loaded = checkpoints.load(saved)
    sampler = Sampler(loaded, loaded.config.sampling, "auto")
    year, rows = in_split(store, split).load(), {}
    for day_set in ("all", "heavy_x"):
        days = year.isel(time=np.flatnonzero(in_day_set(year, day_set)))
        values = figures(sampler, days, settings_of(store, loaded.config), members)
        rows[day_set] = [
            values.get(metric.name, np.nan) / values.get(f"observed_{metric.name}", 1.0) for metric in SHOWN
        ]
    return rows


if __name__ == "__main__":
    main()
