"""Scores of one checkpoint, against the metrics called by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Config
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics import ensemble, pooled
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.sweep.scoring import SCORED, score_checkpoint
from rainsmith.train.day_scores import BULK_WEIGHT
from tests.small import small_config


@pytest.fixture(scope="module")
def config() -> Config:
    return small_config()


@pytest.fixture(scope="module")
def store(trained: Run) -> xr.Dataset:
    return trained.open_store()


@pytest.fixture(scope="module")
def days(store: xr.Dataset) -> xr.Dataset:
    return in_split(store, "validation").isel(time=slice(0, 40)).load()


@pytest.fixture
def sampler(trained: Run, config: Config) -> Sampler:
    return Sampler(checkpoints.load(trained.checkpoints / "best_prior"), config.sampling)


def test_every_metric_is_there_in_both_modes(
    sampler: Sampler, days: xr.Dataset, store: xr.Dataset, config: Config
) -> None:
    scores = score_checkpoint(sampler, days, 3, settings_of(store, config))
    for mode in ("prior", "posterior"):
        assert {f"{mode}_{metric.name}" for metric in SCORED} <= set(scores)
        tail = scores[f"{mode}_twcrps_p99"] + BULK_WEIGHT * scores[f"{mode}_crps"]
        assert scores[f"{mode}_tail_score"] == pytest.approx(tail)


def test_scores_are_those_of_the_members_that_are_drawn(days: xr.Dataset, store: xr.Dataset, config: Config) -> None:
    """A sampler that gives the observation as every member has no error; one without a posterior has no such scores."""
    perfect: Any = type("Perfect", (), {})()
    perfect.settings, perfect.model = config.sampling, type("Model", (), {"has_posterior": False})()
    rain = days["precip"].values

    def draw(x: object, numbers: np.ndarray, members: range, *given: None) -> np.ndarray:
        first = int(np.flatnonzero(numbers_of_days == numbers[0])[0])
        return np.repeat(rain[first : first + len(numbers), None], len(members), axis=1)

    time = days["time"].dt
    numbers_of_days = (time.year * 10000 + time.month * 100 + time.day).values
    perfect.draw = draw
    scores = score_checkpoint(perfect, days, 2, settings_of(store, config))
    assert scores["prior_crps"] == pytest.approx(0.0, abs=1e-6)
    assert scores["prior_mean"] == pytest.approx(scores["prior_observed_mean"])
    members = days["precip"].expand_dims(member=2, axis=1)
    assert scores["prior_mean"] == pytest.approx(float(pooled.mean(members, days["precip"])))
    assert float(ensemble.crps(members, days["precip"])) == pytest.approx(0.0, abs=1e-6)
    assert not any(name.startswith("posterior") for name in scores)
