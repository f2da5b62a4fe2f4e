"""The scripts in benchmarks/ keep up with the library: they load, and the steps that they time are whole steps."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(path.stem for path in BENCHMARKS.glob("*.py"))


@pytest.fixture(autouse=True)
def scripts_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_loads_and_has_a_main(name: str) -> None:
    assert callable(importlib.import_module(name).main)


def test_the_default_network_trains_and_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = importlib.import_module("default_network")
    monkeypatch.setattr(benchmark, "FINE", (20, 18))
    monkeypatch.setattr(benchmark, "COARSE", (5, 4))
    device = torch.device("cpu")
    settings = benchmark.HierarchicalModel()
    net = benchmark.HierarchicalCVAE(settings, benchmark.PREDICTORS, benchmark.geometry())
    before = [parameter.detach().clone() for parameter in net.parameters()]
    step = benchmark.default_step(net, torch.optim.AdamW(net.parameters()), 2, device)
    assert math.isfinite(step().item())
    changed = [not torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True)]
    assert sum(changed) > 0.9 * len(changed)
    assert benchmark.default_sampling(net, 3, device)().shape == (1, 3, 20, 18)
