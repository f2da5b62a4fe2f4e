"""Draws of a small trained model with chosen noise, and the figures that compare them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.diagnose.latent_experiments import LatentExperiments
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from tests.small import small_config


@pytest.fixture(scope="module")
def experiments(trained: Run) -> LatentExperiments:
    days: xr.Dataset = in_split(trained.open_store(), "validation").isel(time=slice(0, 40))
    sampler = Sampler(checkpoints.load(trained.checkpoints / "best_prior"), small_config().sampling)
    return LatentExperiments(sampler, days)


def test_the_same_noise_draws_the_same_members_and_other_noise_draws_others(experiments: LatentExperiments) -> None:
    members = experiments.draw(experiments.noise)
    assert members.shape == (40, 2, *experiments.y.shape[1:]) and experiments.days == 40
    assert torch.equal(members, experiments.draw(experiments.noise))
    assert not torch.equal(members, experiments.draw(experiments.other_noise))


def test_posterior_draws_follow_the_observation(experiments: LatentExperiments) -> None:
    prior = experiments.draw(experiments.noise)
    posterior = experiments.draw(experiments.noise, experiments.y, experiments.valid)
    assert not torch.equal(prior, posterior)
    assert [part.shape for part in experiments.posterior_latents()] == [tuple(part.shape) for part in experiments.noise]


def test_figures_are_those_of_valid_cells(experiments: LatentExperiments) -> None:
    observed = experiments.observation
    broken = torch.where(experiments.valid[:, None], observed, 1e6)
    other = torch.sin(7.0 * observed) + broken
    a, b = (part[experiments.valid[:, None]].double().numpy() for part in (observed, other))
    assert experiments.correlation(observed, other) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert experiments.rms_difference(observed, other) == pytest.approx(np.sqrt(np.mean((a - b) ** 2)), rel=1e-5)
    assert experiments.correlation(observed, torch.ones_like(observed)) == 0.0  # nothing varies
