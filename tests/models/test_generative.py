"""What the protocol of generative models gives a model that says nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import xarray as xr

from rainsmith.models.generative import AS_TRAINED, GenerativeModel, all_valid, build_model, without_drizzle
from rainsmith.run_folder import Run
from tests.models.bare import BareModel, bare_model
from tests.small import small_config


@pytest.fixture(scope="module")
def bare(prepared: Run) -> Iterator[GenerativeModel]:
    with bare_model():
        domain: xr.Dataset = prepared.open_store().drop_dims("time").load()
        yield build_model(small_config(model={"name": "bare"}), domain)


def test_a_model_is_built_by_its_name(bare: GenerativeModel) -> None:
    assert type(bare) is BareModel


def test_a_model_may_lack_a_curve_an_objective_and_a_posterior(bare: GenerativeModel) -> None:
    assert bare.curve is None
    assert bare.objective.state_dict() == {}
    with pytest.raises(NotImplementedError, match="BareModel has no posterior"):
        bare.posterior_latents(torch.zeros(1), [], torch.zeros(1), torch.zeros(1))


def test_rain_is_normalised_where_it_is_valid_and_zero_elsewhere(bare: GenerativeModel) -> None:
    y = torch.full((2, 20, 18), 7.0)
    y[0, :, :9] = torch.nan
    normalised = bare.normalised(y, y.isfinite())
    assert normalised.shape == (2, 1, 20, 18) and (normalised[0, 0, :, :9] == 0).all()
    torch.testing.assert_close(normalised[1, 0], torch.log1p(y[1]) / bare.transform.std)


def test_drizzle_is_cut_and_nothing_else() -> None:
    members = torch.tensor([0.0, 0.09, 0.1, 3.0])
    assert without_drizzle(members, 0.1).tolist() == pytest.approx([0.0, 0.0, 0.1, 3.0])
    assert without_drizzle(members, 0.0) is members


def test_defaults_draw_members_as_training_scores_them() -> None:
    assert (AS_TRAINED.temperature, AS_TRAINED.threshold_mm, AS_TRAINED.keep_levels) == (1.0, 0.0, None)
    assert all_valid(torch.tensor([torch.nan, 0.0])).all()
