"""Heads of downscaling networks: order of quantiles, losses and forecasts by closed form, the climate they start from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
import xarray as xr
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rainsmith.base.errors import UserError
from rainsmith.config import Downscale
from rainsmith.models.downscaling.heads import Amount, BernoulliGamma, BernoulliPareto, MonotoneQuantiles, pinball
from rainsmith.models.downscaling.heads.pareto import ParetoLaw, cumulative_hazard, scaled_quantile
from rainsmith.run_folder import Run


def small(network: str, **more: object) -> Downscale:
    return Downscale(network=network, filters=8, blocks=1, fine_filters=6, precision="fp32", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


@hypothesis_settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-4, 300.0), centre=st.floats(-50.0, 50.0))
def test_quantiles_never_cross(domain: xr.Dataset, seed: int, scale: float, centre: float) -> None:
    """Whatever the network says, far beyond anything trained; those of distributions, too."""
    values = centre + scale * torch.randn(2, 5, 200, generator=torch.Generator().manual_seed(seed))
    levels = [0.05, 0.5, 0.95, 0.99, 0.999]
    heads = (
        (MonotoneQuantiles(domain, small("q-srdrn", quantiles=levels), 0.1), values),
        (BernoulliGamma(domain, small("unet", quantiles=levels), 0.1), values[:, :3]),
        (BernoulliPareto(domain, small("unet-egp", quantiles=levels), 0.1), values),
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


P, LEAST = 0.3, 0.1


def gamma_head(domain: xr.Dataset) -> tuple[BernoulliGamma, list[float], scipy.stats.rv_continuous]:
    """A head, the values of its channels, and the distribution of wet amounts that they stand for."""
    mean, shape = 6.0, 0.8
    values = [np.log(P / (1 - P)), np.log(mean), 3 * np.arctanh(np.log(shape) / 3)]
    return BernoulliGamma(domain, small("unet"), LEAST), values, scipy.stats.gamma(shape, scale=mean / shape)


class ExtendedPareto(scipy.stats.rv_continuous):
    """genpareto(xi)^kappa above ``LEAST``: the oracle of the head."""

    def __init__(self, sigma: float, kappa: float, xi: float) -> None:
        self.law, self.kappa = scipy.stats.genpareto(xi, scale=sigma), kappa
        self.dry = float(self.law.cdf(LEAST) ** kappa)
        super().__init__(a=LEAST)

    def _cdf(self, x: np.ndarray) -> np.ndarray:
        return (self.law.cdf(x) ** self.kappa - self.dry) / (1 - self.dry)  # type: ignore[no-any-return]

    def _ppf(self, q: np.ndarray) -> np.ndarray:
        return self.law.ppf((self.dry + q * (1 - self.dry)) ** (1 / self.kappa))  # type: ignore[no-any-return]

    def _pdf(self, x: np.ndarray) -> np.ndarray:
        return self.kappa * self.law.cdf(x) ** (self.kappa - 1) * self.law.pdf(x) / (1 - self.dry)  # type: ignore[no-any-return]


def pareto_head(domain: xr.Dataset) -> tuple[BernoulliPareto, list[float], scipy.stats.rv_continuous]:
    median, kappa, xi = 3.0, 0.7, 0.2
    sigma = median / scipy.stats.genpareto(xi).ppf(0.5 ** (1 / kappa))
    values = [np.log(P / (1 - P)), np.log(median), 5 * np.arctanh((np.log(kappa) - 3) / 5), np.log(xi / (0.5 - xi))]
    values.append(-50.0)  # the logit of less than a wet cell has
    return BernoulliPareto(domain, small("unet-egp"), LEAST), values, ExtendedPareto(sigma, kappa, xi)


@pytest.mark.parametrize("made", [gamma_head, pareto_head])
def test_a_distribution_by_its_likelihood_mean_quantiles_and_crps(made: Any, domain: xr.Dataset) -> None:
    """Those of SciPy; the CRPS is twice the integral of the pinball loss over all levels."""
    head, channels, law = made(domain)
    values = torch.tensor(channels)[None, :, None].float()
    y = np.array([0.0, 0.2, 0.5, 4.0, 40.0])
    expected = np.where(y < LEAST, -np.log(1 - P), -np.log(P) - law.logpdf(np.maximum(y, LEAST)))
    observed = torch.from_numpy(y)[None].float()
    np.testing.assert_allclose(head.losses(values.expand(1, -1, 5), observed)[0], expected, rtol=1e-3)
    levels = np.array([0.2, 0.69, 0.75, 0.95, 0.9999])
    amounts, quantiles = head.amounts(values, levels.tolist())
    exact = np.where(levels > 1 - P, law.ppf(np.clip((levels - 1 + P) / P, 0, 1)), 0)
    np.testing.assert_allclose(quantiles[0, :, 0], exact, rtol=1e-3)
    fine = 1 - np.exp(np.linspace(0, -30, 60001))  # levels, closer and closer to 1
    middle, share = (fine[1:] + fine[:-1]) / 2, np.diff(fine)
    _, forecast = head.amounts(values, middle.tolist())
    assert amounts.item() == pytest.approx(float((forecast[0, :, 0].double().numpy() * share).sum()), rel=2e-3)
    losses = pinball(forecast.double().expand(1, -1, 5), observed.double(), torch.from_numpy(middle)[:, None])
    by_levels = 2 * (losses[0].numpy() * share[:, None]).sum(0)
    np.testing.assert_allclose(head.crps(values.expand(1, -1, 5), observed)[0], by_levels, rtol=2e-3)


def test_amounts_too_small_for_a_wet_cell_have_a_law(domain: xr.Dataset) -> None:
    """That of the climate: its quantiles are forecast, and the CRPS is that of draws."""
    rng = np.random.default_rng(0)
    climate = np.where(rng.random(20000) < 0.5, LEAST * rng.random(20000) ** 4, 0.0)
    climate[:6000] = LEAST + rng.gamma(0.8, 6.0, 6000)
    head = BernoulliPareto(domain, small("unet-egp"), LEAST)
    start = head.start(torch.from_numpy(climate).float())[None, :, None]
    assert head.exponent.item() == pytest.approx(0.25, abs=0.01)
    levels = [0.2, 0.4, 0.5, 0.6, 0.68, 0.75, 0.9]
    amounts, quantiles = head.amounts(start, levels)
    np.testing.assert_allclose(quantiles[0, :, 0], np.quantile(climate, levels), rtol=0.2, atol=1e-3)
    y = torch.tensor([[0.0, 0.03, 0.1, 8.0]])
    draws = head.amounts(start, ((np.arange(4000) + 0.5) / 4000).tolist())[1][0, :, 0].double().numpy()
    assert amounts.item() == pytest.approx(draws.mean(), rel=0.01)
    half_difference = ((2 * np.arange(4000) + 1 - 4000) * draws).mean() / 4000  # of sorted draws
    expected = np.abs(draws - y.numpy().T).mean(1) - half_difference
    np.testing.assert_allclose(head.crps(start.expand(1, -1, 4), y)[0], expected, rtol=0.02)
    losses = head.losses(start.expand(1, -1, 3), torch.tensor([[0.0, 0.05, 0.0999]]))[0]
    share = float((climate > 0)[6000:].mean())
    assert (losses[1] - losses[0]).item() == pytest.approx(np.log((1 - share) / share), abs=0.01)
    assert losses[2] == losses[1]


def test_the_tail_index_may_go_to_0() -> None:
    """Formulae that divide by it have the limits of the exponential law, with finite gradients."""
    xi = torch.tensor([0.0, 1e-30, 1e-8, 1e-4], requires_grad=True)
    z, kappa = torch.tensor(7.0), torch.tensor(1.0)
    for found, limit in (
        (cumulative_hazard(z, xi), 7.0),
        (scaled_quantile(torch.tensor(0.999), kappa, xi), -np.log(0.001)),
    ):
        torch.testing.assert_close(found, torch.full((4,), float(limit)), rtol=1e-3, atol=0)
        (gradient,) = torch.autograd.grad(found.sum(), xi)
        torch.testing.assert_close(gradient.abs(), torch.full((4,), float(limit) ** 2 / 2), rtol=2e-3, atol=0)
    law = ParetoLaw(np.full((1, 1), 8.0), np.ones((1, 1)), np.full((1, 1), 1e-4), 0.1)
    assert law.mean.item() == pytest.approx(8.1, rel=1e-3) and law.spread().item() == pytest.approx(4.0, rel=1e-3)


@hypothesis_settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 300.0))
def test_the_likelihood_of_any_values_is_finite(domain: xr.Dataset, seed: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = (scale * torch.randn(2, 5, 100, generator=generator)).requires_grad_()
    y = torch.rand(2, 100, generator=generator) ** 8 * 500
    losses = BernoulliPareto(domain, small("unet-egp"), 0.1).losses(values, y)
    losses.sum().backward()
    assert torch.isfinite(losses).all() and values.grad is not None and torch.isfinite(values.grad).all()


def test_the_start_finds_the_tail_of_the_climate(domain: xr.Dataset) -> None:
    head, _, law = pareto_head(domain)
    wet = torch.from_numpy(law.ppf((np.arange(4000) + 0.5) / 4000)).float()
    start = head.start(torch.cat([wet, torch.zeros(6000)]))
    assert start[0].item() == pytest.approx(np.log(0.4 / 0.6), abs=1e-2)
    found = head.law(start[None, :, None].double())
    assert found.xi.item() == pytest.approx(0.2, abs=0.06)
    assert found.quantile(np.array([[[0.01]]])).item() == pytest.approx(float(law.ppf(0.99)), rel=0.05)


def test_quantiles_of_other_levels_are_refused(domain: xr.Dataset) -> None:
    head = MonotoneQuantiles(domain, small("q-srdrn"), 0.1)
    _, quantiles = head.amounts(torch.zeros(1, 4, 3), [0.95, 0.999])
    assert quantiles.shape == (1, 2, 3)
    with pytest.raises(UserError, match="found the quantile 0"):
        head.amounts(torch.zeros(1, 4, 3), [0.9])


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
        (BernoulliPareto, lambda amounts: amounts[amounts >= 0.1].mean() * 0.4),
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
    for kind in (Amount, MonotoneQuantiles, BernoulliGamma, BernoulliPareto):
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
