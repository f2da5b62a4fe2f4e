"""What a training will take on this machine: minutes, memory and disk, from a few steps of a copy of the network."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from rainsmith.base import memory
from rainsmith.base.durations import in_time
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.data.dataset import Batch, Days
from rainsmith.models.blocks import channels_last
from rainsmith.models.generative import GenerativeModel, build_model
from rainsmith.models.noise import member_noise
from rainsmith.models.precision import autocast, pick_device, training_precision
from rainsmith.train.calibration import MEMBERS, MOST_DAYS, MOST_DAYS_EARLY
from rainsmith.train.folds import Fold, days_to_learn_and_to_choose
from rainsmith.train.optimise import MovingAverage, keep_buffers_mapped

FEW, MORE = 2, 8
"""Days of the two sizes of steps that are measured."""
REPEATS = 2
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

    def __str__(self) -> str:
        return (
            f"about {in_time(60 * self.minutes)} on this machine ({self.epochs} epochs of {self.steps} steps of "
            f"{self.step:.2g} s, {self.validations} validations of {self.validation:.2g} s), "
            f"{self.memory / 2**30:.1f} GiB of memory, {self.disk / 2**20:.0f} MiB on disk"
        )


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
    keep_buffers_mapped()
    threads = torch.get_num_threads()
    with torch.random.fork_rng(), ExitStack() as stack:
        stack.callback(torch.set_num_threads, threads)
        torch.set_num_threads(max(1, threads // networks))
        torch.manual_seed(0)
        model = build_model(config, store.drop_dims("time").load()).to(device)
        channels_last(model.network)
        few, more = (min(count, batch_days) for count in (FEW, MORE))
        days = Days(training.isel(time=np.linspace(0, training.sizes["time"] - 1, more).astype(int)), in_memory=True)
        precision = training_precision(settings.precision, device)
        steps = _Steps(model, days.batch(np.arange(more)).to(device), precision)
        small, held_by_few = steps.measure(few)
        large, held_by_more = steps.measure(more)
        drawing = steps.seconds_of_a_member()
    slope = max(0.0, (large - small) / (more - few)) if more > few else 0.0
    step = (large + slope * (batch_days - more)) * (MARGIN if networks > 1 else 1.0)
    per_day = max(0.0, (held_by_more - held_by_few) / (more - few)) if more > few else 0.0
    needed = networks * (held_by_more + per_day * (batch_days - more))
    if device.type == "cpu":
        refuse_what_does_not_fit(needed, per_day, batch_days, networks)
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


def steps_of_an_epoch(days: int, config: Config) -> int:
    """Steps of an epoch of so many training days."""
    steps = -(-days // config.train.batch_size)
    return min(steps, config.train.epoch_steps or steps)


class _Steps:
    """Steps of a copy of the network."""

    def __init__(self, model: GenerativeModel, batch: Batch, precision: str) -> None:
        self.model, self.batch, self.precision = model, batch, precision
        self.optimiser = torch.optim.AdamW(model.network.parameters(), lr=0.0, fused=True)
        self.average = MovingAverage(model.network, 0.9)

    def measure(self, days: int) -> tuple[float, float]:
        """[s] a step of so many days takes, and [bytes] the largest memory meanwhile, of the GPU or of this process."""
        seconds = []
        memory.forget_peak()
        whole = self.batch
        part = Batch(whole.x[:days], whole.y[:days], whole.valid[:days], whole.days[:days])
        for _ in range(1 + REPEATS):
            started = time.monotonic()
            with autocast(part.x.device, self.precision):
                loss = self.model(part.x, part.y, part.valid, 0.0)[0]["loss"]
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.average.update(self.model.network)
            seconds.append(time.monotonic() - started)
        on_gpu = part.x.device.type == "cuda"
        return min(seconds[1:]), torch.cuda.max_memory_allocated(part.x.device) if on_gpu else memory.peak()

    @torch.no_grad()
    def seconds_of_a_member(self) -> float:
        """[s] The time of drawing one member of one day."""
        self.model.eval()
        members, device = range(4), self.batch.x.device
        noise = [part.to(device) for part in member_noise(0, self.batch.days, members, self.model.latent_shapes)]
        started = time.monotonic()
        with autocast(device, self.precision):
            self.model.draw(self.batch.x, noise, valid=self.batch.valid)
        return (time.monotonic() - started) / (len(members) * len(self.batch.x))


def refuse_what_does_not_fit(needed: float, per_day: float, days: int, networks: int) -> None:
    """Refuse a training that needs more memory than is free, with the batch that fits.

    Args:
        needed: [bytes] of all networks.
        per_day: [bytes] that one more day of a batch adds to those of a network.
        days: of a batch.
        networks: that are trained at the same time.

    Raises:
        UserError: it does not fit.
    """
    free = memory.memory().free
    usable = SPARE * free + memory.present()  # what this process holds is used by the training, too
    if not free or needed <= usable:
        return
    room = usable / networks - (needed / networks - per_day * days)
    fits = int(room / per_day) if per_day > 0 else 0
    what = f"set train.batch_size: {fits}" if fits >= 2 else "narrow the network (model.channels), or find more memory"
    if networks > 1:
        what += ", or OMP_NUM_THREADS=1 in the environment"
    raise UserError(
        f"training needs about {needed / 2**30:.1f} GiB of memory, found {free / 2**30:.1f} GiB free; {what}"
    )
