"""The stage ``experiment``: do synthetic days make a downscaler better? The same steps on other days, seed by seed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.augment.stage import synthesise
from rainsmith.base.console import console, progress
from rainsmith.base.dims import TIME, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, open_zarr
from rainsmith.config import Config, Network
from rainsmith.data.store import fingerprint_of
from rainsmith.downscale.stage import predict
from rainsmith.downscale.training import rose, train_downscaler
from rainsmith.evaluate.stage import Resampling, settings_of
from rainsmith.experiment.arms import BETTER, Trial, resolved, training_days, trials
from rainsmith.experiment.comparison import Scored, compare
from rainsmith.experiment.scores import DAY_SETS, bias_mapping, flat, score_trial
from rainsmith.experiment.text import as_markdown, sentences
from rainsmith.metrics.extremes import thresholds_of
from rainsmith.models import checkpoint as checkpoints
from rainsmith.plots.experiment import differences
from rainsmith.plots.style import picture
from rainsmith.run_folder import Run

__all__ = ["experiment"]


def experiment(config: Config, run: Run) -> pd.DataFrame:
    """Train every network of ``experiment.arms`` on every arm with every seed, score them, compare arms with controls.

    Writes ``experiment/runs/<network>-<arm>-s<seed>.nc`` as it goes (a trial that has its file is not made again),
    ``experiment/days/<arm>-s<seed>.zarr`` (the synthetic days, drawn anew for every arm and seed, so that the luck of
    one draw is not that of all), ``experiment/results.csv`` (a row a trial), ``experiment/comparisons.csv``,
    both in words, ``experiment/tables.md``, and the gains as a picture, ``experiment/comparisons.png``.

    Returns:
        The rows of ``comparisons.csv``.

    Raises:
        UserError: no store, no checkpoint to draw synthetic days from, an empty split, no median among the quantiles.
    """
    settings = config.experiment
    quantiles = config.downscale.quantiles
    if "q-srdrn" in settings.arms and 0.5 not in quantiles:
        raise UserError(
            f"downscale.quantiles are {quantiles}, without the 0.5 that q-srdrn has as its forecast; add it, or take "
            "q-srdrn out of experiment.arms"
        )
    store = run.open_store()
    domain = store.drop_dims(TIME).load()
    real, validation = in_split(store, "train").load(), in_split(store, "validation").load()
    scored_days = in_split(store, settings.split).load()
    for name, days in (("train", real), ("validation", validation), (settings.split, scored_days)):
        if not days.sizes[TIME]:
            raise UserError(f"the {name} split has no days; change data.splits or experiment.split")
    folder = run.folder / "experiment"
    limits = settings_of(store, config)
    resampling = Resampling(config.evaluate.block_days, config.evaluate.resamples, config.seed)
    data, source = fingerprint_of(store), _source(config, run)
    asked = list(trials(config))
    done: list[Trial] = []
    with progress() as bar:
        task = bar.add_task("experiment", total=len(asked), note="")
        for planned in asked:
            trial = resolved(planned, _better(planned, folder, done)) if planned.arm.mode == BETTER else planned
            path = folder / "runs" / f"{trial.key}.nc"
            bar.update(task, note=trial.key)
            own = _with_rate(config, trial.network)
            made_of = identity(own, trial, data, source)
            if not path.exists() or _about(path) != made_of:
                synthetic = _synthetic(config, run, trial, data, source) if trial.arm.mode else None
                days, weights = training_days(trial.arm, real, synthetic, config)
                started = time.monotonic()
                module = train_downscaler(
                    own.downscale.model_copy(update={"network": trial.network}),
                    domain,
                    days,
                    validation,
                    seed=trial.seed,
                    device=config.device,
                    steps=settings.steps,
                    weights=weights,
                    wet_mm=config.data.wet_mm,
                    quiet=True,
                )
                seconds = time.monotonic() - started
                if warning := rose(module.history):
                    console.print(f"{trial.key}: {warning}", soft_wrap=True)
                knots = bias_mapping(predict(module, validation)["precip"], validation["precip"], thresholds_of(limits))
                scores = score_trial(
                    predict(module, scored_days), scored_days, knots, settings=limits, resampling=resampling
                )
                loss = min(entry["validation"] for entry in module.history)
                attrs = {"identity": made_of, "validation_loss": loss, "seconds": round(seconds, 1)}
                attrs |= {"n_days": days.sizes[TIME], "mapping_from": knots[0], "mapping_to": knots[1]}
                with atomic(path) as scratch:
                    scores.assign_attrs(attrs).to_netcdf(scratch, engine="netcdf4")
            if trial not in done:  # better-25 may be an arm that is asked for by its own name, too
                done.append(trial)
            bar.advance(task)
    return _write_tables(config, folder, done)


def identity(config: Config, trial: Trial, data: str, source: str) -> str:
    """What a trial depends on, as JSON: one made of other settings, data or synthetic days is made again.

    Args:
        config: the configuration.
        trial: network, arm and seed.
        data: hash of the store.
        source: hash of the checkpoint that synthetic days come from.
    """
    values = config.model_dump(mode="json", include={"seed", "downscale", "evaluate"})
    values |= {"trial": trial.key, "steps": config.experiment.steps, "split": config.experiment.split, "data": data}
    values |= {"wet_mm": config.data.wet_mm, "scores": 2}  # the second form of what is kept of a trial
    if trial.arm.mode:
        values |= config.model_dump(mode="json", include={"augment", "sampling"}) | {"source": source}
        values["keep_levels"] = config.experiment.keep_levels
    return json.dumps(values, sort_keys=True)


def _with_rate(config: Config, network: Network) -> Config:
    """The configuration with the learning rate that ``experiment.lr`` has for a network, if any."""
    lr = config.experiment.lr.get(network, config.downscale.lr)
    return config.model_copy(update={"downscale": config.downscale.model_copy(update={"lr": lr})})


def _source(config: Config, run: Run) -> str:
    """Hash of the checkpoint that synthetic days are drawn from; "" where no arm asks for any."""
    if not any(trial.arm.mode for trial in trials(config)):
        return ""
    return checkpoints.load(run.checkpoints / config.sampling.checkpoint).sha256


def _synthetic(config: Config, run: Run, trial: Trial, data: str, source: str) -> xr.Dataset:
    """The synthetic days of an arm and a seed, those that ``rainsmith augment`` would draw; drawn once."""
    path = run.folder / "experiment" / "days" / f"{trial.arm.name}-s{trial.seed}.zarr"
    settings = config.augment
    changes: dict[str, Any] = {"mode": trial.arm.mode, "ratio": trial.arm.percent / 100}
    changes["seed"] = settings.seed + trial.seed
    if trial.arm.mode == "posterior" and settings.keep_levels is None:
        changes["keep_levels"] = config.experiment.keep_levels
    wanted = config.model_copy(update={"augment": settings.model_copy(update=changes)})
    asked = wanted.model_dump(mode="json", include={"augment", "sampling"}) | {"data": data, "source": source}
    text = json.dumps(asked, sort_keys=True)
    if path.is_dir():
        found = open_zarr(path, f"delete it and run 'rainsmith experiment' again: {path}")
        if found.attrs.get("asked") == text:
            return found.load()
    mixed, _ = synthesise(wanted, run)
    drawn = mixed.isel({TIME: np.flatnonzero(mixed["synthetic"].values)}).assign_attrs(asked=text)
    with atomic(path) as scratch:
        drawn.drop_encoding().chunk({TIME: 16}).to_zarr(scratch, consolidated=False, zarr_format=3)
    return drawn.load()


def _better(planned: Trial, folder: Path, done: list[Trial]) -> str:
    """The mode whose arm of as many synthetic days gave the first network the lower validation loss.

    Seeds count that both modes have; prior where it cannot be told.
    """
    losses: dict[str, dict[int, float]] = {}
    for trial in done:
        if trial.network == done[0].network and trial.arm.mode and trial.arm.percent == planned.arm.percent:
            with xr.open_dataset(folder / "runs" / f"{trial.key}.nc", engine="netcdf4") as opened:
                losses.setdefault(trial.arm.mode, {})[trial.seed] = float(opened.attrs["validation_loss"])
    shared = set.intersection(*map(set, losses.values())) if losses else set()
    if not shared:
        return next(iter(losses), "prior")
    return min(losses, key=lambda mode: float(np.mean([losses[mode][seed] for seed in shared])))


def _about(path: Path) -> str:
    with xr.open_dataset(path, engine="netcdf4") as opened:
        return str(opened.attrs.get("identity", ""))


def _write_tables(config: Config, folder: Path, done: list[Trial]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    by_set: dict[str, list[Scored]] = {name: [] for name in DAY_SETS}
    weeks = {name: 0 for name in DAY_SETS}
    for trial in done:
        with xr.open_dataset(folder / "runs" / f"{trial.key}.nc", engine="netcdf4") as opened:
            scores = opened.load()
        about = {"network": trial.network, "arm": trial.arm.name, "seed": trial.seed, "split": config.experiment.split}
        about |= {key: scores.attrs[key] for key in ("n_days", "seconds", "validation_loss")}
        for day_set in DAY_SETS:
            found = flat(scores, day_set)
            rows.append({**about, "days": day_set, **{name: values[0] for name, values in found.items()}})
            by_set[day_set].append(Scored(trial.network, trial.arm.name, trial.seed, found))
            weeks[day_set] = int(scores.attrs[f"weeks_{day_set}"])
    results = pd.DataFrame(rows)
    tables = [compare(found, day_set, weeks[day_set]) for day_set, found in by_set.items()]
    table = pd.concat(tables, ignore_index=True)
    for name, made in (("results", results), ("comparisons", table)):
        with atomic(folder / f"{name}.csv") as scratch:
            made.to_csv(scratch, index=False, float_format="%.6g")
    with atomic(folder / "tables.md") as scratch:
        scratch.write_text(as_markdown(results, table), encoding="utf-8")
    with atomic(folder / "comparisons.png") as scratch:
        scratch.write_bytes(picture(differences(table), "png"))
    for sentence in sentences(table):
        console.print(sentence)
    return table
