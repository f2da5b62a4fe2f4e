"""The product itself, trained by its own loop in the minutes of its rivals."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import torch

from rainsmith.config import Config
from rainsmith.data.dataset import Days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.generative import build_model
from rainsmith.sample.sampler import Sampler
from rainsmith.train.calibration import calibrate
from rainsmith.train.loop import train_network
from rainsmith.train.optimise import MovingAverage
from rival_models.cases import Case
from rival_models.model import CPU, Facts, Problem
from rival_models.training import VALIDATED, autocast_of, crps_of

TIMED, UNTIMED = 6, 2
"""Steps that are timed to plan a training, and steps before them that are not."""


def train(case: Case, number: int, minutes: float, factor: float) -> Facts:
    """Train one try, and say what it took; its checkpoints lie where a pool has those of one network.

    Args:
        case: the data set.
        number: of the try.
        minutes: [min] processor time.
        factor: of the learning rate of the configuration.
    """
    config, problem, run = case.problem.config, case.problem, case.run.network(number)
    lr = config.train.lr * factor
    epochs = _epochs_within(problem, minutes)
    # as many validations as a rival has, and no limit on the clock: minutes of the processor are meant
    changes = {"lr": lr, "epochs": epochs, "validate_every": -(-epochs // len(VALIDATED)), "max_minutes": None}
    planned = config.model_copy(update={"train": config.train.model_copy(update=changes)})
    shutil.rmtree(run.folder, ignore_errors=True)  # a try that was stopped begins again
    started = time.process_time()
    train_network(planned, run)
    took = (time.process_time() - started) / 60
    crps = crps_of(sampler(run.checkpoints, config).model, problem)
    steps = epochs * -(-problem.training.sizes["time"] // config.train.batch_size)
    stages = {"network": {"steps": steps, "epochs": epochs}}
    return {"lr": lr, "seed": config.seed, "minutes": took, "stages": stages, "validation_crps": crps}


def sampler(folder: Path, config: Config) -> Sampler:
    """The sampler of the checkpoint that prior members chose."""
    return Sampler(checkpoints.load(folder / "best_prior"), config.sampling, "cpu")


def _epochs_within(problem: Problem, minutes: float) -> int:
    """How many epochs take so many minutes of processor time, from some steps and one validation of a copy."""
    settings, model = problem.config.train, build_model(problem.config, problem.domain)
    days = Days(problem.training, in_memory=True)
    optimiser = torch.optim.AdamW(model.network.parameters(), lr=0.0)
    average = MovingAverage(model.network, settings.ema)
    size = min(settings.batch_size, len(days))
    started = time.process_time()
    for step in range(UNTIMED + TIMED):
        if step == UNTIMED:
            started = time.process_time()
        batch = days.batch(np.arange(size))
        with autocast_of(problem):
            loss = model(batch.x, batch.y, batch.valid, 0.0)[0]["loss"]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update(model.network)
    epoch = (time.process_time() - started) / TIMED * -(-len(days) // settings.batch_size)
    started = time.process_time()
    how = {"batch_size": settings.batch_size, "wet_mm": problem.config.data.wet_mm}
    calibrate(model, days, CPU, autocast_of(problem), seed=0, **how)
    crps_of(model, problem)
    validation = 1.5 * (time.process_time() - started)  # training validates posterior members too
    return max(1, int((60 * minutes - len(VALIDATED) * validation) / epoch))
