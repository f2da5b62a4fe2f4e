"""Compares downscaling networks that are trained for the same minutes of processor time, on validation days.

    python benchmarks/downscalers.py RUN --minutes 3 --train q-srdrn:2e-3 unet:1.5e-3 unet-egp:1.5e-3:1100 [--seed 0]
        [--set downscale.filters=64]

A few steps are timed first, and the number of steps follows from the minutes; validations are counted in them. On a
busy machine the times of a few steps differ by a quarter: there, give the numbers of steps, found on an idle one. The
networks have one thread where OMP_NUM_THREADS=1 says so. Each line that is printed is a row of a Markdown table with
scores of all validation days [mm/day]. RUN is a run folder after `rainsmith prepare`, whose config.yaml is used, and
nothing is written there. It reads no test day.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import xarray as xr

from rainsmith.base.dims import TIME, in_split
from rainsmith.cli.options import parse_overrides
from rainsmith.config import Config, Downscale, load_config
from rainsmith.downscale.prediction import predict
from rainsmith.downscale.training import train_downscaler
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics.ensemble import mae, rmse
from rainsmith.metrics.estimates import score_days
from rainsmith.metrics.quantiles import as_members, quantile_metrics
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.run_folder import Run

TIMED = (4, 44)
"""Steps of the two trainings that are timed."""
VALIDATIONS = 3
"""Number of validations in each training."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--train", nargs="+", required=True, metavar="NETWORK:RATE[:STEPS]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    config = load_config(
        arguments.run / "config.yaml",
        overrides={"downscale.batch_size": 16, **parse_overrides(tuple(arguments.set))},
    )
    store = Run(arguments.run).open_store()
    names = [metric.name for metric in quantile_metrics(config.downscale.quantiles)]
    print(f"| network, rate | steps | minutes | validation loss | mae | rmse | {' | '.join(names)} |")
    print("|---" * (6 + len(names)) + "|", flush=True)
    for asked in arguments.train:
        network, rate, *steps = asked.split(":")
        changes = {"network": network, "lr": float(rate), "validations": VALIDATIONS}
        settings = Downscale(**config.downscale.model_dump() | changes)
        print(row_of(config, settings, store, arguments.minutes, arguments.seed, *map(int, steps)), flush=True)


def row_of(
    config: Config, settings: Downscale, store: xr.Dataset, minutes: float, seed: int, steps: int | None = None
) -> str:
    """Train a network for so many minutes, or steps where they are given, and score it: a row of the table."""

    def train(steps: int, validations: int) -> tuple[Downscaler, float]:
        started = time.process_time()
        module = train_downscaler(
            settings.model_copy(update={"validations": validations}),
            store.drop_dims(TIME).load(),
            in_split(store, "train"),
            in_split(store, "validation"),
            seed=seed,
            device="cpu",
            steps=steps,
            wet_mm=config.data.wet_mm,
            quiet=True,
        )
        return module, time.process_time() - started

    if steps is None:
        train(1, 0)  # the first products are prepared for all that follow
        few, more = (train(count, 0)[1] for count in TIMED)
        step = (more - few) / (TIMED[1] - TIMED[0])
        with_one = train(TIMED[0], 1)[1]
        rest = 60 * minutes - (few - TIMED[0] * step) - VALIDATIONS * (with_one - few)
        steps = max(VALIDATIONS, round(rest / step))
    module, seconds = train(steps, VALIDATIONS)
    days = in_split(store, "validation").load()
    forecast = predict(module, days)
    metrics = quantile_metrics(settings.quantiles)
    scores = score_days(as_members(forecast["quantiles"]), days["precip"], metrics, settings=settings_of(store, config))
    errors = [float(score(forecast["precip"], days["precip"])) for score in (mae, rmse)]
    last = module.history[-1]
    losses = min(entry["validation"] for entry in module.history)
    figures = [losses, *errors, *(scores[metric.name] for metric in metrics)]
    start = f"{settings.network}, {settings.lr:g} | {last['step']:.0f} | {seconds / 60:.2f}"
    return f"| {start} | {' | '.join(f'{figure:.4g}' for figure in figures)} |"


if __name__ == "__main__":
    main()
