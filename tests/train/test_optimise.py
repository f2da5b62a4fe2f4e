"""The choice of precision: what is timed, and where there is nothing to choose."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from rainsmith.train import optimise
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
