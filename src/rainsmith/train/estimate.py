"""What a training will take on this machine: minutes, memory and disk, from a few steps of a copy of the network."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from rainsmith.base import memory
from rainsmith.base.durations import in_time
from rainsmith.base.errors import UserError
from rainsmith.base.needs import Needs, Trend, measured
from rainsmith.config import Config
from rainsmith.data.dataset import Batch, Days
from rainsmith.models.blocks import channels_last
from rainsmith.models.generative import GenerativeModel, build_model, days_at_once, take_in_parts
from rainsmith.models.noise import member_noise
from rainsmith.models.patch import Patch
from rainsmith.models.precision import autocast, pick_device, training_precision
from rainsmith.train.calibration import MEMBERS, MOST_DAYS, MOST_DAYS_EARLY
from rainsmith.train.folds import Fold, days_to_learn_and_to_choose
from rainsmith.train.optimise import MovingAverage

FEW, MORE = 2, 8
"""Days of the two sizes of steps that are measured, or of each of their parts (``train.accumulate``)."""
REPEATS = 3
"""Steps of each size that are timed, after one that is not."""
SPARE = 0.9
"""Share of the free memory that a training may take."""
MARGIN = 1.1
"""Networks that are trained at the same time share the memory bus: each takes about a tenth longer."""


@dataclass(frozen=True)
class Estimate:
    """What a training takes.

    Attributes:
        step: [s] one step of the optimiser.
        steps: of an epoch.
        epochs: that are planned.
        validation: [s] one validation, with the fit of the curve of amounts.
        validations: how many of them.
        memory: [bytes] at the largest, of all networks that are trained at the same time.
        disk: [bytes] of checkpoints and state.
    """

    step: float
    steps: int
    epochs: int
    validation: float
    validations: int
    memory: float
    disk: float

    @property
    def epoch_seconds(self) -> float:
        """[s] One epoch with its part of the validations."""
        return self.steps * self.step + self.validation * self.validations / self.epochs

    @property
    def minutes(self) -> float:
        """[min] The whole training."""
        return self.epochs * self.epoch_seconds / 60

    def needs(self, *, networks: int = 1, rounds: int = 1, max_minutes: float | None = None) -> Needs:
        """What the training of so many networks takes, in so many rounds one after another.

        Args:
            networks: of a pool. Their checkpoints are kept, and joined in further ones.
            rounds: how often networks are trained at the same time.
            max_minutes: ``train.max_minutes``, which plans fewer epochs where all would take longer.
        """
        seconds = 60 * rounds * self.minutes
        of = (
            f"{self.epochs} epochs of {self.steps} steps of {self.step:.2g} s, "
            f"{self.validations} validations of {self.validation:.2g} s"
        )
        if rounds > 1:
            of = f"{rounds} times {of}"
        if max_minutes is not None and seconds > 60 * max_minutes:
            seconds, of = 60 * max_minutes, f"train.max_minutes, instead of {in_time(seconds)} for {of}"
        return Needs(seconds, self.memory, self.disk * (2 * networks if networks > 1 else 1), of)


def estimate(config: Config, store: xr.Dataset, *, fold: Fold | None = None, networks: int = 1) -> Estimate:
    """Measure a few steps of a copy of the network on this device; nothing is written or changed.

    Args:
        config: a settled configuration.
        store: the prepared data.
        fold: the block of days that chooses while the others teach; None takes the splits as they are.
        networks: that are trained at the same time.

    Raises:
        UserError: an empty split, or the training needs more memory than is free.
    """
    device, settings = pick_device(config.device), config.train
    training, validation = days_to_learn_and_to_choose(store, fold)
    batch_days = min(settings.batch_size, training.sizes["time"])
    memory.keep_buffers_mapped()
    threads = torch.get_num_threads()
    with torch.random.fork_rng(), ExitStack() as stack:
        stack.callback(torch.set_num_threads, threads)
        torch.set_num_threads(max(1, threads // networks))
        torch.manual_seed(0)
        model = build_model(config, store.drop_dims("time").load()).to(device)
        channels_last(model.network)
        take_in_parts(model, config)
        few, more = (min(count * model.day_parts, batch_days) for count in (FEW, MORE))
        days = Days(training.isel(time=np.linspace(0, training.sizes["time"] - 1, more).astype(int)), in_memory=True)
        precision = training_precision(settings.precision, device)
        patch = None if settings.patch is None else max(model.patches(settings.patch)[0], key=_cells_read)
        batch = days.batch(np.arange(more), None if patch is None else patch.read).to(device)
        steps = _Steps(model, batch, patch, precision)
        trend = steps.measure(few, more)
        if device.type == "cpu":
            refuse_what_does_not_fit(trend, batch_days, networks, steps.parts_that_fit if model.has_day_parts else None)
        drawing = steps.seconds_of_a_member(days.batch(np.arange(more)).to(device))
    step = trend.seconds_of(batch_days) * (MARGIN if networks > 1 else 1.0)
    needed = networks * trend.memory_of(batch_days)
    epochs = settings.planned_epochs
    drawn = (
        min(settings.validation_days, validation.sizes["time"])
        * settings.validation_members
        * (2 if model.has_posterior else 1)
    )
    drawn += MEMBERS * (MOST_DAYS + MOST_DAYS_EARLY) // 2 if model.curve is not None else 0
    due = {done for done in range(1, epochs + 1) if done % settings.validation_interval == 0}
    due |= {done for done in range(1, epochs + 1) if done % settings.save_interval == 0 or done == epochs}
    size = sum(weights.numel() for weights in model.network.parameters())
    return Estimate(
        step=step,
        steps=steps_of_an_epoch(training.sizes["time"], config),
        epochs=epochs,
        validation=drawn * drawing,
        validations=len(due),
        memory=needed,
        disk=4.0 * size * (epochs / settings.save_interval + 6),
    )


def _cells_read(patch: Patch) -> int:
    """Number of fine cells that a step on a patch reads."""
    return math.prod(span.stop - span.start for span in patch.read)


def steps_of_an_epoch(days: int, config: Config) -> int:
    """Steps of an epoch of so many training days."""
    steps = -(-days // config.train.batch_size)
    return min(steps, config.train.epoch_steps or steps)


class _Steps:
    """Steps of a copy of the network."""

    def __init__(self, model: GenerativeModel, batch: Batch, patch: Patch | None, precision: str) -> None:
        self.model, self.batch, self.precision, self.parts = model, batch, precision, model.day_parts
        self.of_patch = () if patch is None else (patch,)
        self.optimiser = torch.optim.AdamW(model.network.parameters(), lr=0.0, fused=True)
        self.average = MovingAverage(model.network, 0.9)

    def measure(self, few: int, more: int) -> Trend:
        """Steps of so many days, with the largest memory of the GPU or of this process."""
        return measured(self._take, few, more, repeats=REPEATS, warm_up=True, largest=self._largest_memory)

    def parts_that_fit(self, days: int, usable: float) -> int | None:
        """The fewest parts of a step of so many days with which it takes at most ``usable`` [bytes]; None for none."""
        few, more = (min(count, len(self.batch.days)) for count in (FEW, MORE))
        in_days = measured(functools.partial(self._take, parts=days), few, more)  # what is there of all days at once
        of_part = measured(functools.partial(self._take, parts=1), few, more).memory_each
        return fewest_parts(in_days.memory_of(days) - of_part, of_part, days, usable)

    def _take(self, days: int, parts: int | None = None) -> None:
        """Take a step of so many days, in as many parts as the configuration says, or in so many."""
        self.model.day_parts = min(days, parts or self.parts)
        whole = self.batch
        part = Batch(whole.x[:days], whole.y[:days], whole.valid[:days], whole.days[:days])
        with autocast(part.x.device, self.precision):
            loss = self.model(part.x, part.y, part.valid, 0.0, *self.of_patch)[0]["loss"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.average.update(self.model.network)

    def _largest_memory(self) -> int:
        device = self.batch.x.device
        return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else memory.peak()

    @torch.no_grad()
    def seconds_of_a_member(self, batch: Batch) -> float:
        """[s] The time of drawing one member of one day of a batch, on the whole grid."""
        self.model.eval()
        members, device = range(4), batch.x.device
        noise = [part.to(device) for part in member_noise(0, batch.days, members, self.model.latent_shapes)]

        def draw(days: int) -> None:
            with autocast(device, self.precision):
                self.model.draw(batch.x[:days], [part[:days] for part in noise], valid=batch.valid[:days])

        days = days_at_once(len(batch.x), len(members), batch.y[0].numel())
        return measured(draw, 1, days, repeats=REPEATS, warm_up=True).seconds[1] / (len(members) * days)


def fewest_parts(at_once: float, each: float, days: int, usable: float) -> int | None:
    """The fewest parts of a step of so many days that fit into a memory; None where no number does.

    Args:
        at_once: [bytes] what the step holds however many parts it has.
        each: [bytes] of each day of a part.
        days: of the step.
        usable: [bytes] that it may take.
    """
    sizes = ((parts, -(-days // parts)) for parts in range(2, days + 1))
    return next((parts for parts, size in sizes if at_once + each * size <= usable), None)


def refuse_what_does_not_fit(
    trend: Trend, days: int, networks: int, parts_that_fit: Callable[[int, float], int | None] | None
) -> None:
    """Refuse a training that needs more memory than is free, with the setting that fits.

    Args:
        trend: [bytes] of steps of one network.
        days: of a step.
        networks: that are trained at the same time.
        parts_that_fit: the fewest parts of a step of so many days that take at most so many bytes; None for a model
            that takes no parts.

    Raises:
        UserError: it does not fit.
    """
    free, needed = memory.memory().free, networks * trend.memory_of(days)
    usable = SPARE * free + memory.present()  # what this process holds is used by the training, too
    if not free or needed <= usable:
        return
    parts = parts_that_fit(days, usable / networks) if parts_that_fit is not None else None
    room = usable / networks - trend.memory_of(0)
    fewer = int(room / trend.memory_each) if trend.memory_each > 0 else 0
    if parts is not None:
        what = f"set train.accumulate: {parts}, which changes no result and makes steps longer"
    elif fewer >= 2:
        what = f"set train.batch_size: {fewer}"
    else:
        what = "narrow the network (model.channels), or find more memory"
    if networks > 1:
        what += ", or OMP_NUM_THREADS=1 in the environment"
    raise UserError(
        f"training needs about {needed / 2**30:.1f} GiB of memory, found {free / 2**30:.1f} GiB free; {what}"
    )
