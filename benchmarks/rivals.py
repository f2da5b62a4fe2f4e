"""Compares the default model with other kinds of forecasts that are trained in the same minutes.

    python benchmarks/rivals.py --data NAME ... --minutes M --runs DIR [--rivals NAME ...] [--split validation|test]
        [--members 10] [--tries 2] [--every 1] [--ours RUN]

A NAME is uk, balearic or one of the made climates. `rival_models/` holds the rivals and says what they are made from.
Every rival and the default model are trained --tries times, each time for --minutes of processor time of one thread,
with another learning rate (its own times 1, 2, 0.5 ...); the CRPS on the validation split chooses. Analogs, which
need no training, and true members, where the climate is made, stand beside them. Of a made climate, --split validation
scores two years that chose nothing; of observed data it scores the split that chose epoch and learning rate.

What is trained or scored already in --runs is not done again. --ours takes the default model from a run folder, however
it was trained. The table is printed in Markdown and written with all figures to rivals-SPLIT.json there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from rival_models import RIVALS, ours
from rival_models.cases import ANALOGS, NAMES, Case, Scored, prepared
from rival_models.model import Budget, Facts, Rival, RivalModel
from rival_models.training import crps_of
from safetensors.torch import load_file, save_file
from texture import members_of

from rainsmith import __version__
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.json_files import read_json, write_json
from rainsmith.base.markdown import markdown_table
from rainsmith.baselines.registry import NotApplicable
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics import ensemble, lags, pooled, spatial
from rainsmith.metrics.estimates import score_days

FACTORS = (1.0, 2.0, 0.5, 4.0, 0.25)
"""Of the learning rate, try by try."""
SCORES = (ensemble.crps, ensemble.twcrps_p99, spatial.energy_score, lags.variogram_score)
SPREAD = (ensemble.spread_skill, ensemble.rank_deviation)
RATIOS = (pooled.mean, pooled.wet_fraction, pooled.p99, pooled.p999, lags.fine_power)
HEADER = (
    *["data", "forecast", "CRPS, mm", "twCRPS P99, mm", "energy score, mm", "variogram score", "spread_skill"],
    *["rank deviation", "mean / obs.", "wet cells / obs.", "P99 / obs.", "P99.9 / obs.", "power below 4 cells / obs."],
    *["seconds a member-day", "training, CPU minutes", "tries"],
)
OURS, OURS_TITLE = "ours", "**rainsmith**"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", required=True, choices=NAMES)
    parser.add_argument("--minutes", type=float, required=True, help="processor time of one training")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--rivals", nargs="*", default=list(RIVALS), choices=list(RIVALS))
    parser.add_argument("--split", default="validation", choices=["validation", "test"])
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--tries", type=int, default=2, choices=range(1, len(FACTORS) + 1))
    parser.add_argument("--every", type=int, default=1, help="score one day of so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ours", type=Path, help="a run folder of the default model on the same data")
    arguments = parser.parse_args()
    if arguments.ours and len(arguments.data) > 1:
        parser.error(f"--ours is one run, found {len(arguments.data)} names in --data; give one")
    torch.set_num_threads(1)
    rows: list[Facts] = []
    for name in arguments.data:
        case = prepared(name, arguments.runs, arguments.seed)
        rows += compared(case, arguments)
        record = {"version": __version__, "minutes": arguments.minutes, "split": arguments.split, "rows": rows}
        write_json(arguments.runs / f"rivals-{arguments.split}.json", record)
    print(markdown_table(HEADER, [line(row) for row in rows]))


def compared(case: Case, arguments: argparse.Namespace) -> list[Facts]:
    """All rows of one data set."""
    scored, count, seed = case.scored(arguments.split, arguments.every), arguments.members, arguments.seed
    kept = case.run.folder / "scores" / f"{arguments.split}-{count}-{arguments.every}"

    def row(name: str, title: str, draw: Callable[[], xr.DataArray], facts: Mapping[str, Any]) -> Facts:
        return once(kept / f"{name}.json", lambda: figures(scored, draw, count), {"forecast": title, **facts})

    rows = []
    if case.region is not None:
        rows.append(row("truth", "true members", lambda: scored.truth(count), {}))
    for name in ANALOGS:
        with suppress(NotApplicable):
            rows.append(row(name, name, lambda name=name: scored.analogs(name, count, seed), {}))  # type: ignore[misc]
    folder, facts = trained_ours(case, arguments)
    sampler = ours.sampler(folder, case.problem.config)
    rows.append(row(OURS, OURS_TITLE, lambda: members_of(sampler, scored.days, count), facts))
    for name in arguments.rivals:
        try:
            model, facts = trained(case, RIVALS[name], arguments)
        except UserError as error:
            print(f"{case.name}, {name}: left out. {error}")
            continue
        rows.append(row(name, RIVALS[name].title, lambda: model.members(scored.days, count, seed=seed), facts))  # noqa: B023
    return [{"data": case.name, **values} for values in rows]


def once(path: Path, work: Callable[[], Facts], facts: Mapping[str, Any]) -> Facts:
    """Scores from a file, or worked out and written there; other facts are a reason to work them out again."""
    if path.exists():
        known = read_json(path)
        if known["facts"] == facts:
            return {**facts, **known["figures"]}
    found = work()
    write_json(path, {"facts": dict(facts), "figures": found})
    print(f"{path.stem}: CRPS {found['crps']:.4f}", flush=True)
    return {**facts, **found}


def figures(scored: Scored, draw: Callable[[], xr.DataArray], count: int) -> Facts:
    """Scores of members of the scored days, and the processor time of drawing one of them [s]."""
    started = time.process_time()
    members, days = draw(), scored.days
    took = (time.process_time() - started) / (count * days.sizes["time"])
    settings = settings_of(scored.store, scored.case.problem.config)
    values = score_days(members, days["precip"], (*SCORES, *SPREAD, *RATIOS), settings=settings)
    return {**values, "seconds_per_member_day": took}


def trained_ours(case: Case, arguments: argparse.Namespace) -> tuple[Path, Facts]:
    """The checkpoints of the default model's best try, or those of --ours, and what is known of their training."""
    if arguments.ours:
        return arguments.ours / "checkpoints", {"source": str(arguments.ours)}
    tries = []
    for number, factor in enumerate(FACTORS[: arguments.tries]):
        path = case.run.network(number).folder / "facts.json"
        tries.append(try_of(path, arguments, lambda n=number, f=factor: ours.train(case, n, arguments.minutes, f)))  # type: ignore[misc]
    best = best_of(tries)
    return case.run.network(best).checkpoints, summary(tries, best)


def trained(case: Case, rival: Rival, arguments: argparse.Namespace) -> tuple[RivalModel, Facts]:
    """The best try of a rival, and what is known of its training; tries that are there already are read.

    Raises:
        UserError: the rival needs a package that is not installed.
    """
    tries, folder = [], case.run.folder / "rivals" / rival.name
    for number, factor in enumerate(FACTORS[: arguments.tries]):
        weights = folder / f"try-{number}.safetensors"

        def one(weights: Path = weights, factor: float = factor) -> Facts:
            torch.manual_seed(arguments.seed)
            model = rival.build(case.problem)
            facts = rival.train(model, case.problem, Budget(arguments.minutes, rival.lr * factor, arguments.seed))
            facts["validation_crps"] = crps_of(model.eval(), case.problem)
            with atomic(weights) as scratch:
                save_file({name: value.contiguous() for name, value in model.state_dict().items()}, scratch)
            return facts

        tries.append(try_of(weights.with_suffix(".json"), arguments, one))
    best = best_of(tries)
    model = rival.build(case.problem)
    model.load_state_dict(load_file(folder / f"try-{best}.safetensors"))
    return model.eval(), summary(tries, best)


def try_of(path: Path, arguments: argparse.Namespace, train: Callable[[], Facts]) -> Facts:
    """What is known of one try, from its file or from training it now.

    Raises:
        SystemExit: the file is of a training with other minutes or another seed.
    """
    asked = {"asked_minutes": arguments.minutes, "seed": arguments.seed}
    if not path.exists():
        write_json(path, {**train(), **asked})
    facts = read_json(path)
    if any(facts[key] != value for key, value in asked.items()):
        found = f"{facts['asked_minutes']:g} minutes and seed {facts['seed']}"
        raise SystemExit(f"{path} is of a training with {found}; give another --runs, or the same values")
    return facts


def best_of(tries: list[Facts]) -> int:
    """The number of the try with the lowest CRPS on validation days."""
    return min(range(len(tries)), key=lambda number: tries[number]["validation_crps"])


def summary(tries: list[Facts], best: int) -> Facts:
    """What the table and the JSON file say of the tries."""
    short = [{key: each[key] for key in ("lr", "minutes", "validation_crps", "stages")} for each in tries]
    extra = {key: tries[best][key] for key in ("energy_score_of_templates", "correlation") if key in tries[best]}
    return {"tries": short, "best_try": best, **extra}


def line(row: Mapping[str, Any]) -> list[str]:
    """The row of one forecast in the table."""
    tries = row.get("tries", [])
    scores = [f"{row[metric.name]:.4g}" for metric in SCORES]
    spread = [f"{row[metric.name]:.3f}" for metric in SPREAD]
    ratios = [f"{row[metric.name] / row[f'observed_{metric.name}']:.2f}" for metric in RATIOS]
    minutes = f"{tries[row['best_try']]['minutes']:.1f}" if tries else "-"
    drawn = f"{row['seconds_per_member_day']:.2g}" if tries else "-"
    return [row["data"], row["forecast"], *scores, *spread, *ratios, drawn, minutes, str(len(tries) or "-")]


if __name__ == "__main__":
    main()
