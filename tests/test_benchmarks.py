"""The scripts in benchmarks/ keep up with the library: they load, and the steps that they time are whole steps."""

from __future__ import annotations

import argparse
import importlib
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.models.generative_kinds.hierarchical import Objective
from rainsmith.models.hierarchical.objective import EnsembleObjective

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
    settings = benchmark.HierarchicalSettings()
    net = benchmark.HierarchicalCVAE(settings, benchmark.PREDICTORS, benchmark.geometry())
    before = [parameter.detach().clone() for parameter in net.parameters()]
    step = benchmark.default_step(net, torch.optim.AdamW(net.parameters()), 2, device)
    assert math.isfinite(step().item())
    changed = [not torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True)]
    assert sum(changed) > 0.9 * len(changed)
    assert benchmark.default_sampling(net, 3, device)().shape == (1, 3, 20, 18)


@pytest.mark.parametrize("name", ["maxima", "patches", "spectrum"])
def test_an_option_of_the_objective_rewards_the_right_members(name: str) -> None:
    """True members score better than the same members in other places, and both have a gradient."""
    benchmark = importlib.import_module("objective_options")
    mask = np.ones((24, 20), dtype=bool)
    mask[:5, :7] = False
    generator = torch.Generator().manual_seed(0)
    cells = int(mask.sum())
    rough = torch.rand(40, 6, cells, generator=generator) * 20
    day = 1 + torch.arange(40)[:, None, None] / 10
    truth = (rough * day)[:, 0]
    valid = torch.ones(40, cells, dtype=torch.bool)
    option = benchmark.OPTIONS[name](Objective(pooling=[1]), log_std=1.0, p90=10.0, mask=mask)
    plain = EnsembleObjective(Objective(pooling=[1]), log_std=1.0, p90=10.0, mask=mask)

    def term(members: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)
        total = option.score(members, truth, valid)
        return total - plain.score(members, truth, valid)

    good = (rough * day)[:, 1:].clone().requires_grad_()
    right, wrong = term(good), term((rough * day).flip(0)[:, 1:])
    assert right < wrong
    right.backward()
    assert good.grad is not None and torch.isfinite(good.grad).all()
    assert term(truth[:, None].expand(-1, 3, -1)).item() == pytest.approx(0.0, abs=1e-3)


def test_the_records_whose_memory_is_measured_have_any_grid_and_few_days(tmp_path: Path) -> None:
    benchmark = importlib.import_module("memory")
    assert benchmark.grid("96") == (96, 96) and benchmark.grid("1000x1400") == (1000, 1400)
    with pytest.raises(argparse.ArgumentTypeError, match="100 is no grid; expected multiples of 8"):
        benchmark.grid("100")
    benchmark.make(tmp_path, 2, (16, 24), 5)
    for year in (1941, 1942):
        with (
            xr.open_dataset(tmp_path / f"rain_{year}.nc") as rain,
            xr.open_dataset(tmp_path / f"coarse_{year}.nc") as x,
        ):
            assert rain["pr"].shape == (5, 16, 24) and x["a"].shape == (5, 8, 8)
            assert rain["time"].values[-1] == np.datetime64(f"{year}-01-05")
            known = rain["pr"].isel(y=-1)
            assert (known >= 0).all() and known.mean() > 1 and rain["pr"].isel(y=0, x=0).isnull().all()
            np.testing.assert_allclose(x["y"], rain["y"].values.reshape(8, 2).mean(axis=1))
