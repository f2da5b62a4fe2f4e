"""The reference's model in units: threshold, storms, padded blocks, and what invalid cells change."""

from __future__ import annotations

import pytest
import torch
import xarray as xr

from rainsmith.models.flat.model import FlatModel
from rainsmith.models.generative import Drawing, build_model
from rainsmith.run_folder import Run
from tests.small import small_config


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


@pytest.fixture(scope="module")
def model(domain: xr.Dataset) -> FlatModel:
    torch.manual_seed(0)
    built = build_model(small_config(), domain)
    assert isinstance(built, FlatModel)
    return built.eval()


def inputs(model: FlatModel, domain: xr.Dataset) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, domain.sizes["channel"], 5, 4, generator=generator)
    noise = [torch.randn(2, 3, *shape, generator=generator) for shape in model.latent_shapes]
    return x, noise, 9 * torch.rand(2, 20, 18, generator=generator)


def test_members_are_dry_or_above_the_threshold(model: FlatModel, domain: xr.Dataset) -> None:
    x, noise, _ = inputs(model, domain)
    drawn = model.draw(x, noise, how=Drawing(threshold_mm=0.5))
    assert drawn.shape == (2, 3, 20, 18)
    assert ((drawn == 0) | (drawn >= 0.5)).all() and (drawn == 0).any() and (drawn > 0).any()
    torch.testing.assert_close(drawn, torch.where(model.draw(x, noise) < 0.5, 0.0, model.draw(x, noise)))


def test_a_storm_of_which_nothing_is_kept_is_the_prior(model: FlatModel, domain: xr.Dataset) -> None:
    x, noise, y = inputs(model, domain)
    prior = model.draw(x, noise)
    torch.testing.assert_close(model.draw(x, noise, y, how=Drawing(keep_levels=0)), prior, rtol=1e-4, atol=1e-4)
    kept = model.draw(x, noise, y)
    assert (kept - prior).abs().max() > 0.01
    for how in (Drawing(keep_levels=1), Drawing(keep_levels=1, variation=0.3), Drawing(keep_levels=0, variation=0.0)):
        torch.testing.assert_close(model.draw(x, noise, y, how=how), kept)


def test_values_at_invalid_cells_change_nothing(model: FlatModel, domain: xr.Dataset) -> None:
    x, noise, y = inputs(model, domain)
    valid = torch.from_numpy(domain["mask"].values).expand(2, -1, -1)
    other = torch.where(valid, y, 1e4)
    torch.testing.assert_close(model.draw(x, noise, other, valid), model.draw(x, noise, y, valid))
    for part, same in zip(
        model.posterior_latents(x, noise, y, valid), model.posterior_latents(x, noise, other, valid), strict=True
    ):
        assert part.shape == noise[0].shape
        torch.testing.assert_close(part, same)


def test_the_weight_of_the_kl_divergence_is_that_of_the_step(model: FlatModel, domain: xr.Dataset) -> None:
    x, _, y = inputs(model, domain)
    valid = torch.from_numpy(domain["mask"].values).expand(2, -1, -1)
    losses = []
    for beta in (0.0, 1.0):
        torch.manual_seed(1)
        terms, kl = model(x, y, valid, beta)
        losses.append(terms["loss"].item())
    assert losses[1] - losses[0] == pytest.approx(kl.sum().item(), rel=1e-4)
    assert len(kl) == 8 and not kl.requires_grad


@pytest.mark.parametrize(("scale", "expected"), [("p90", None), (12.5, 12.5)])
def test_errors_are_scaled_by_the_asked_amount(domain: xr.Dataset, scale: object, expected: float | None) -> None:
    built = build_model(small_config(model__loss__scale=scale), domain)
    assert built.objective.scale == pytest.approx(float(domain["p90"]) if expected is None else expected)


def test_padded_blocks_of_the_target_reach_beyond_it(domain: xr.Dataset) -> None:
    built = build_model(small_config(), domain.assign_attrs(coarsen=8))
    assert isinstance(built, FlatModel)
    assert built.network.covered == (20 / 40, 18 / 32)
    without = build_model(small_config(), domain.assign_attrs(coarsen=0))
    assert isinstance(without, FlatModel)
    assert without.network.covered == (1.0, 1.0)
