"""Downscalers in units: order of quantiles, losses by closed form, masks, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Downscale
from rainsmith.data.dataset import Batch, Days
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.run_folder import Run

NETWORKS = ("srdrn", "q-srdrn", "unet", "unet-egp")
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
    expected, near = (climate.mean(), 0.2) if network.startswith("unet") else (np.median(climate), 0.05)
    mask = torch.from_numpy(domain["mask"].values)
    assert amounts.shape == batch.y.shape and torch.isnan(amounts[:, ~mask]).all()
    assert amounts[:, mask].mean().item() == pytest.approx(expected, rel=0.05 if network == "unet" else near, abs=0.02)
    if network == "q-srdrn":
        assert quantiles is not None
        found = quantiles[:, :, mask].mean((0, 2)).numpy()
        np.testing.assert_allclose(found[1:], np.quantile(climate, [0.95, 0.99, 0.999]), rtol=0.05)


def test_srdrn_has_no_quantiles(domain: xr.Dataset, batch: Batch) -> None:
    module = build("srdrn", domain, batch)
    assert module.quantiles == () and module.predict(batch.x)[1] is None
