"""The posterior of a latent level: KL divergence, bounds, and the way to the prior."""

from __future__ import annotations

import pytest
import torch

from rainsmith.models.hierarchical.posterior import (
    POSTERIOR_LOG_RATIO,
    POSTERIOR_SHIFT,
    LevelPosterior,
    bounded_posterior,
    smooth_clamp,
)


def test_half_way_keeps_the_prior_where_posteriors_fill_it() -> None:
    generator = torch.Generator().manual_seed(0)
    # days whose posteriors have mean m ~ N(0, 0.8^2) and variance 0.6^2: together N(0, 1)
    shift = 0.8 * torch.randn(200_000, generator=generator)
    half = LevelPosterior(shift, torch.full_like(shift, 0.6)).towards_prior(torch.tensor(0.5))
    draws = half.shift + half.ratio * torch.randn(200_000, generator=generator)
    assert draws.mean().item() == pytest.approx(0.0, abs=0.01)
    assert draws.std().item() == pytest.approx(1.0, abs=0.01)


def test_kl_against_torch_distributions() -> None:
    shift, ratio = torch.linspace(-3, 3, 7), torch.linspace(0.05, 1.5, 7)
    prior = torch.distributions.Normal(torch.tensor(1.5), torch.tensor(0.4))
    posterior = torch.distributions.Normal(1.5 + 0.4 * shift, 0.4 * ratio)
    torch.testing.assert_close(
        LevelPosterior(shift, ratio).kl(), torch.distributions.kl_divergence(posterior, prior), rtol=1e-5, atol=1e-5
    )


def test_variation_leads_from_the_posterior_to_the_prior() -> None:
    posterior = LevelPosterior(torch.tensor([2.0, -1.0]), torch.tensor([0.5, 1.2]))
    at_first, at_last = (posterior.towards_prior(torch.tensor(v)) for v in (0.0, 1.0))
    torch.testing.assert_close(at_first, posterior)
    torch.testing.assert_close(at_last, LevelPosterior(torch.zeros(2), torch.ones(2)), rtol=0, atol=1e-6)
    divergence = [posterior.towards_prior(torch.tensor(v / 10)).kl()[0].item() for v in range(11)]
    assert divergence == sorted(divergence, reverse=True)


def test_any_output_of_the_network_is_a_posterior_within_bounds() -> None:
    raw = torch.cat([torch.tensor([-1e4, -1.0, 0.0, 1.0, 1e4]), torch.tensor([-1e4, -1.0, 0.0, 1.0, 1e4])])
    posterior = bounded_posterior(raw.reshape(1, 1, 10, 1, 1))
    shift, log_ratio = posterior.shift.flatten(), posterior.ratio.log().flatten()
    assert shift[[0, -1]].tolist() == [-POSTERIOR_SHIFT, POSTERIOR_SHIFT]
    torch.testing.assert_close(log_ratio[[0, -1]], torch.tensor(POSTERIOR_LOG_RATIO))
    assert shift[2] == 0 and posterior.ratio.flatten()[2] == 1  # an output of 0 is the prior
    assert (torch.diff(shift) > 0).all() and (torch.diff(log_ratio) > 0).all()


def test_the_clamp_is_the_value_itself_near_zero_and_always_has_a_gradient() -> None:
    value = torch.tensor([-20.0, -0.01, 0.0, 0.01, 3.0], requires_grad=True)
    clamped = smooth_clamp(value, -4.0, 0.5)
    clamped.sum().backward()
    torch.testing.assert_close(clamped[1:4], value[1:4], rtol=1e-3, atol=1e-5)
    assert value.grad is not None and (value.grad > 0).all() and value.grad[2] == 1
