"""Schedules of the learning rate and of the weight of the KL divergence, and the moving average of the weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rainsmith.config import Train
from rainsmith.train.optimise import MovingAverage, kl_weight, learning_rate, warmup_then_cosine


def test_the_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [warmup_then_cosine(0.4, step, warmup=10.0, total=110) for step in range(111)]
    assert rates[0] == pytest.approx(0.04) and rates[9] == rates[10] == 0.4
    assert rates[60] == pytest.approx(0.2) and rates[110] == 0.0
    assert (np.diff(rates[:10]) > 0).all() and (np.diff(rates[10:]) < 0).all()


def test_the_cosine_schedule_of_a_training_counts_epochs_in_steps() -> None:
    settings = Train(epochs=5, lr=0.3, lr_warmup_epochs=0.5, schedule="cosine")
    for step in (0, 3, 4, 20, 39, 40):
        assert learning_rate(settings, step, 8) == warmup_then_cosine(0.3, step, warmup=4.0, total=40)


def test_a_constant_rate_stays_at_its_peak() -> None:
    settings = Train(epochs=5, lr=0.3, lr_warmup_epochs=0.5, schedule="constant")
    assert [learning_rate(settings, step, 8) for step in (0, 3, 4, 39)] == pytest.approx([0.075, 0.3, 0.3, 0.3])


def test_the_weight_of_the_kl_rises_linearly() -> None:
    assert [kl_weight(0.4, 2, epoch=epoch) for epoch in (0, 0.5, 1, 2, 9)] == pytest.approx([0, 0.1, 0.2, 0.4, 0.4])
    assert kl_weight(0.4, 0, epoch=0) == 0.4


def test_the_average_follows_the_weights_faster_at_first() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network, decay=0.9)
    nn.init.ones_(network.weight)
    value = 0.0
    for step in range(1, 30):
        average.update(network)
        decay = min(0.9, (1 + step) / (10 + step))
        value = decay * value + (1 - decay)
        assert average.values["weight"].item() == pytest.approx(value, rel=1e-5)
    resumed = MovingAverage(nn.Linear(1, 1, bias=False), decay=0.9)
    resumed.load_state_dict(average.state_dict())
    assert resumed.steps == average.steps and torch.equal(resumed.values["weight"], average.values["weight"])
