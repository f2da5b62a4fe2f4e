"""Downscalers in units: order of quantiles, losses by closed form, masks, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
import xarray as xr
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rainsmith.base.dims import in_split
from rainsmith.config import Downscale
from rainsmith.data.dataset import Batch, Days
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.models.downscaling.heads import Amount, BernoulliGamma, MonotoneQuantiles
from rainsmith.run_folder import Run

NETWORKS = ("srdrn", "q-srdrn", "unet")
EACH = pytest.mark.parametrize("network", NETWORKS)


def small(network: str, **more: object) -> Downscale:
    return Downscale(network=network, filters=8, blocks=1, fine_filters=6, precision="fp32", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


@pytest.fixture(scope="module")
def batch(prepared: Run) -> Batch:
    return Days(in_split(prepared.open_store(), "train").isel(time=slice(0, 12))).batch(np.arange(12))


def build(network: str, domain: xr.Dataset, batch: Batch, seed: int = 0) -> Downscaler:
    torch.manual_seed(seed)
    module = Downscaler(small(network), domain)
    module.start_from(batch.y[batch.valid].numpy())
    return module


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


@EACH
def test_masked_cells_never_reach_the_loss(network: str, domain: xr.Dataset, batch: Batch) -> None:
    module = build(network, domain, batch)
    valid = batch.valid.clone()
    valid[3] = False  # a day without any observation
    valid[:, ::3] = False
    outcomes = []
    for filling in (0.0, 1e6, float("nan")):
        module.zero_grad()
        loss = module(batch.x, torch.where(valid, batch.y, filling), valid)
        loss.backward()
        outcomes.append([loss.detach(), *(p.grad.clone() for p in module.parameters())])
    for other in outcomes[1:]:
        for a, b in zip(outcomes[0], other, strict=True):
            assert torch.equal(a, b)
    assert module(batch.x, batch.y, torch.zeros_like(valid)) == 0
    assert module(batch.x, batch.y, batch.valid) != outcomes[0][0]  # the mask does matter


@EACH
def test_gradients_flow_everywhere(network: str, domain: xr.Dataset, batch: Batch) -> None:
    module = build(network, domain, batch)
    module(batch.x, batch.y, batch.valid).backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


@EACH
def test_a_network_starts_from_the_climate(network: str, domain: xr.Dataset, batch: Batch) -> None:
    """The biases are its climate; what the first random weights add to them is small."""
    module = build(network, domain, batch)
    with torch.no_grad():
        module.network.to_cells.last.weight.zero_()
    amounts, quantiles = module.predict(batch.x)
    climate = batch.y[batch.valid].numpy()
    expected = climate.mean() if network == "unet" else np.median(climate)
    mask = torch.from_numpy(domain["mask"].values)
    assert amounts.shape == batch.y.shape and torch.isnan(amounts[:, ~mask]).all()
    assert amounts[:, mask].mean().item() == pytest.approx(expected, rel=0.05, abs=0.02)
    if network == "q-srdrn":
        assert quantiles is not None
        found = quantiles[:, :, mask].mean((0, 2)).numpy()
        np.testing.assert_allclose(found[1:], np.quantile(climate, [0.95, 0.99, 0.999]), rtol=0.05)


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
    found = head.losses(values.expand(1, -1, 5), torch.from_numpy(y)[None].float())[0]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    amounts, quantiles = head.amounts(values)
    assert amounts.item() == pytest.approx(p * mean, rel=1e-3)
    levels = np.array(head.settings.quantiles)
    exact = np.where(levels > 1 - p, law.ppf(np.clip((levels - 1 + p) / p, 0, 1)), 0)
    np.testing.assert_allclose(quantiles[0, :, 0], exact, rtol=1e-3)


def test_srdrn_has_no_quantiles(domain: xr.Dataset, batch: Batch) -> None:
    module = build("srdrn", domain, batch)
    assert module.quantiles == () and module.predict(batch.x)[1] is None
