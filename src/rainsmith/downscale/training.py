"""Training of a downscaler: a fixed number of steps, so that training sets can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import xarray as xr

from rainsmith.base.console import progress
from rainsmith.base.dims import TIME
from rainsmith.base.errors import UserError
from rainsmith.base.memory import keep_buffers_mapped
from rainsmith.config import Downscale
from rainsmith.data.dataset import Days
from rainsmith.downscale.lessons import Lessons
from rainsmith.models.blocks import channels_last
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.models.precision import autocast, pick_device, sampling_precision
from rainsmith.train.optimise import warmup_then_cosine

WARMUP = 0.1
"""Share of the steps over which the learning rate rises."""
CLIMATE_VALUES = 4_000_000
"""The largest number of cell-days from which the climate is computed that training starts from."""
JUMP = 1.5
"""A validation loss this many times an earlier one is not overfitting: the learning rate is too high."""
_REMEDY = "lower downscale.lr, or experiment.lr, or set downscale.precision: fp32"


def train_downscaler(
    settings: Downscale,
    domain: xr.Dataset,
    training: xr.Dataset,
    validation: xr.Dataset,
    *,
    seed: int = 0,
    device: str = "auto",
    steps: int | None = None,
    weights: np.ndarray | None = None,
    lessons: Lessons | None = None,
    wet_mm: float = 0.1,
    quiet: bool = False,
) -> Downscaler:
    """Train ``settings.network`` and return it with the weights that were best on the validation days.

    The same arguments give the same weights on the same kind of processor. Training starts from the climate of the real
    training days, and losses of quantiles are divided by the loss of that climate. Networks that are trained with
    different synthetic days therefore minimise the same loss.

    Args:
        settings: network, optimiser and batch size.
        domain: the store without time: grids, statics and training statistics.
        training: days with ``precip`` [mm/day] and ``predictors``; ``synthetic``, where they have it, marks synthetic
            days.
        validation: real days with the same variables.
        seed: of the first weights and the order of the days.
        device: auto | cpu | cuda.
        steps: number of optimiser steps; None takes ``settings.steps``.
        weights: (time,) how often each training day is drawn, relative to the others; None draws all alike.
        lessons: what a generative model says of the same training days; None learns from the rain of the days alone.
        wet_mm: least rain of a wet cell [mm/day].
        quiet: show no progress bar.

    Returns:
        The downscaler in evaluation mode; ``history`` holds step, training and validation loss of each validation.

    Raises:
        UserError: no days, days of another grid, weights that do not fit, or a training that diverged.
    """
    _check(domain, training, validation, weights)
    keep_buffers_mapped()
    processor = pick_device(device)
    precision = sampling_precision(settings.precision, processor)
    module = _untrained(settings, domain, training, processor, seed=seed, wet_mm=wet_mm)
    optimiser = torch.optim.AdamW(module.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True)
    days, validation_days = Days(training), Days(validation)
    batches = drawn_batches(np.ones(len(days)) if weights is None else weights, settings.batch_size, seed)
    total = settings.steps if steps is None else steps
    validated_after = {round(total * (i + 1) / settings.validations) for i in range(settings.validations)}
    best, losses = _Best(), []
    with progress(quiet=quiet) as bar:
        task = bar.add_task(settings.label, total=total, note="")
        for step in range(total):
            for group in optimiser.param_groups:
                group["lr"] = warmup_then_cosine(settings.lr, step, warmup=WARMUP * total, total=total)
            chosen = next(batches)
            batch = days.batch(chosen).to(processor)
            lesson = None if lessons is None else lessons.of(chosen, processor)
            with autocast(processor, precision):
                loss = module(batch.x, batch.y, batch.valid, lesson)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(module.parameters(), settings.grad_clip)
            _check_finite(norm, step)
            optimiser.step()
            losses.append(loss.item())
            if step + 1 in validated_after:
                validation_loss = mean_loss(module, validation_days, settings.batch_size, precision)
                training_loss, losses = float(np.mean(losses)), []
                module.history.append({"step": step + 1, "training": training_loss, "validation": validation_loss})
                best.keep(module, validation_loss)
            bar.update(task, advance=1, note=f"validation {best.loss:.4g}" if best.weights else "")
    if module.history and not best.weights:
        raise UserError(
            f"no validation loss of the downscaler is finite (the last is {validation_loss:g}); expected one that is; "
            f"{_REMEDY}"
        )
    if best.weights:
        module.load_state_dict(best.weights)
    return module.eval()


def _untrained(
    settings: Downscale,
    domain: xr.Dataset,
    training: xr.Dataset,
    processor: torch.device,
    *,
    seed: int,
    wet_mm: float,
) -> Downscaler:
    """A downscaler in training mode that forecasts the climate of the real training days."""
    with torch.random.fork_rng(devices=[]):  # the first weights come from the seed and leave the global generator alone
        torch.manual_seed(seed)
        module = Downscaler(settings, domain, wet_mm=wet_mm)
    module.start_from(_climate(training))
    module.to(processor)
    channels_last(module.network)
    module.train()
    return module


@dataclass
class _Best:
    """The weights of the lowest finite validation loss so far."""

    loss: float = np.inf
    weights: dict[str, torch.Tensor] = field(default_factory=dict)

    def keep(self, module: Downscaler, loss: float) -> None:
        """Keep the present weights if their loss is finite and the lowest."""
        if loss < self.loss:  # which a NaN never is
            self.loss = loss
            self.weights = {name: value.detach().clone() for name, value in module.state_dict().items()}


def _check_finite(norm: torch.Tensor, step: int) -> None:
    """Refuse to go on where the gradient is not finite."""
    if not torch.isfinite(norm):
        raise UserError(f"the downscaler diverged in step {step} (gradient norm {norm:g}); {_REMEDY}")


def drawn_batches(weights: np.ndarray, batch_size: int, seed: int) -> Iterator[np.ndarray]:
    """Batches of day indices, without end.

    Days are drawn in rounds; a round has as many draws as there are days. In each round a day appears as often as its
    weight over the mean weight. Fractions are settled by systematic sampling in random order, so that with equal
    weights a round is a permutation of the days.

    Args:
        weights: (time,) not negative, not all zero.
        batch_size: number of days in a batch; a batch may span two rounds.
        seed: of the random order.
    """
    generator = np.random.default_rng([seed, 2])
    count = len(weights)
    share = np.asarray(weights, dtype=np.float64) * (count / np.sum(weights))
    waiting = np.empty(0, dtype=np.int64)
    while True:
        while len(waiting) < batch_size:
            order = generator.permutation(count)
            upto = np.floor(np.cumsum(share[order]) + generator.random()).astype(np.int64)
            times = np.diff(upto, prepend=0)
            waiting = np.concatenate([waiting, generator.permutation(np.repeat(order, times))])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]


def warning_of_jumps(history: Sequence[Mapping[str, float]]) -> str:
    """A warning that the validation loss jumped up or was not finite during training, as at too high a rate, or "".

    Args:
        history: of the downscaler, with ``step`` and ``validation`` loss of each validation.
    """
    lowest: Mapping[str, float] | None = None
    for entry in history:
        if not np.isfinite(entry["validation"]):
            return (
                f"the validation loss was {entry['validation']:g} at step {entry['step']:.0f}; expected a finite one; "
                f"{_REMEDY}"
            )
        if lowest is not None and entry["validation"] > JUMP * lowest["validation"]:
            return (
                f"the validation loss rose from {lowest['validation']:.3g} at step {lowest['step']:.0f} to "
                f"{entry['validation']:.3g} at step {entry['step']:.0f}; expected it to fall; "
                "lower downscale.lr, or experiment.lr"
            )
        if lowest is None or entry["validation"] < lowest["validation"]:
            lowest = entry
    return ""


@torch.no_grad()
def mean_loss(module: Downscaler, days: Days, batch_size: int, precision: str) -> float:
    """The loss that the network is trained on, as the mean over all valid cell-days."""
    training = module.training
    module.eval()
    processor = module.cells.device
    total, cells = 0.0, 0
    for start in range(0, len(days), batch_size):
        batch = days.batch(np.arange(start, min(start + batch_size, len(days)))).to(processor)
        with autocast(processor, precision):
            loss = module(batch.x, batch.y, batch.valid)
        count = int(batch.valid.flatten(1)[:, module.cells].sum())
        total, cells = total + count * loss.item(), cells + count
    module.train(training)
    return total / max(1, cells)


def _climate(training: xr.Dataset) -> np.ndarray:
    """Amounts [mm/day] of valid cells on the real training days, thinned out evenly where there are many."""
    real = training
    if "synthetic" in training:
        real = training.isel({TIME: np.flatnonzero(~training["synthetic"].values)})
    every = -(-real["precip"].size // CLIMATE_VALUES)
    values = real["precip"].isel({TIME: slice(None, None, every)}).values
    return values[np.isfinite(values)]


def _check(domain: xr.Dataset, training: xr.Dataset, validation: xr.Dataset, weights: np.ndarray | None) -> None:
    for name, days in (("training", training), ("validation", validation)):
        if days.sizes[TIME] < 1:
            raise UserError(f"found no {name} days for the downscaler; expected some; change data.splits")
        for dim in ("y", "x", "y_lr", "x_lr", "channel"):
            if days.sizes[dim] != domain.sizes[dim]:
                raise UserError(
                    f"the {name} days have {dim} = {days.sizes[dim]}, the store {domain.sizes[dim]}; "
                    "expected the same grid and predictors; run 'rainsmith augment' again"
                )
    if weights is None:
        return
    if np.shape(weights) != (training.sizes[TIME],):
        raise UserError(f"found weights {np.shape(weights)} for {training.sizes[TIME]} training days; give one a day")
    if not np.isfinite(weights).all() or np.min(weights) < 0 or np.max(weights) == 0:
        raise UserError("found weights of training days that are negative, missing or all zero; give shares >= 0")
