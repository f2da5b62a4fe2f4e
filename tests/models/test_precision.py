"""Which number format a network runs in."""

from __future__ import annotations

import pytest
import torch

from rainsmith.base.errors import UserError
from rainsmith.models import precision
from rainsmith.models.precision import autocast, pick_device, sampling_precision, training_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize("fast", [False, True])
def test_auto_is_bf16_only_where_the_processor_has_it(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_fast_bf16", lambda device: fast)
    expected = "bf16" if fast else "fp32"
    assert sampling_precision("auto", CPU) == training_precision("auto", CPU) == expected
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert training_precision("auto", CPU) == "fp32"  # processes on different processors must agree
    assert training_precision("auto", torch.device("cuda")) == expected
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert training_precision("auto", CPU) == expected


def test_a_format_that_is_asked_for_is_taken() -> None:
    for wanted in ("fp32", "bf16"):
        assert sampling_precision(wanted, CPU) == training_precision(wanted, CPU) == wanted


def test_autocast_rounds_products_only_where_it_is_bf16() -> None:
    a = torch.full((4, 4), 1.001)
    for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(CPU, name):
            assert (a @ a).dtype == kind


def test_a_missing_gpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == pick_device("cpu") == CPU
    with pytest.raises(UserError, match="found no CUDA device"):
        pick_device("cuda")
