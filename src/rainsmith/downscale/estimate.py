"""What a downscaler will take on this machine: a few of its steps, and forecasts of a few days that are scored."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.dims import TIME, in_split
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.needs import Needs, Trend, measured
from rainsmith.config import Config
from rainsmith.data.dataset import IN_MEMORY, Days
from rainsmith.downscale.forecasts import Named, scores_of, write_forecast
from rainsmith.downscale.prediction import crps_of, predict
from rainsmith.downscale.stage import scored_days, training_set
from rainsmith.downscale.training import mean_loss, train_downscaler
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.models.precision import sampling_precision
from rainsmith.run_folder import Run

STEPS = (1, 5)
"""Steps of the two sizes of trainings, after one that does not count: the first prepares the products of all."""
REPEATS = 3
"""Trainings of each size."""
DAYS = (16, 48)
"""Days of the two sizes of what is read, validated, forecast and scored."""


@dataclass(frozen=True)
class Trained:
    """What the training of a downscaler takes.

    Attributes:
        module: one with weights as good as at random, whose forecasts take as long.
        step: [s] one step.
        start: [s] until the first step, all days read.
        validation: [s] one validation.
        memory: [bytes] at the largest.
    """

    module: Downscaler
    step: float
    start: float
    validation: float
    memory: float

    def seconds(self, steps: int, validations: int) -> float:
        """[s] The whole training."""
        return self.start + steps * self.step + min(steps, validations) * self.validation

    @property
    def disk(self) -> float:
        """[bytes] of its weights."""
        return 4.0 * sum(weights.numel() for weights in self.module.state_dict().values())


def needs(config: Config, run: Run) -> Needs:
    """Take a few steps, and forecast and score a few days into a folder that is removed.

    The size of the forecasts is that before compression; NetCDF copies are not counted. Every seed of
    ``downscale.seeds`` is counted, also one whose file is there.

    Args:
        config: the configuration.
        run: the run folder, prepared.

    Raises:
        UserError: as ``downscale``.
    """
    store, settings = run.open_store(), config.downscale
    with large_arrays_in(run.folder), tempfile.TemporaryDirectory(prefix="rainsmith-downscale-") as folder:
        training, _ = training_set(config, run, in_split(store, "train"))
        scored = scored_days(config, store)
        trained = training_needs(config, store.drop_dims(TIME).load(), training, in_split(store, "validation"))
        split, longest = max(scored.items(), key=lambda item: item[1].sizes[TIME])

        def forecast_and_score(count: int) -> None:
            days = longest.isel({TIME: slice(count)})
            forecast = predict(trained.module, days)
            named = Named(settings.label, config.seed, split)
            write_forecast(Path(folder) / f"{count}.zarr", forecast, config, named)
            scores_of(config, store, forecast, days, named, crps_of(trained.module, days))

        trend = measured(forecast_and_score, *_sizes(longest))
    numbers = [days.sizes[TIME] for days in scored.values()]
    forecasts = len(settings.names(config.seed))
    seeds = max(1, len(settings.seeds))
    seconds = seeds * trained.seconds(settings.steps, settings.validations)
    seconds += forecasts * sum(map(trend.seconds_of, numbers))
    fields = 1 + len(trained.module.quantiles)
    disk = forecasts * 4.0 * sum(numbers) * fields * store.sizes["y"] * store.sizes["x"] + seeds * trained.disk
    of = f"{settings.steps} steps of {trained.step:.2g} s, {settings.validations} validations, {sum(numbers)} days"
    of += f", {seeds} seeds and their mean" if seeds > 1 else ""
    return Needs(seconds, max(trained.memory, memory_of_forecasts(trend, max(numbers))), disk, of)


def training_needs(config: Config, domain: xr.Dataset, training: xr.Dataset, validation: xr.Dataset) -> Trained:
    """Take a few steps of a training of ``config.downscale`` and validate on a few days; nothing is written.

    Args:
        config: the configuration.
        domain: the store without time.
        training: days with ``precip`` [mm/day] and ``predictors``.
        validation: real days with the same variables.

    Raises:
        UserError: as ``train_downscaler``.
    """
    settings = config.downscale.model_copy(update={"validations": 0, "lr": 0.0})
    places = np.linspace(0, training.sizes[TIME] - 1, min(settings.batch_size, training.sizes[TIME])).astype(int)
    batch, few_days = training.isel({TIME: places}).load(), validation.isel({TIME: slice(DAYS[1])})

    modules = list[Downscaler]()

    def take(steps: int) -> None:
        wet_mm, device = config.data.wet_mm, config.device
        modules[:] = [
            train_downscaler(settings, domain, batch, few_days, device=device, steps=steps, wet_mm=wet_mm, quiet=True)
        ]

    take(1)
    steps = measured(take, *STEPS, repeats=REPEATS)
    module = modules[0]
    precision = sampling_precision(settings.precision, module.cells.device)

    def validate(count: int) -> None:
        mean_loss(module, Days(few_days.isel({TIME: slice(count)})), settings.batch_size, precision)

    def read(count: int) -> None:
        Days(training.isel({TIME: slice(count)}), in_memory=True)

    reading = measured(read, *_sizes(training))
    return Trained(
        module,
        step=steps.seconds_each,
        start=steps.seconds_of(0) + reading.seconds_of(training.sizes[TIME]),
        validation=measured(validate, *_sizes(validation), warm_up=True).seconds_of(validation.sizes[TIME]),
        memory=steps.memory[1] + _held(training) + _held(validation),
    )


def memory_of_forecasts(trend: Trend, days: int) -> float:
    """[bytes] at the largest while so many days are forecast and scored: what is too large lies in files."""
    return min(trend.memory_of(days), trend.memory[1] + 2 * large_arrays.IN_MEMORY)


def _sizes(days: xr.Dataset) -> tuple[int, int]:
    few, more = (min(count, days.sizes[TIME]) for count in DAYS)
    return few, more


def _held(days: xr.Dataset) -> float:
    """[bytes] of days that a training keeps in memory."""
    return float(sum(min(days[name].nbytes, IN_MEMORY) for name in ("precip", "predictors")))
