"""Training within a given processor time: as many steps as fit are planned first, then the schedule covers them all."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from rainsmith.base.memory import keep_buffers_mapped
from rainsmith.data.dataset import Days, stratified_batches
from rainsmith.models.generative import Drawing, GenerativeModel
from rainsmith.models.noise import member_noise
from rainsmith.models.precision import autocast, training_precision
from rainsmith.train import best_epoch, calibration
from rainsmith.train.optimise import MovingAverage, warmup_then_cosine
from rainsmith.train.validation import Validation
from rival_models.model import CPU, Budget, Facts, Problem, RivalModel

WARMUP = 0.08
"""Share of the steps over which the learning rate rises: one epoch of twelve, as the product's default."""
VALIDATED = (0.5, 0.65, 0.8, 0.9, 1.0)
"""Shares of the steps after which the averaged weights are validated."""
FOR_VALIDATION = FOR_CURVE = 0.1
"""Shares of the minutes for validations and, where no mass is conserved, for the curve of amounts."""
TIMED, UNTIMED = 6, 2
"""Steps that are timed to plan a training, and steps before them that are not."""
MEMBERS = 4
"""Members of a validation day, as in the product."""
MOST_DAYS = 200
"""Most validation days, as in the product."""
FEWEST = {"validation": 80, "curve": 400}
"""Members that are drawn in any case for a validation and for the curve of amounts."""


def train_within(model: RivalModel, problem: Problem, budget: Budget) -> Facts:
    """Train all stages of a model, keep the weights that validation days choose, and fit its curve.

    The choice is the product's: the latest weights whose tail score of members is not worse than the lowest by more
    than chance (docs/adr/0007). A stage before the last has no members and is chosen by its loss on validation days.

    Returns:
        ``minutes`` of processor time, and for each stage its ``steps`` and the ``validation`` scores.
    """
    keep_buffers_mapped()
    started = time.process_time()
    days = Days(problem.training, in_memory=True)
    facts: Facts = {"lr": budget.lr, "seed": budget.seed, "stages": {}}
    kept = 1 - FOR_VALIDATION - (FOR_CURVE if model.curve is not None else 0.0)
    for stage, share in model.stages.items():
        model.begin(stage)
        steps = budget.steps or _steps_within(model, problem, days, 60 * budget.minutes * share * kept)
        facts["stages"][stage] = {"steps": steps, **_train_stage(model, problem, days, budget, stage, steps)}
    model.eval()
    fit_curve(model, days, budget)
    facts["minutes"] = (time.process_time() - started) / 60
    return facts


def crps_of(model: GenerativeModel, problem: Problem, at_most: int = MOST_DAYS) -> float:
    """CRPS [mm/day] of members on the validation days by which tries are compared; the product's validation."""
    figures = _validation(problem, at_most)(model, CPU, autocast_of(problem))[0]
    return float(figures["prior"]["crps"])


def _train_stage(model: RivalModel, problem: Problem, days: Days, budget: Budget, stage: str, steps: int) -> Facts:
    """Train one stage for so many steps, and leave its best averaged weights in the model."""
    settings, part = problem.config.train, model.part(stage)
    number = list(model.stages).index(stage)
    optimiser = torch.optim.AdamW(part.parameters(), lr=budget.lr, weight_decay=settings.weight_decay)
    average = MovingAverage(part, settings.ema)
    batches = _batches(len(days), settings.batch_size, budget.seed)
    due = {max(1, round(share * steps)) for share in VALIDATED}
    score = _scorer(model, problem, budget, last=number == len(model.stages) - 1)
    best, history, weights = best_epoch.nothing_yet(), [], copy.deepcopy(average.values)
    model.train()
    for step in range(steps):
        torch.manual_seed(int(np.random.SeedSequence([budget.seed, number, step]).generate_state(1)[0]))
        for group in optimiser.param_groups:
            group["lr"] = warmup_then_cosine(budget.lr, step, warmup=WARMUP * steps, total=steps)
        _take_step(model, optimiser, days, next(batches), settings.grad_clip, autocast_of(problem))
        average.update(part)
        if step + 1 in due:
            own = copy.deepcopy(part.state_dict())
            part.load_state_dict(average.values)
            model.eval()
            value, weekly = score()
            if best_epoch.observe(best, step, value, weekly):
                weights = copy.deepcopy(average.values)
            history.append({"step": step + 1, "score": value})
            part.load_state_dict(own)
            model.train()
    part.load_state_dict(weights)
    return {"validation": history}


def _take_step(
    model: RivalModel,
    optimiser: torch.optim.Optimizer,
    days: Days,
    chosen: np.ndarray,
    grad_clip: float,
    precision: AbstractContextManager[Any],
) -> None:
    """One step of the optimiser on the days at ``chosen``."""
    batch = days.batch(chosen)
    with precision:
        loss = model(batch.x, batch.y, batch.valid)[0]["loss"]
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.part(model.stage).parameters(), grad_clip)
    if not torch.isfinite(norm):
        raise SystemExit(f"the training of '{model.stage}' diverged (gradient norm {norm}); lower its learning rate")
    optimiser.step()


def _steps_within(model: RivalModel, problem: Problem, days: Days, seconds: float) -> int:
    """How many steps of the present stage take so many seconds of processor time, from a few of a copy."""
    trial = copy.deepcopy(model).train()
    optimiser = torch.optim.AdamW(trial.part(trial.stage).parameters(), lr=0.0, weight_decay=0.0)
    average = MovingAverage(trial.part(trial.stage), 0.5)
    batches = _batches(len(days), problem.config.train.batch_size, 0)
    started = time.process_time()
    for step in range(UNTIMED + TIMED):
        if step == UNTIMED:
            started = time.process_time()
        _take_step(trial, optimiser, days, next(batches), 1.0, autocast_of(problem))
        average.update(trial.part(trial.stage))
    return max(len(VALIDATED), int(seconds * TIMED / (time.process_time() - started)))


def _scorer(
    model: RivalModel, problem: Problem, budget: Budget, *, last: bool
) -> Callable[[], tuple[float, list[float] | None]]:
    """A function of nothing that scores the present weights: (score, parts of the weeks or None)."""
    precision = autocast_of(problem)
    if last:
        allowed = 60 * budget.minutes * FOR_VALIDATION / len(VALIDATED)
        validate = _validation(
            problem, _affordable(model, problem, allowed, budget.steps, FEWEST["validation"]) // MEMBERS
        )

        def of_members() -> tuple[float, list[float] | None]:
            figures, weekly = validate(model, CPU, precision)
            return figures["prior"]["tail_score"], weekly

        return of_members
    reader = Days(problem.validation, in_memory=True)

    @torch.no_grad()
    def of_loss() -> tuple[float, list[float] | None]:
        torch.manual_seed(0)
        losses = []
        for start in range(0, min(len(reader), MOST_DAYS), 64):
            batch = reader.batch(np.arange(start, min(start + 64, len(reader), MOST_DAYS)))
            with precision:
                losses.append(model(batch.x, batch.y, batch.valid)[0]["loss"].item())
        return float(np.mean(losses)), None

    return of_loss


def _affordable(model: RivalModel, problem: Problem, seconds: float, steps: int | None, fewest: int) -> int:
    """How many members can be drawn in so many seconds of processor time; the fewest where steps were given."""
    if steps is not None:
        return fewest
    model.eval()
    batch = Days(problem.validation.isel(time=slice(16)), in_memory=True).batch(np.arange(8))
    noise = member_noise(0, batch.days, range(MEMBERS), model.latent_shapes)
    for _ in range(2):
        started = time.process_time()
        with autocast_of(problem):
            model.draw(batch.x, noise, valid=batch.valid, how=Drawing(threshold_mm=model.wet_mm))
        took = time.process_time() - started
    return max(fewest, int(seconds * len(batch.days) * MEMBERS / took))


def fit_curve(model: RivalModel, days: Days, budget: Budget) -> None:
    """Fit the product's curve of amounts on training days, on as many as the minutes allow."""
    if model.curve is None:
        return
    problem = model.problem
    members = _affordable(model, problem, 60 * budget.minutes * FOR_CURVE, budget.steps, FEWEST["curve"])
    if members < calibration.MEMBERS * calibration.MOST_DAYS:  # it draws MOST_MEMBERS of each day where days are few
        count = min(len(days), members // calibration.MOST_MEMBERS)
        chosen = np.unique(np.linspace(0, len(days) - 1, count).astype(int))
        days = Days(problem.training.isel(time=chosen), in_memory=True)
    how = {"batch_size": problem.config.train.batch_size, "wet_mm": problem.config.data.wet_mm}
    calibration.calibrate(model, days, CPU, autocast_of(problem), seed=budget.seed, **how)


def _validation(problem: Problem, at_most: int) -> Validation:
    return Validation(
        problem.validation,
        problem.domain,
        members=MEMBERS,
        at_most=min(at_most, MOST_DAYS),
        wet_mm=problem.config.data.wet_mm,
        seed=problem.config.seed,
        batch_size=32,
    )


def autocast_of(problem: Problem) -> AbstractContextManager[Any]:
    return autocast(CPU, training_precision(problem.config.train.precision, CPU))


def _batches(count: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """Batches of indices of days without end, in epochs as the product draws them."""
    epoch = 0
    while True:
        yield from stratified_batches(np.zeros(count, dtype=bool), size, 0.0, np.random.default_rng([seed, 1, epoch]))
        epoch += 1
