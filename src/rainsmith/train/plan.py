"""How many epochs fit into ``train.max_minutes``: planned before the first step, so that the rate comes down."""

from __future__ import annotations

import math

from rainsmith.base.console import console
from rainsmith.base.json_files import Record, read_record, write_json
from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.train.estimate import Estimate

SAFE = 0.93
"""Share of the time that is planned for."""
FILE = "stages/train-plan.json"
"""Where the plan lies in the run folder."""


class _Plan(Record):
    """What was asked for, and what was planned."""

    asked: int
    max_minutes: float
    epochs: int
    epoch_steps: int | None


def planned(config: Config, run: Run, foreseen: Estimate, rounds: int = 1) -> Config:
    """The configuration with as many epochs as fit into ``train.max_minutes``; the plan is kept for ``--resume``.

    Where not even one epoch fits, the only epoch is made shorter.

    Args:
        config: a settled configuration.
        run: the run folder.
        foreseen: what the training of one network would take.
        rounds: networks that are trained one after another.
    """
    limit, asked = config.train.max_minutes, config.train.planned_epochs
    (run.folder / FILE).unlink(missing_ok=True)
    if limit is None or rounds * foreseen.minutes <= limit:
        return config
    epochs = SAFE * 60 * limit / (rounds * foreseen.epoch_seconds)
    steps = None if epochs >= 1 else max(1, math.floor(epochs * foreseen.steps))
    plan = _Plan(asked=asked, max_minutes=limit, epochs=max(1, math.floor(epochs)), epoch_steps=steps)
    length = f"{plan.epochs} epochs" if steps is None else f"{steps} steps, less than an epoch,"
    console.print(f"note: {length} instead of {asked} epochs are planned for train.max_minutes = {limit:g}")
    (run.folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    write_json(run.folder / FILE, plan.model_dump())
    return _with(config, plan)


def as_planned(config: Config, run: Run) -> Config:
    """The configuration that a training was begun with, where the time and the epochs asked for are still the same."""
    path = run.folder / FILE
    if not path.is_file():
        return config
    plan = read_record(path, _Plan, damaged="delete it; as many epochs as train.epochs says are trained then")
    same = (plan.asked, plan.max_minutes) == (config.train.planned_epochs, config.train.max_minutes)
    return _with(config, plan) if same else config


def _with(config: Config, plan: _Plan) -> Config:
    changes: dict[str, int] = {"epochs": plan.epochs}
    if plan.epoch_steps is not None:
        changes["epoch_steps"] = plan.epoch_steps
    return config.model_copy(update={"train": config.train.model_copy(update=changes)})
