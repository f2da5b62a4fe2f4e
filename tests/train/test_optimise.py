"""The schedule of the learning rate; the choice of precision: what is timed, and where nothing is to be chosen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rainsmith.config import Train
from rainsmith.train import optimise
from rainsmith.train.optimise import learning_rate, warmup_then_cosine
from rainsmith.train.precision import choose_precision

CPU = torch.device("cpu")


def loss_of(model: nn.Module) -> Tensor:
    total: Tensor = model(torch.ones(2, 3)).float().sum()
    return total


def test_a_precision_that_is_asked_for_is_taken_untimed() -> None:
    assert choose_precision("bf16", CPU, nn.Linear(3, 1), loss_of) == ("bf16", {})


@pytest.mark.parametrize("fast", [False, True])
def test_bf16_is_tried_only_where_the_processor_has_it(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimise, "has_fast_bf16", lambda _device: fast)
    model = nn.Linear(3, 1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    chosen, seconds = choose_precision("auto", CPU, model, loss_of)
    if fast:
        assert set(seconds) == {"fp32", "bf16"}
        assert seconds[chosen] == min(seconds.values())
    else:
        assert (chosen, seconds) == ("fp32", {})
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.weight.grad is None


def test_the_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [warmup_then_cosine(0.4, step, warmup=10.0, total=110) for step in range(111)]
    assert rates[0] == pytest.approx(0.04) and rates[9] == rates[10] == 0.4
    assert rates[60] == pytest.approx(0.2) and rates[110] == 0.0
    assert (np.diff(rates[:10]) > 0).all() and (np.diff(rates[10:]) < 0).all()


def test_the_cosine_schedule_of_a_training_counts_epochs_in_steps() -> None:
    settings = Train(epochs=5, lr=0.3, lr_warmup_epochs=0.5, schedule="cosine")
    for step in (0, 3, 4, 20, 39, 40):
        assert learning_rate(settings, step, 8) == warmup_then_cosine(0.3, step, warmup=4.0, total=40)
