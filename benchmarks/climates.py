"""Trains a recipe on six small made climates and scores it against true members, to choose recipes.

    python benchmarks/climates.py --runs DIR [--climates NAME ...] [--set KEY=VALUE ...] [--split validation|test]
        [--seeds 0 ...]

`made_climates.py` says what the climates are. Each record has 3, 10 or 30 training years, one year that chooses the
epoch, two validation years, on which recipes are compared, and four test years for the recipe that was chosen. The
recipe is `model: auto`, changed by --set. --runs is one folder a recipe: a climate that is
trained there is not trained again, and a folder of another recipe is refused. The table is printed in Markdown, and
written with all figures to climates-SPLIT.json in that folder.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml
from held_out_years import trained
from made_climates import REGIONS, Region, configuration, write_files
from texture import members_of

from rainsmith import __version__, api
from rainsmith.base.dims import SPLITS
from rainsmith.base.json_files import read_json, write_json
from rainsmith.base.markdown import markdown_table
from rainsmith.baselines.registry import NotApplicable, forecast
from rainsmith.config import Config, load_config
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics import ensemble, extremes, lags, pooled
from rainsmith.metrics.core import Settings
from rainsmith.metrics.estimates import score_days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.log import read_log
from rainsmith.train.recipe import settled

MEMBERS, MANY = 10, 100
"""Members of every day, and of the days with the largest events."""
LONG = 50
"""True members of every day that give the true mean, wet fraction and P99.9."""
RECORDS = 5
"""Records whose largest events are looked at: the observed one, and further draws of the truth on the same days."""
CLIMATE, SKILL = (pooled.mean, pooled.wet_fraction, pooled.p999), (ensemble.crps, ensemble.twcrps_p99)
SHOWN = (*SKILL, *CLIMATE, ensemble.spread_skill, ensemble.rank_deviation, lags.fine_power)
TRUTH_SEED, RECORD_SEED = 0, 1

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="one folder a recipe")
    parser.add_argument("--climates", nargs="+", default=[r.name for r in REGIONS], choices=[r.name for r in REGIONS])
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--split", default="validation", choices=["validation", "test"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    overrides = {key: yaml.safe_load(value) for key, value in (item.split("=", 1) for item in arguments.set)}
    rows: list[dict[str, Any]] = []
    lines = []
    for region in [region for region in REGIONS if region.name in arguments.climates]:
        of_region = []
        for seed in arguments.seeds:
            of_region.append(measured(region, arguments.runs, {**overrides, "seed": seed}, arguments.split))
            write_json(arguments.runs / f"climates-{arguments.split}.json", record(rows + of_region, arguments.set))
        rows += of_region
        lines.append(line(of_region))
        print(markdown_table(HEADER, lines).splitlines()[-1], file=sys.stderr)
    print(markdown_table(HEADER, lines))


def record(rows: Sequence[Mapping[str, Any]], recipe: Sequence[str]) -> dict[str, Any]:
    """All figures, and what they depend on."""
    counts = {"members": MEMBERS, "many": MANY, "long": LONG, "records": RECORDS}
    return {"version": __version__, "set": list(recipe), **counts, "climates": list(rows)}


def measured(region: Region, runs: Path, overrides: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Train one climate with one seed, where that is not done yet, and score it."""
    run = Run(runs / f"{region.name}-{overrides['seed']}")
    config, minutes = train_once(region, configuration(region, run.folder / "data", dict(overrides)), run)
    started = time.process_time()
    figures = scored(region, config, run, split)
    facts = {"climate": region.name, "coarse": region.coarse, "years": region.years, "seed": config.seed}
    return {**facts, "cpu_minutes": minutes, "scoring_cpu_minutes": (time.process_time() - started) / 60, **figures}


def train_once(region: Region, config: Config, run: Run) -> tuple[Config, float | None]:
    """Make and train a climate, or go on where an earlier call stopped.

    Returns:
        The settled configuration, and CPU minutes of the training; None where it was stopped on its way, so that they
        are not known.

    Raises:
        SystemExit: the folder holds a training of another recipe.
    """
    if not run.store.exists():
        write_files(region, run.folder / "data")
        api.prepare(config, run.folder)
    config, _ = settled(config, run.open_store())
    if run.holds_training:
        refuse_other_recipe(config, run)
    clock = run.folder / "cpu_minutes.json"
    before, started = len(read_log(run.metrics_log)), time.process_time()
    trained(config, run)
    if before < config.train.planned_epochs:
        minutes = (time.process_time() - started) / 60 if before == 0 else None
        write_json(clock, {"training": minutes})
    return config, read_json(clock)["training"] if clock.exists() else None


def refuse_other_recipe(config: Config, run: Run) -> None:
    """Refuse a folder whose model was trained with other settings, which would be scored under a wrong name."""
    earlier = load_config(run.folder / "config.yaml")
    for section in ("seed", "data", "model", "train"):
        if values_of(earlier, section) != values_of(config, section):
            raise SystemExit(f"{run.folder} was made with other settings of '{section}'; give another --runs")


def values_of(config: Config, section: str) -> Any:
    """One section of a configuration without `data.root`, which RAINSMITH_DATA sets and these climates do not read."""
    return config.model_dump(exclude={"data": {"root"}})[section]


def scored(region: Region, config: Config, run: Run, split: str) -> dict[str, Any]:
    """Figures of the model, of the best baseline and of the truth on the years of one part of the record."""
    store, climate = scored_days(run.open_store(), region.spans[split]), region.climate()
    days = store.isel(time=np.flatnonzero(store["split"].values == SPLITS.index("test")))
    numbers = np.flatnonzero(climate.time.isin(days["time"]).values)
    if len(numbers) != days.sizes["time"]:
        raise SystemExit(f"{run.folder}: {len(numbers)} of its {days.sizes['time']} days are the climate's")
    settings, observed = settings_of(store, config), days["precip"]
    sampler = Sampler(checkpoints.load(run.checkpoints / "best_prior"), config.sampling, "auto")

    def truth(places: np.ndarray, members: int, seed: int = TRUTH_SEED) -> xr.DataArray:
        drawn = climate.truth_ensemble(numbers[places], members, seed)
        return drawn.assign_coords(time=days["time"][places])

    every = np.arange(len(numbers))
    long = truth(every, LONG)
    best = score_days(long.isel(member=slice(MEMBERS)), observed, SHOWN, settings=settings)
    best |= score_days(long, observed, CLIMATE, settings=settings)
    model = score_days(members_of(sampler, days, MEMBERS), observed, SHOWN, settings=settings)
    others = baselines(store, config, observed, settings)

    records = [observed, *truth(every, RECORDS - 1, RECORD_SEED).transpose("member", ...)]
    largest = [days_of_largest_events(field) for field in records]
    some = np.unique(np.concatenate(largest))
    drawn = {"model": members_of(sampler, days.isel(time=some), MANY, 16), "truth": truth(some, MANY)}
    envelope = {
        name: [
            score_days(
                members.isel(time=np.searchsorted(some, places)),
                field.isel(time=places),
                (extremes.envelope_top20,),
                settings=settings,
            )["envelope_top20"]
            for field, places in zip(records, largest, strict=True)
        ]
        for name, members in drawn.items()
    }
    return {"model": model, "truth": best, "baselines": others, "envelope_top20": envelope}


def scored_days(store: xr.Dataset, years: tuple[int, int]) -> xr.Dataset:
    """The training days of a store, and those days of its test split that lie in these years."""
    year, split = store["time"].dt.year.values, store["split"].values
    scored = (split == SPLITS.index("test")) & (year >= years[0]) & (year <= years[1])
    return store.isel(time=np.flatnonzero(scored | (split == SPLITS.index("train")))).load()


def days_of_largest_events(rain: xr.DataArray) -> np.ndarray:
    """The days that `envelope_top20` looks at: those with the largest cells, and all within 2 % of the twentieth."""
    peaks = np.nan_to_num(rain.values).max(axis=(1, 2))
    return np.flatnonzero(peaks >= 0.98 * np.sort(peaks)[-extremes.TOP])


def baselines(store: xr.Dataset, config: Config, observed: xr.DataArray, settings: Settings) -> dict[str, Figures]:
    """Proper scores of every baseline of an evaluation that these data allow."""
    scores = {}
    for name in config.evaluate.baselines:
        try:
            members = forecast(name, store, "test", MEMBERS, seed=config.seed)
        except NotApplicable:
            continue
        scores[name] = score_days(members, observed, SKILL, settings=settings)
    return scores


HEADER = (
    *["climate", "coarse rain", "years", "CRPS / true", "best baseline / true", "twCRPS P99 / true"],
    *["best baseline / true", "mean / true", "P99.9 / true", "wet cells - true, points", "spread_skill"],
    *["power below 4 cells / observed", "rank_deviation (true)", "envelope of top 20 (true), %"],
    "training, CPU minutes",
)


def line(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The row of one climate in the table: means over its seeds."""

    def mean(part: str, name: str) -> float:
        return float(np.mean([row[part][name] for row in rows]))

    def ratio(name: str) -> str:
        return f"{np.mean([row['model'][name] / row['truth'][name] for row in rows]):.3f}"

    def baseline(name: str) -> str:
        best = [min(row["baselines"].items(), key=lambda item: item[1][name]) for row in rows]
        value = np.mean([scores[name] / row["truth"][name] for (_, scores), row in zip(best, rows, strict=True)])
        return f"{value:.3f} ({', '.join(dict.fromkeys(title for title, _ in best))})"

    wet = 100 * (mean("model", "wet_fraction") - mean("truth", "wet_fraction"))
    model, truth = (100 * mean("envelope_top20", name) for name in ("model", "truth"))
    minutes = [row["cpu_minutes"] for row in rows if row["cpu_minutes"] is not None]
    return [
        *[rows[0]["climate"], rows[0]["coarse"], str(rows[0]["years"]), ratio("crps"), baseline("crps")],
        *[ratio("twcrps_p99"), baseline("twcrps_p99"), ratio("mean"), ratio("p999"), f"{wet:+.1f}"],
        f"{mean('model', 'spread_skill'):.3f}",
        f"{mean('model', 'fine_power') / mean('model', 'observed_fine_power'):.2f}",
        f"{mean('model', 'rank_deviation'):.3f} ({mean('truth', 'rank_deviation'):.3f})",
        f"{model:.0f} ({truth:.0f}): {model - truth:+.0f}",
        f"{np.mean(minutes):.1f}" if minutes else "unknown",
    ]


if __name__ == "__main__":
    main()
