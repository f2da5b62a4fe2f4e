"""Members of a checkpoint: thresholds in mm/day, storms, cells, noise."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import numpy as np
import pytest
import torch

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Sampling
from rainsmith.models import checkpoint
from rainsmith.models.generative import build_model
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from tests.small import small_config


def test_threshold_is_in_mm(trained: Run) -> None:
    """A threshold applied to normalised values is the bug that this project starts from."""
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    days = in_split(trained.open_store(), "test").isel(time=slice(0, 20))
    x = torch.from_numpy(days["predictors"].values)
    numbers = np.arange(20)
    free = Sampler(loaded, Sampling(pixel_threshold=0.0), "cpu").draw(x, numbers, range(3))
    cut = Sampler(loaded, Sampling(pixel_threshold=2.0), "cpu").draw(x, numbers, range(3))
    np.testing.assert_array_equal(cut, np.where(free < 2.0, np.where(np.isnan(free), np.nan, 0.0), free))
    # the planted bug: the same number as a threshold of the normalised field gives another result
    transform = Sampler(loaded, Sampling(), "cpu").model.transform
    z = transform(torch.from_numpy(np.nan_to_num(free)))
    planted = transform.inverse(torch.where(z < 2.0, transform(torch.zeros(())), z)).numpy()
    assert not np.allclose(np.nan_to_num(cut), planted, atol=0.1)


def test_posterior_members_change_with_the_storm(trained: Run) -> None:
    sampler = Sampler(checkpoint.load(trained.checkpoints / "best_tail"), Sampling(), "cpu")
    days = in_split(trained.open_store(), "train").isel(time=slice(0, 8))
    x, numbers, y = torch.from_numpy(days["predictors"].values), np.arange(8), days["precip"].values
    valid, storm = torch.from_numpy(np.isfinite(y)), torch.from_numpy(np.nan_to_num(y))
    posterior = sampler.draw(x, numbers, range(2), storm, valid)
    assert posterior.shape == (8, 2, *y.shape[1:])
    other = sampler.draw(x, numbers, range(2), storm + 30 * valid, valid)
    assert (np.nanmax(np.abs(other - posterior), axis=(1, 2, 3)) > 0).all()
    outside = torch.where(valid, storm, 1e6)  # what lies at invalid cells is read by nothing
    np.testing.assert_array_equal(sampler.draw(x, numbers, range(2), outside, valid), posterior)


def test_members_depend_on_day_and_number_and_not_on_their_neighbours(trained: Run) -> None:
    sampler = Sampler(checkpoint.load(trained.checkpoints / "best_prior"), Sampling(seed=3), "cpu")
    days = in_split(trained.open_store(), "test").isel(time=slice(0, 5))
    x, numbers = torch.from_numpy(days["predictors"].values), np.arange(20030101, 20030106)
    whole = sampler.draw(x, numbers, range(3))
    some = sampler.draw(x[[3, 1]], numbers[[3, 1]], [2, 0])
    np.testing.assert_allclose(some, whole[[3, 1]][:, [2, 0]], rtol=1e-4, atol=1e-4)
    elsewhere = sampler.draw(x, numbers + 1, range(3))
    assert np.nanmax(np.abs(elsewhere - whole)) > 0.01  # the same predictors on other days


def test_a_temperature_of_zero_leaves_no_spread(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    days = in_split(trained.open_store(), "test").isel(time=slice(0, 3))
    x, numbers = torch.from_numpy(days["predictors"].values), np.arange(3)
    cold, warm = (Sampler(loaded, Sampling(temperature=t), "cpu").draw(x, numbers, range(4)) for t in (0.0, 1.0))
    np.testing.assert_allclose(np.ptp(cold, axis=1)[:, sampler_mask(trained)], 0, atol=1e-4)
    assert np.ptp(warm, axis=1)[:, sampler_mask(trained)].max() > 0.1


def sampler_mask(run: Run) -> np.ndarray:
    return np.asarray(run.open_store()["mask"].values)


def test_amounts_below_the_least_rain_of_the_data_become_zero(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    assert Sampler(loaded, Sampling(), "cpu").threshold == loaded.config.data.wet_mm
    assert Sampler(loaded, Sampling(pixel_threshold=0.7), "cpu").how.threshold_mm == 0.7


def test_refusals_are_one_line(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    with pytest.raises(UserError, match=r"sampling\.keep_levels is 2, the model has 1; expected 0 to 1"):
        Sampler(loaded, Sampling(keep_levels=2), "cpu")
    other = {**loaded.networks[0], "last.bias": torch.zeros(7)}
    damaged = checkpoint.Checkpoint((other,), loaded.config, loaded.domain, 0, "best_prior", "")
    with pytest.raises(UserError, match=r"best_prior is of another model configuration: .*last\.bias"):
        Sampler(damaged, Sampling(), "cpu")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(trained: Run, value: float) -> None:
    """Without a word they would give members of missing values, and an evaluation without scores."""
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    for weights in loaded.networks[0].values():
        if weights.is_floating_point():
            weights.view(-1)[0] = value
    sampler = Sampler(loaded, Sampling(), "cpu")
    days = in_split(trained.open_store(), "test").isel(time=slice(0, 2))
    with pytest.raises(UserError, match="checkpoint best_prior draws values that are no numbers; expected finite rain"):
        sampler.draw(torch.from_numpy(days["predictors"].values), np.arange(2), range(2))


class NoCompiler(MetaPathFinder):
    """Refuses to import torch's compiler, which takes two to three seconds and is not needed to draw members."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name == "torch._dynamo":
            raise AssertionError("torch._dynamo was imported")


def test_planning_a_network_loads_no_compiler(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    model = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1]}
    domain = trained.open_store().drop_dims("time").load()
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoCompiler(), *sys.meta_path])
    with torch.device("meta"):
        assert build_model(small_config(model=model), domain).network.last.weight.is_meta
