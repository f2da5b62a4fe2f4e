"""What an experiment will take on this machine: trials that are still to be done, from a few steps of each network."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from rainsmith.augment import estimate as augmentation
from rainsmith.base.dims import TIME
from rainsmith.base.files import size_of
from rainsmith.base.needs import Needs, measured
from rainsmith.base.netcdf_files import write_netcdf
from rainsmith.config import Config
from rainsmith.data.dataset import Days
from rainsmith.downscale.estimate import DAYS, memory_of_forecasts, training_needs
from rainsmith.downscale.lessons import LEVELS
from rainsmith.experiment.arms import Trial, resolved, trials
from rainsmith.experiment.compared_scores import VALIDATION_LOSS
from rainsmith.experiment.stage import check_quantiles, kept_scores
from rainsmith.experiment.text import counted
from rainsmith.experiment.trial import (
    Inputs,
    config_of_days,
    kept_days,
    score_forecasts,
    write_days,
)
from rainsmith.models import checkpoint as checkpoints
from rainsmith.quantiles.drawing import distributions
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler

ONE, DRAWN = np.array([0]), 20
"""The day of which members are drawn, and their number."""
WRITTEN = 16
"""Real days that are written in place of synthetic ones."""


def needs(config: Config, run: Run) -> Needs:
    """Train each network for a few steps, score a few days, and draw a few synthetic days in each mode.

    Trials that have their file do not count; the size of synthetic days is that before compression. Where an arm takes
    the better of two modes, that of prior days is meant.

    Args:
        config: the configuration.
        run: the run folder, prepared; trained, where an arm asks for synthetic days.

    Raises:
        UserError: as ``experiment``.
    """
    check_quantiles(config)
    started = time.monotonic()
    inputs = Inputs.read(config, run)
    reading = time.monotonic() - started
    to_do = trials_to_do(inputs)
    members = _of_members(to_do, inputs)
    to_do = [trial for trial in to_do if trial.arm.trains]
    of_each = {network: _of_a_trial(network, inputs) for network in dict.fromkeys(trial.network for trial in to_do)}
    days = _of_synthetic_days(to_do, inputs)
    seconds = reading + sum(of_each[trial.network].seconds for trial in to_do) + days.seconds + members.seconds
    disk = sum(of_each[trial.network].disk for trial in to_do) + days.disk + members.disk
    most = max((trial.arm.percent for trial in to_do), default=0)  # beside the real days, and once more with them
    mixed = inputs.real.nbytes * (1 + 2 * most / 100 if most else 0)
    memory = max([days.memory, *(one.memory + mixed for one in of_each.values())])
    counts = Counter(trial.network for trial in to_do)
    each = [f"{counted(count, 'trial')} of {name}, {of_each[name].of}" for name, count in counts.items()]
    return Needs(seconds, memory, disk, "; ".join([*each, days.of, *[members.of][: bool(members.of)]]))


def trials_to_do(inputs: Inputs) -> list[Trial]:
    """The trials without a file of these settings and data, in their order."""
    losses, to_do = dict[Trial, float](), list[Trial]()
    for planned in trials(inputs.config):
        trial = resolved(planned, losses)
        kept = kept_scores(trial, inputs)
        if kept is None:
            to_do.append(trial)
        else:
            losses[trial] = float(kept.attrs[VALIDATION_LOSS])
    return to_do


def _of_a_trial(network: str, inputs: Inputs) -> Needs:
    """One trial of a network, without its synthetic days."""
    config, validation, scored = inputs.config, inputs.validation, inputs.scored
    settings = config.downscale.model_copy(update={"network": network})
    steps = config.experiment.steps or settings.steps
    own = config.model_copy(update={"downscale": settings})
    with tempfile.TemporaryDirectory(prefix="rainsmith-experiment-") as folder:
        trained = training_needs(own, inputs.domain, inputs.real, validation)
        number = scored.sizes[TIME]

        def score(count: int) -> float:
            path, of_both = Path(folder) / f"{count}.nc", -(-count * validation.sizes[TIME] // number)
            few = validation.isel({TIME: slice(of_both)}), scored.isel({TIME: slice(count)})
            write_netcdf(path, score_forecasts(trained.module, *few, inputs))
            return size_of(path)

        trend = measured(score, *(min(count, number) for count in DAYS))
    seconds = trained.seconds(steps, settings.validations) + trend.seconds_of(number)
    memory = max(trained.memory, memory_of_forecasts(trend, number))
    return Needs(seconds, memory, trend.disk[1], f"{steps} steps of {trained.step:.2g} s each")


def _of_members(to_do: list[Trial], inputs: Inputs) -> Needs:
    """What the members take that downscalers learn from, or whose quantiles are forecasts."""
    config, count = inputs.config, 0
    for arm in dict.fromkeys(trial.arm for trial in to_do if trial.arm.members):
        calibration = min(inputs.validation.sizes[TIME], config.quantiles.calibration_days)
        days = inputs.real.sizes[TIME] if arm.trains else inputs.scored.sizes[TIME] + 2 * calibration
        count += arm.members * days
    if not count:
        return Needs(0.0, 0.0, 0.0, "")
    checkpoint = checkpoints.load(inputs.run.checkpoints / config.sampling.checkpoint)
    sampler, batch = Sampler(checkpoint, config.sampling, config.device), Days(inputs.scored[["predictors"]]).batch(ONE)
    for size in (2, DRAWN):  # the first is slower than the others
        started = time.monotonic()
        next(distributions(sampler, batch.x, batch.days, size))
    seconds = (time.monotonic() - started) / DRAWN * count
    disk = 4.0 * len(LEVELS) * inputs.real["precip"].size if any(trial.arm.trains for trial in to_do) else 0.0
    return Needs(seconds, 0.0, disk, f"{count} members are drawn")


def _of_synthetic_days(to_do: list[Trial], inputs: Inputs) -> Needs:
    """The synthetic days of all arms and seeds that are not there yet."""
    wanted = {(trial.arm, trial.seed): trial for trial in to_do if trial.arm.mode}
    missing = [trial for trial in wanted.values() if kept_days(trial, inputs) is None]
    count = min(WRITTEN, inputs.real.sizes[TIME])
    with tempfile.TemporaryDirectory(prefix="rainsmith-experiment-") as folder:
        started = time.monotonic()
        write_days(inputs.real.isel({TIME: slice(count)}), Path(folder) / "days.zarr")
        writing = (time.monotonic() - started) / count
    size = inputs.real.nbytes / inputs.real.sizes[TIME]
    seconds, memory, drawn = 0.0, 0.0, 0
    for mode in dict.fromkeys(trial.arm.mode for trial in missing):
        of_mode = [trial for trial in missing if trial.arm.mode == mode]
        largest = max(of_mode, key=lambda trial: trial.arm.percent)
        trend, _ = augmentation.synthesis(config_of_days(largest, inputs.config), inputs.run)
        numbers = [round(trial.arm.percent / 100 * inputs.real.sizes[TIME]) for trial in of_mode]
        seconds += sum(map(trend.seconds_of, numbers)) + writing * sum(numbers)
        memory, drawn = max(memory, trend.memory_of(max(numbers))), drawn + sum(numbers)
    return Needs(seconds, memory, size * drawn, f"{drawn} synthetic days are drawn")
