"""Heads of downscaling networks: order of quantiles, losses and forecasts by closed form, the climate they start from."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
import xarray as xr
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rainsmith.config import Downscale
from rainsmith.models.downscaling.heads import Amount, BernoulliGamma, MonotoneQuantiles, pinball
from rainsmith.run_folder import Run


def small(network: str, **more: object) -> Downscale:
    return Downscale(network=network, filters=8, blocks=1, fine_filters=6, precision="fp32", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


@hypothesis_settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-4, 300.0), centre=st.floats(-50.0, 50.0))
def test_quantiles_never_cross(domain: xr.Dataset, seed: int, scale: float, centre: float) -> None:
    """Whatever the network says, far beyond anything trained; the UNet's too."""
    values = centre + scale * torch.randn(2, 5, 200, generator=torch.Generator().manual_seed(seed))
    levels = [0.05, 0.5, 0.95, 0.99, 0.999]
    heads = (
        (MonotoneQuantiles(domain, small("q-srdrn", quantiles=levels), 0.1), values),
        (
            BernoulliGamma(domain, small("unet", quantiles=levels), 0.1),
            values[:, :3],
        ),
    )
    for head, given_values in heads:
        amounts, quantiles = head.amounts(given_values)
        assert quantiles is not None and quantiles.shape == (2, 5, 200)
        assert torch.isfinite(quantiles).all() and (quantiles >= 0).all()
        assert (quantiles[:, 1:] >= quantiles[:, :-1]).all()
        assert torch.isfinite(amounts).all() and (amounts <= 1.001 * head.largest_mm).all()


def test_loss_of_the_amount_is_the_weighted_error(domain: xr.Dataset) -> None:
    head = Amount(domain, small("srdrn"), 0.1)
    y = torch.tensor([[0.0, 3.0, 20.0, 100.0]])
    normalised = head.transform(torch.tensor([[1.0, 2.0, 30.0, 90.0]]))[:, None]
    forecast = head.to_mm(normalised)[:, 0]
    torch.testing.assert_close(forecast, torch.tensor([[1.0, 2.0, 30.0, 90.0]]), rtol=0.02, atol=0.01)
    expected = torch.tensor([[0.1, 0.1, 20 / 36.6, 2.0]]) * (forecast - y).abs()
    torch.testing.assert_close(head.losses(normalised, y), expected)


def test_loss_of_the_climate_is_one(domain: xr.Dataset) -> None:
    """Each quantile is divided by the loss of the climate's own, so that a forecast of the climate scores 1."""
    head = MonotoneQuantiles(domain, small("q-srdrn"), 0.1)
    amounts = torch.from_numpy(np.random.default_rng(0).gamma(0.6, 6.0, 20000).astype(np.float32))
    bias = head.start(amounts)
    values = bias[None, :, None].expand(1, -1, len(amounts))
    assert head.losses(values, amounts[None]).mean().item() == pytest.approx(1.0, abs=0.01)
    torch.testing.assert_close(
        head.quantiles(values)[0, :, 0], torch.quantile(amounts, head.levels[:, 0]), rtol=0.02, atol=0.02
    )


def test_loss_of_the_distribution_is_its_likelihood(domain: xr.Dataset) -> None:
    head = BernoulliGamma(domain, small("unet"), 0.1)
    p, mean, shape = 0.3, 6.0, 0.8
    values = torch.tensor([np.log(p / (1 - p)), np.log(mean), 3 * np.arctanh(np.log(shape) / 3)])[None, :, None].float()
    y = np.array([0.0, 0.05, 0.5, 4.0, 40.0])
    law = scipy.stats.gamma(shape, scale=mean / shape)
    expected = np.where(y < 0.1, -np.log(1 - p), -np.log(p) - law.logpdf(np.maximum(y, 0.1)))
    losses = head.losses(values.expand(1, -1, 5), torch.from_numpy(y)[None].float())[0]
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    amounts, quantiles = head.amounts(values)
    assert amounts.item() == pytest.approx(p * mean, rel=1e-3)
    levels = np.array(head.settings.quantiles)
    exact = np.where(levels > 1 - p, law.ppf(np.clip((levels - 1 + p) / p, 0, 1)), 0)
    np.testing.assert_allclose(quantiles[0, :, 0], exact, rtol=1e-3)


def test_the_pinball_loss_is_least_at_the_quantile() -> None:
    y = torch.from_numpy(np.random.default_rng(0).gamma(0.5, 8.0, 5000).astype(np.float32))
    levels = torch.tensor([0.5, 0.9])[:, None]
    grid = torch.linspace(0, 40, 401)
    losses = torch.stack([pinball(f.expand(1, 2, 1), y[None], levels).mean(2)[0] for f in grid])
    best = grid[losses.argmin(0)]
    torch.testing.assert_close(best, torch.quantile(y, levels[:, 0]), rtol=0, atol=0.1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Amount, lambda amounts: amounts.median()),
        (BernoulliGamma, lambda amounts: amounts[amounts >= 0.1].mean() * 0.4),
    ],
)
def test_a_head_starts_from_the_climate(kind: type, expected: object, domain: xr.Dataset) -> None:
    rng = np.random.default_rng(1)
    amounts = torch.from_numpy(
        np.where(rng.random(20000) < 0.4, 0.1 + rng.gamma(0.8, 6.0, 20000), 0.0).astype(np.float32)
    )
    head = kind(domain, small("unet"), 0.1)
    forecast, _ = head.amounts(head.start(amounts)[None, :, None])
    assert forecast.item() == pytest.approx(float(expected(amounts)), rel=0.05, abs=0.03)  # type: ignore[operator]


def test_a_climate_without_rain_gives_finite_biases(domain: xr.Dataset) -> None:
    for kind in (Amount, MonotoneQuantiles, BernoulliGamma):
        head = kind(domain, small("q-srdrn"), 0.1)
        assert torch.isfinite(head.start(torch.zeros(100))).all()
        forecast, _ = head.amounts(head.start(torch.zeros(100))[None, :, None])
        assert 0 <= forecast.item() < 0.1


def test_amounts_approach_the_bound_and_keep_their_order(domain: xr.Dataset) -> None:
    head = Amount(domain, small("srdrn"), 0.1)
    amounts = head.to_mm(torch.linspace(-5, 50, 500))
    assert (torch.diff(amounts) >= 0).all() and amounts[-1].item() == pytest.approx(head.largest_mm, rel=1e-3)
    value = torch.tensor(-3.0, requires_grad=True)
    head.to_mm(value).backward()
    assert value.grad is not None and value.grad > 0  # a dry cell can become wet again
