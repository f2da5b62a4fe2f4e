"""Schedules of the learning rate and of the weight of the KL divergence, and the moving average of the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from rainsmith.config import Train


def learning_rate(settings: Train, step: int, steps_per_epoch: int) -> float:
    """Learning rate at a step: it rises linearly, then falls along a cosine to 0 or stays constant.

    Args:
        settings: peak, length of the rise and schedule.
        step: number of the step in the whole training, from 0.
        steps_per_epoch: number of steps of an epoch.
    """
    warmup = settings.lr_warmup_epochs * steps_per_epoch
    if step < warmup or settings.schedule == "cosine":
        return warmup_then_cosine(settings.lr, step, warmup=warmup, total=settings.planned_epochs * steps_per_epoch)
    return settings.lr


def warmup_then_cosine(peak: float, step: int, *, warmup: float, total: int) -> float:
    """Learning rate that rises linearly to its peak and then falls to 0 along half a cosine.

    Args:
        peak: the highest rate.
        step: number of the step, from 0.
        warmup: [steps] length of the rise.
        total: [steps] length of the training, warm-up included.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1.0, total - warmup))
    return peak * 0.5 * (1 + math.cos(math.pi * progress))


def kl_weight(weight: float, warmup_epochs: int, *, epoch: float) -> float:
    """Weight of the KL divergence at an epoch, which may be a fraction: it rises linearly from 0 to ``weight``."""
    return weight * min(1.0, epoch / warmup_epochs) if warmup_epochs > 0 else weight


class MovingAverage:
    """Exponential moving average of a network's weights and running statistics (Polyak averaging).

    The decay grows with the number t of steps, min(decay, (1 + t) / (10 + t)): otherwise the first checkpoints would
    hold little but the random weights of the beginning.

    Args:
        network: whose weights are averaged.
        decay: per step; 0 keeps the present weights.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.values = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """One step towards the network's present weights."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        ours, theirs = [], []
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                ours.append(self.values[name])
                theirs.append(value.detach())
            else:
                self.values[name].copy_(value)
        torch._foreach_lerp_(ours, theirs, 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "values": self.values}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        for name, value in state["values"].items():
            self.values[name].copy_(value)
