"""The factor that brings the members' rain over the training days to the observed one."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Config
from rainsmith.data.dataset import Days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.generative import GenerativeModel, build_model
from rainsmith.models.noise import member_noise
from rainsmith.run_folder import Run
from rainsmith.train.calibration import MEMBERS, RANGE, calibrate
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.small import small_config

SMALL = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1], "x_blocks": 1}


def config_of(**more: object) -> Config:
    return small_config(model=SMALL, train__epochs=1, train__lr=2e-3, train__min_heavy_fraction=0.0, **more)


def gain_of(model: GenerativeModel, days: Days) -> float:
    return calibrate(model, days, torch.device("cpu"), nullcontext(), seed=0, batch_size=32)


@pytest.fixture(scope="module")
def store(prepared: Run) -> xr.Dataset:
    return prepared.open_store().load()


def test_drawn_rain_becomes_the_observed_rain(store: xr.Dataset) -> None:
    torch.manual_seed(0)
    model = build_model(config_of(), store.drop_dims("time"))
    torch.nn.init.constant_(model.network.last.bias, 1.4)
    training = in_split(store, "train")
    days = Days(training)
    gain = gain_of(model, days)
    assert RANGE[0] < gain < RANGE[1] and gain != 1.0
    batch = days.batch(np.arange(len(days)))
    drawn = model.draw(batch.x, member_noise(0, batch.days, range(MEMBERS), model.latent_shapes))
    total = float((drawn * batch.valid[:, None]).double().sum()) / MEMBERS
    assert total == pytest.approx(float(batch.y.double().sum()), rel=1e-3)
    assert gain_of(model, days) == pytest.approx(gain, rel=1e-6)  # not the factor of a factor


def test_a_dry_network_is_not_blown_up_and_conserved_mass_is_left_alone(store: xr.Dataset) -> None:
    domain = store.drop_dims("time")
    days = Days(in_split(store, "train"))
    model = build_model(config_of(), domain)
    torch.nn.init.constant_(model.network.last.bias, -9.0)
    assert gain_of(model, days) == 1.0
    torch.nn.init.constant_(model.network.last.bias, 0.02)
    assert gain_of(model, days) == RANGE[1]
    conserving = build_model(
        config_of().model_copy(update={"model": config_of().model.model_copy(update={"mass": "hard"})}), domain
    )
    assert gain_of(conserving, days) == 1.0


def test_checkpoints_hold_the_factor_and_training_goes_on_without_it(
    prepared: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = copy_of(prepared, tmp_path_factory.mktemp("calibrated"))
    train(config_of(), run)
    saved = checkpoints.load(run.checkpoints / "best_prior")
    assert float(saved.weights["gain"]) != 1.0
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)
    assert float(state["network"]["gain"]) == 1.0
