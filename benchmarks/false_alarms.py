"""Counts how often the checks of the tail blame members that are true.

    python benchmarks/false_alarms.py [--climates 30] [--members 10] [--years 6] [--test-years 1]

Each embedded climate has another seed, and with it another weather. Its true members and the observation of a day are
exchangeable, so that every check that they miss is a false alarm. The script prints the rate of each check, and of
records on which some check is missed.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Config, load_config
from rainsmith.data.demo.climate import climate
from rainsmith.data.store import build_store
from rainsmith.evaluate.criteria import verdict
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.grading import Criterion
from rainsmith.evaluate.settings import settings_of
from rainsmith.evaluate.tail import TailWatch, tail_reference, tail_rows
from rainsmith.metrics.core import pair

FIRST_YEAR = 2001
DAYS_AT_ONCE = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--climates", type=int, default=30)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--years", type=int, default=6, help="of the record, the test years among them")
    parser.add_argument("--test-years", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the first climate")
    arguments = parser.parse_args()
    judged: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    blamed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.climates):
        config = small_climate(seed, arguments.years, arguments.test_years)
        lines = [line for line in tail_of_true_members(config, arguments.members) if line.grade != "n/a"]
        wrong = [line.name for line in lines if line.grade == "fail"]
        judged.update(line.name for line in lines)
        missed.update(wrong)
        blamed += bool(wrong)
    print("| check | missed by true members | judged in |\n|---|---|---|")
    for name, count in judged.items():
        print(f"| {name} | {missed[name]} | {count} |")
    print(f"| any check | {missed.total()} | {judged.total()} |")
    print(f"\n{blamed} of {arguments.climates} climates have a false alarm.")


def small_climate(seed: int, years: int, test_years: int) -> Config:
    """A small embedded climate whose last years are the test split, and the year before them the validation."""
    last, test = FIRST_YEAR + years - 1, FIRST_YEAR + years - test_years
    demo = {"ny": 20, "nx": 18, "ny_lr": 5, "nx_lr": 4, "first_year": FIRST_YEAR, "years": years, "seed": seed}
    splits = {"train": [FIRST_YEAR, test - 2], "validation": [test - 1, test - 1], "test": [test, last]}
    return load_config(overrides={"data.kind": "demo", "data.demo": demo, "data.splits": splits})


def tail_of_true_members(config: Config, members: int) -> list[Criterion]:
    """The checks of the tail for members of the true distribution of the test days."""
    truth = climate(config.data.demo)
    store = build_store(truth.raw(), config.data, {})
    days = in_split(store, "test")
    places = np.flatnonzero(truth.time.isin(days["time"]).values)
    drawn = truth.truth_ensemble(places, members).assign_coords(time=days["time"])
    return judge_tail(store, config, drawn)


def judge_tail(store: xr.Dataset, config: Config, members: xr.DataArray) -> list[Criterion]:
    """The checks of the tail for some members (time, member, y, x) [mm/day] of the test days."""
    days = np.flatnonzero(store["time"].isin(members["time"]).values)
    labels = {"model": "m", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    forecast = Forecast(labels, days, members.sizes["member"], lambda: iter([]), baseline=False)
    watch = TailWatch(tail_reference(store, settings_of(store, config)), forecast, store)
    for start in range(0, len(days), DAYS_AT_ONCE):
        some = np.arange(start, min(start + DAYS_AT_ONCE, len(days)))
        watch.add(some, pair(members.isel(time=some), store["precip"].isel(time=days[some])))
    rows = tail_rows(watch, forecast, whole_split=True, seed=config.seed)
    return [line for line in verdict(rows, "m", "test") if line.rule.of_tail]


if __name__ == "__main__":
    main()
