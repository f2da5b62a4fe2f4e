"""The hierarchical model in units: bounds, dry cells, powers of the output."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.models.generative import BOUND, Drawing, build_model
from rainsmith.models.hierarchical import model as hierarchical_model
from rainsmith.models.hierarchical.model import HierarchicalModel
from rainsmith.run_folder import Run
from tests.small import small_config


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


def model(domain: xr.Dataset, *, calm_start: bool = False, **settings: object) -> HierarchicalModel:
    small = {"name": "hierarchical", "levels": 3, "channels": [8, 8, 8], "latent_channels": [1, 1, 1], "x_blocks": 1}
    built = build_model(small_config(model={**small, **settings, "objective": {"calm_start": calm_start}}), domain)
    assert isinstance(built, HierarchicalModel)
    return built.eval()


@pytest.mark.parametrize("power", [1.0, 3.0, 6.0, None])
def test_amounts_rise_from_zero_to_the_bound(domain: xr.Dataset, power: float | None) -> None:
    net = model(domain, power=power)
    amounts = net._bounded(torch.cat([torch.zeros(1), torch.logspace(-3, 4, 200)]))
    largest = float(domain["train_max"])
    assert amounts[0].item() == pytest.approx(0.0, abs=1e-3)
    assert (torch.diff(amounts) >= 0).all()
    assert amounts[-1].item() == pytest.approx(BOUND * largest, rel=1e-4)
    assert torch.isfinite(amounts).all()


def test_a_higher_power_has_the_heavier_tail(domain: xr.Dataset) -> None:
    small, large = torch.tensor(0.01), torch.tensor(2.5)
    by_power = [model(domain, power=power) for power in (1.0, 3.0, 6.0, None)]
    assert [m._bounded(small).item() for m in by_power] == pytest.approx(
        [by_power[0]._bounded(small).item()] * 4, rel=0.02
    )
    tails = [m._bounded(large).item() for m in by_power]
    assert tails == sorted(tails)
    std = float(domain["log_std_global"])
    assert tails[-1] == pytest.approx(np.expm1(2.5 * std), rel=0.05)


@pytest.mark.parametrize("power", [3.0, None])
def test_a_calm_start_is_ordinary_rain(domain: xr.Dataset, power: float | None) -> None:
    """Members of a random network hold some mm, like any day's, not hundreds."""
    for seed in range(3):
        torch.manual_seed(seed)
        net = model(domain, calm_start=True, power=power, channels=[64, 48, 32], latent_channels=[8, 4, 2])
        x = torch.rand(4, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"])
        noise = [torch.randn(4, 8, *shape) for shape in net.latent_shapes]
        drawn = net.draw(net.standardise.mean + net.standardise.std * x, noise)[
            ..., torch.from_numpy(domain["mask"].values)
        ]
        assert 0.1 < drawn.mean() < float(domain["p95"])
        assert drawn.max() < float(domain["train_max"])


@pytest.mark.parametrize("mode", ["prior", "posterior"])
def test_a_cpu_draws_a_few_days_at_once(domain: xr.Dataset, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = model(domain)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"], generator=generator)
    noise = [torch.randn(5, 3, *shape, generator=generator) for shape in net.latent_shapes]
    y = 9 * torch.rand(5, domain.sizes["y"], domain.sizes["x"], generator=generator)
    valid = torch.rand(y.shape, generator=generator) < 0.8
    storm = (y, valid) if mode == "posterior" else (None, valid)
    whole, days = net.draw(x, noise, *storm), []
    of_network = net.network.draw
    monkeypatch.setattr(net.network, "draw", lambda *a, **k: days.append(len(a[0])) or of_network(*a, **k))
    monkeypatch.setattr(hierarchical_model, "AT_ONCE_ON_A_CPU", 2 * 3 * domain["mask"].size)
    torch.testing.assert_close(net.draw(x, noise, *storm), whole, rtol=1e-4, atol=1e-5)
    assert days == [2, 2, 1] and whole.std() > 0.01
    monkeypatch.setattr(hierarchical_model, "AT_ONCE_ON_A_CPU", 1)
    assert net.draw(x, noise, *storm).shape == whole.shape and days[3:] == [1] * 5


def test_a_storm_of_which_nothing_is_kept_is_the_prior(domain: xr.Dataset) -> None:
    net = model(domain)
    net.network.curve.wanted.mul_(1.3)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"], generator=generator)
    noise = [torch.randn(2, 3, *shape, generator=generator) for shape in net.latent_shapes]
    y = 9 * torch.rand(2, domain.sizes["y"], domain.sizes["x"], generator=generator)
    prior = net.draw(x, noise)
    torch.testing.assert_close(net.draw(x, noise, y, how=Drawing(keep_levels=0)), prior, rtol=1e-4, atol=1e-4)
    kept = net.draw(x, noise, y, how=Drawing(keep_levels=1))
    assert (kept - prior).abs().max() > 0.1


@pytest.mark.parametrize("mode", ["prior", "posterior"])
def test_coarse_rain_is_the_mean_of_the_cells_observed_that_day(domain: xr.Dataset, mode: str) -> None:
    net = model(domain, mass="hard")
    assert net.mass is not None
    generator = torch.Generator().manual_seed(0)
    x = 8 * torch.rand(2, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"], generator=generator)
    noise = [torch.randn(2, 3, *shape, generator=generator) for shape in net.latent_shapes]
    mask = domain["mask"].values
    valid = torch.from_numpy(mask) & (torch.rand(2, *mask.shape, generator=generator) < 0.4)
    y = 9 * torch.rand(2, *mask.shape, generator=generator) * valid
    drawn = net.draw(x, noise, y if mode == "posterior" else None, valid).numpy()
    block, coarse = domain["block"].values, x[:, net.mass.channel].flatten(1).numpy()
    checked = 0
    for day in range(2):
        for number in np.unique(block[mask]):
            cells = mask & (block == number) & valid[day].numpy()
            if cells.any():
                np.testing.assert_allclose(drawn[day][:, cells].mean(axis=1), coarse[day, number], rtol=1e-3)
                checked += 1
    assert checked > 20


def test_members_are_zero_or_above_the_threshold_and_zero_outside_the_mask(domain: xr.Dataset) -> None:
    net = model(domain)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"], generator=generator)
    x = x * torch.from_numpy(domain["predictor_std"].values).float()[:, None, None]
    x = x + torch.from_numpy(domain["predictor_mean"].values).float()[:, None, None]
    noise = [3 * torch.randn(2, 3, *shape, generator=generator) for shape in net.latent_shapes]
    drawn = net.draw(x, noise, how=Drawing(threshold_mm=0.1))
    mask = torch.from_numpy(domain["mask"].values)
    assert drawn.shape == (2, 3, *mask.shape)
    assert (drawn[..., ~mask] == 0).all()
    assert ((drawn == 0) | (drawn >= 0.1)).all()


def test_the_network_works_on_the_box_of_the_valid_cells_and_nobody_sees_it(domain: xr.Dataset) -> None:
    rows, columns = domain.sizes["y"], domain.sizes["x"]
    mask = np.zeros((rows, columns), dtype=bool)
    mask[9:-3, 8:-1] = domain["mask"].values[9:-3, 8:-1]
    mask[10, 9] = mask[-4, -2] = True
    net = model(domain.assign(mask=(("y", "x"), mask)), mass="none")
    first_row = np.flatnonzero(mask.any(1))[0] // 8 * 8
    assert net.network.fine == (rows - 3 - first_row, columns - 1 - 8)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"], generator=generator)
    y = 9 * torch.rand(2, rows, columns, generator=generator)
    noise = [torch.randn(2, 3, *shape, generator=generator) for shape in net.latent_shapes]
    prior, posterior = net.draw(x, noise), net.draw(x, noise, y)
    for drawn in (prior, posterior):
        assert drawn.shape == (2, 3, rows, columns)
        assert (drawn[..., ~torch.from_numpy(mask)] == 0).all()
    # cells keep their places: the fields that the network gave, put where the box lies
    fields = net.network.draw(net.standardise(x), noise)
    amounts = net._bounded(fields.float()).clamp_min(0.0)
    inside = mask[first_row : rows - 3, 8 : columns - 1]
    torch.testing.assert_close(
        prior[..., first_row : rows - 3, 8 : columns - 1][..., torch.from_numpy(inside)],
        amounts[..., torch.from_numpy(inside)],
    )
    # and what lies outside of it is read by nothing
    valid = torch.from_numpy(mask).expand(2, -1, -1)
    torch.manual_seed(1)
    loss = net(x, y, valid, 1.0)[0]["loss"]
    torch.manual_seed(1)
    other = torch.where(valid, y, 1e6)
    torch.testing.assert_close(net(x, other, valid, 1.0)[0]["loss"], loss)
    torch.testing.assert_close(net.draw(x, noise, other, valid), net.draw(x, noise, y, valid))


@pytest.mark.parametrize("parts", [2, 3])
def test_parts_of_a_step_change_neither_terms_nor_gradients(domain: xr.Dataset, parts: int) -> None:
    """Missing values, free bits, dropout, a share of reconstructions, scales that are not known yet: all as in one."""
    objective = {"free_bits": 0.5, "posterior_share": 0.7, "increments": [1], "w_kl": 3.0}
    config = small_config(
        model={
            **{"name": "hierarchical", "levels": 3, "channels": [8, 8, 8], "latent_channels": [1, 1, 1], "x_blocks": 1},
            **{"dropout": 0.3, "objective": objective},
        }
    )
    torch.manual_seed(0)
    net = build_model(config, domain).train()
    x = torch.randn(8, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"])
    y = 9 * torch.rand(8, domain.sizes["y"], domain.sizes["x"])
    valid = torch.rand(8, 1, 1) * torch.rand(y.shape) > 0.2  # by day, more or fewer cells are missing
    before = {name: value.clone() for name, value in net.objective.state_dict().items()}
    made = []
    for net.day_parts in (1, parts):
        net.objective.load_state_dict(before)
        net.zero_grad()
        torch.manual_seed(1)
        terms, kl = net(x, y * valid, valid, 1.0)
        terms["loss"].backward()
        gradient = {
            name: weights.grad.clone() for name, weights in net.network.named_parameters() if weights.grad is not None
        }
        made.append((terms, {"kl": kl}, dict(net.objective.state_dict()), gradient))
    assert len(made[0][3]) > 50 and all(value.abs().max() > 0 for value in made[0][2].values())
    for whole, cut in zip(*made, strict=True):
        assert whole.keys() == cut.keys()
        for name, value in whole.items():
            torch.testing.assert_close(cut[name], value, rtol=1e-4, atol=1e-5, msg=name)
