"""One trial of the experiment: its synthetic days are drawn, a downscaler is trained, and its forecasts are scored."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.augment.stage import synthesise
from rainsmith.base.console import console
from rainsmith.base.dims import TIME, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.zarr_files import open_zarr, write_zarr
from rainsmith.config import Config
from rainsmith.data.store import fingerprint_of
from rainsmith.downscale.lessons import lessons, taught_days
from rainsmith.downscale.prediction import predict
from rainsmith.downscale.training import train_downscaler, warning_of_jumps
from rainsmith.evaluate.settings import Resampling, settings_of
from rainsmith.experiment.arms import Trial, training_days, trials
from rainsmith.experiment.scores import bias_mapping, score_trial
from rainsmith.metrics.core import Settings
from rainsmith.metrics.extremes import thresholds_of
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.models.generative import build_model, require_posterior
from rainsmith.models.registry import NETWORKS
from rainsmith.quantiles.fitting import calibration_days
from rainsmith.quantiles.kept import kept_quantiles
from rainsmith.run_folder import Run

AGAIN = "run 'rainsmith experiment' again"
"""What to do about damaged files of the experiment."""
FORM_OF_SCORES = 2
"""Number of the form in which a trial's scores are kept; another number repeats all trials."""
FORM_OF_STEERED_DAYS = 2
"""Number of the way in which steered days are drawn and weighted; another number repeats the trials on such days."""


@dataclass(frozen=True)
class Inputs:
    """What all trials of an experiment share.

    Attributes:
        config: the configuration.
        run: the run folder.
        domain: the store without time.
        real: its training days.
        validation: its validation days.
        scored: the days on which trials are scored.
        settings: thresholds [mm/day] of the scores.
        resampling: of the weeks.
        data: hash of the store.
        source: hash of the checkpoint that draws synthetic days and members; "" where no arm asks for any.
    """

    config: Config
    run: Run
    domain: xr.Dataset
    real: xr.Dataset
    validation: xr.Dataset
    scored: xr.Dataset
    settings: Settings
    resampling: Resampling
    data: str
    source: str

    @classmethod
    def read(cls, config: Config, run: Run) -> Inputs:
        """The inputs of a run folder.

        Raises:
            UserError: no store, no checkpoint to draw synthetic days from, one without a posterior for arms that need
                it, an empty split.
        """
        store = run.open_store()
        domain = store.drop_dims(TIME).load()
        splits = ("train", "validation", config.experiment.split)
        real, validation, scored = (in_split(store, split).load() for split in splits)
        for split, days in zip(splits, (real, validation, scored), strict=True):
            if not days.sizes[TIME]:
                raise UserError(f"the {split} split has no days; change data.splits or experiment.split")
        source = ""
        arms = [trial.arm for trial in trials(config)]
        modes = {arm.mode for arm in arms}
        if any(modes) or any(arm.members for arm in arms):
            checkpoint = checkpoints.load(run.checkpoints / config.sampling.checkpoint)
            source, trained = checkpoint.sha256, checkpoint.config
            if "posterior" in modes:
                model = build_model(trained, checkpoint.domain)
                instead = "leave posterior arms out of experiment.arms"
                require_posterior(model, trained.model.name, "an arm 'posterior'", instead)
        resampling = Resampling(config.evaluate.block_days, config.evaluate.resamples, config.seed)
        settings, data = settings_of(store, config), fingerprint_of(store)
        return cls(config, run, domain, real, validation, scored, settings, resampling, data, source)


def identity(trial: Trial, inputs: Inputs) -> str:
    """What a trial depends on, as JSON. A trial that was made of other settings, data or synthetic days is repeated."""
    config = with_own_rate(inputs.config, trial)
    values = config.model_dump(mode="json", include={"seed", "downscale", "evaluate"})
    learns = values["downscale"].pop("distil")
    values |= {"trial": trial.key, "steps": config.experiment.steps, "split": config.experiment.split}
    values |= {"data": inputs.data, "wet_mm": config.data.wet_mm, "scores": FORM_OF_SCORES}
    if trial.arm.mode:
        values |= _settings_of_days(config) | {"source": inputs.source}
        values["keep_levels"] = config.experiment.keep_levels
    if trial.arm.members:
        values |= config.model_dump(mode="json", include={"sampling", "quantiles"})
        values |= {"source": inputs.source, "distil": learns}
    return json.dumps(values, sort_keys=True)


def run_trial(trial: Trial, inputs: Inputs) -> xr.Dataset:
    """Train a downscaler on the days of an arm and score its forecasts.

    Returns:
        The scores of ``score_trial``. The attributes hold, among others, the identity and the validation loss.
    """
    if not trial.arm.trains:
        return _scores_of_members(trial, inputs)
    config = with_own_rate(inputs.config, trial)
    synthetic = synthetic_days(trial, inputs) if trial.arm.mode else None
    days, weights = training_days(trial.arm, inputs.real, synthetic, config)
    taught = None
    if trial.arm.members:
        days = taught_days(config, inputs.run, inputs.real)
        weights = np.ones(days.sizes[TIME])
        share = config.downscale.distil.share
        taught = lessons(config, inputs.run, days, members=trial.arm.members, share=share)
    started = time.monotonic()
    module = train_downscaler(
        config.downscale.model_copy(update={"network": trial.network}),
        inputs.domain,
        days,
        inputs.validation,
        seed=trial.seed,
        device=config.device,
        steps=config.experiment.steps,
        weights=weights,
        lessons=taught,
        wet_mm=config.data.wet_mm,
        quiet=True,
    )
    seconds = time.monotonic() - started
    if warning := warning_of_jumps(module.history):
        console.print(f"{trial.key}: {warning}", soft_wrap=True)
    scores = score_forecasts(module, inputs.validation, inputs.scored, inputs)
    return scores.assign_attrs(
        identity=identity(trial, inputs),
        validation_loss=float(np.nanmin([entry["validation"] for entry in module.history])),
        seconds=round(seconds, 1),
        n_days=days.sizes[TIME],
    )


def _scores_of_members(trial: Trial, inputs: Inputs) -> xr.Dataset:
    """The scores of the quantiles of members; their amount is the mean where the network forecasts it, or the median.

    The mapping of amounts is fitted on every so many validation days, as many as the calibration has.
    """
    network, config, folder = NETWORKS[trial.network], inputs.config, inputs.run.quantiles
    how: dict[str, Any] = {"levels": config.downscale.quantiles, "members": trial.arm.members}
    how["mean"] = network.forecasts_mean
    few = calibration_days(inputs.run.open_store(), config.quantiles).load()
    started, forecasts = time.monotonic(), []
    for days, name in ((few, "mapping"), (inputs.scored, config.experiment.split)):
        target = folder / f"experiment-{trial.network}-{trial.arm.name}-{name}.zarr"
        found = kept_quantiles(config, inputs.run, days, target, **how).load()
        amounts = found["mean"] if network.forecasts_mean else found["quantiles"].sel(quantile=0.5, drop=True)
        forecasts.append(found.assign(precip=amounts))
    return _scored(forecasts[0], few, forecasts[1], inputs.scored, inputs).assign_attrs(
        identity=identity(trial, inputs),
        validation_loss=float("nan"),
        seconds=round(time.monotonic() - started, 1),
        n_days=0,
    )


def score_forecasts(module: Downscaler, validation: xr.Dataset, scored: xr.Dataset, inputs: Inputs) -> xr.Dataset:
    """The scores of a downscaler's forecasts, with the knots of the bias mapping as attributes.

    Args:
        module: a trained downscaler.
        validation: the days that the bias mapping is fitted on.
        scored: the days that are scored.
        inputs: thresholds and resampling of the experiment.
    """
    return _scored(predict(module, validation), validation, predict(module, scored), scored, inputs)


def _scored(
    on_validation: xr.Dataset, validation: xr.Dataset, forecast: xr.Dataset, scored: xr.Dataset, inputs: Inputs
) -> xr.Dataset:
    """The scores of a forecast of some days, after what its forecast of validation days says of its bias."""
    knots = bias_mapping(on_validation["precip"], validation["precip"], thresholds_of(inputs.settings))
    scores = score_trial(forecast, scored, knots, settings=inputs.settings, resampling=inputs.resampling)
    return scores.assign_attrs(mapping_from=knots[0], mapping_to=knots[1])


def synthetic_days(trial: Trial, inputs: Inputs) -> xr.Dataset:
    """The synthetic days of an arm and a seed, as ``rainsmith augment`` would draw them.

    They are drawn once and kept in ``experiment/days/<arm>-s<seed>.zarr``. Every seed has its own, so that one lucky
    draw is not the luck of all trainings.
    """
    if (kept := kept_days(trial, inputs)) is not None:
        return kept.load()
    wanted, asked = _asked(trial, inputs)
    mixed = synthesise(wanted, inputs.run).training_set
    drawn = mixed.isel({TIME: np.flatnonzero(mixed["synthetic"].values)}).assign_attrs(asked=asked)
    write_days(drawn, _path_of_days(trial, inputs))
    return drawn.load()


def kept_days(trial: Trial, inputs: Inputs) -> xr.Dataset | None:
    """The synthetic days of an arm and a seed from their file; None where there is none of these settings and data."""
    path = _path_of_days(trial, inputs)
    kept = open_zarr(path, AGAIN) if path.is_dir() else None
    return kept if kept is not None and kept.attrs.get("asked") == _asked(trial, inputs)[1] else None


def write_days(drawn: xr.Dataset, path: Path) -> None:
    """Write synthetic days as a Zarr store."""
    with atomic(path) as scratch:
        write_zarr(scratch, drawn.drop_encoding().chunk({TIME: 16}))


def _path_of_days(trial: Trial, inputs: Inputs) -> Path:
    return inputs.run.folder / "experiment" / "days" / f"{trial.arm.name}-s{trial.seed}.zarr"


def _asked(trial: Trial, inputs: Inputs) -> tuple[Config, str]:
    """The configuration of the synthetic days of a trial, and all that they depend on, as JSON."""
    wanted = config_of_days(trial, inputs.config)
    values = _settings_of_days(wanted)
    return wanted, json.dumps(values | {"data": inputs.data, "source": inputs.source}, sort_keys=True)


def _settings_of_days(config: Config) -> dict[str, Any]:
    """All settings that synthetic days depend on."""
    settings = config.model_dump(mode="json", include={"augment", "sampling"})
    return settings | ({"steering": FORM_OF_STEERED_DAYS} if config.augment.steered else {})


def config_of_days(trial: Trial, config: Config) -> Config:
    """The configuration with which ``augment`` would draw the synthetic days of a trial."""
    changes: dict[str, Any] = {"mode": trial.arm.mode, "ratio": trial.arm.percent / 100}
    changes["seed"] = config.augment.seed + trial.seed
    if trial.arm.mode == "posterior" and config.augment.keep_levels is None:
        changes["keep_levels"] = config.experiment.keep_levels
    return config.model_copy(update={"augment": config.augment.model_copy(update=changes)})


def with_own_rate(config: Config, trial: Trial) -> Config:
    """The configuration with the learning rate that ``experiment.lr`` names for the network, if it names one."""
    lr = config.experiment.lr.get(trial.network, config.downscale.lr)
    return config.model_copy(update={"downscale": config.downscale.model_copy(update={"lr": lr})})
