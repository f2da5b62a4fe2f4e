"""Experiments with the latents of a small trained model: as it is, and with planted faults in its weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Config
from rainsmith.diagnose.failures.latents import worst_by_chance
from rainsmith.diagnose.finding import Finding
from rainsmith.diagnose.latent_experiments import LatentExperiments
from rainsmith.diagnose.member_scores import MemberScores
from rainsmith.diagnose.natural_variability import NaturalVariability
from rainsmith.evaluate.table import MetricTable
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.models.hierarchical.posterior import POSTERIOR_SHIFT
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.diagnose.evidence import ask, evidence_of
from tests.small import small_config

VARIABILITY = NaturalVariability({("heavy_x", "p99"): (0.1, 0.2)}, {}, 2, 50)


def config() -> Config:
    sizes = {"levels": 2, "channels": [16, 16], "latent_channels": [4, 2], "x_blocks": 1}
    model = {"name": "hierarchical", **sizes, "objective": {"members": 2, "pooling": [1, 4]}}
    settings = {"epochs": 4, "batch_size": 32, "lr": 6e-3, "precision": "fp32", "validate_every": 4}
    return small_config(model=model, train=settings)


@pytest.fixture(scope="module")
def loaded(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    run = copy_of(prepared, tmp_path_factory.mktemp("latents"))
    train(config(), run)
    return checkpoints.load(run.checkpoints / "best_prior")


@pytest.fixture(scope="module")
def days(prepared: Run) -> xr.Dataset:
    return in_split(prepared.open_store(), "validation").isel(time=slice(0, 120, 4)).load()


def examine(loaded: Checkpoint, days: xr.Dataset, *, prior_p99: float = 20.0) -> dict[str, Finding]:
    rows = [
        ("made", mode, "test", "heavy_x", "p99", value) for mode, value in (("prior", prior_p99), ("posterior", 20.0))
    ]
    table = MetricTable(pd.DataFrame(rows, columns=["model", "mode", "split", "days", "metric", "value"]), "test")
    evidence = evidence_of(
        latent_experiments=LatentExperiments(Sampler(loaded, config().sampling), days),
        scores=MemberScores(table, "made", VARIABILITY),
    )
    return {name: ask(name, evidence) for name in ("ignores-z", "prior-posterior-gap")}


def test_a_trained_model_uses_its_latents(loaded: Checkpoint, days: xr.Dataset) -> None:
    by_name = examine(loaded, days)
    assert by_name["ignores-z"].verdict == "pass", by_name["ignores-z"]
    assert by_name["ignores-z"].note.count(".") == 2  # one figure a level
    assert by_name["prior-posterior-gap"].verdict in ("pass", "warn"), by_name["prior-posterior-gap"]


def test_a_decoder_without_a_way_from_z_is_found(loaded: Checkpoint, days: xr.Dataset) -> None:
    deaf = {name: value * (0.0 if name.startswith("from_z") else 1.0) for name, value in loaded.networks[0].items()}
    by_name = examine(replace(loaded, networks=(deaf,)), days)
    assert by_name["ignores-z"].verdict == "fail"
    assert max(figure.value for figure in by_name["ignores-z"].figures) < 0.01


def test_posteriors_far_from_the_prior_are_found(loaded: Checkpoint, days: xr.Dataset) -> None:
    weights = dict(loaded.networks[0])
    for name in [name for name in weights if name.startswith("posterior") and name.endswith("bias")]:
        half = len(weights[name]) // 2
        weights[name] = torch.cat([weights[name][:half] + POSTERIOR_SHIFT, weights[name][half:]])
    assert examine(replace(loaded, networks=(weights,)), days)["prior-posterior-gap"].verdict == "fail"


def test_a_gap_between_the_tails_of_the_samples_counts(loaded: Checkpoint, days: xr.Dataset) -> None:
    assert examine(loaded, days, prior_p99=10.0)["prior-posterior-gap"].verdict == "fail"


@pytest.mark.parametrize(("latents", "days"), [(128, 64), (128, 30), (8, 365)])
def test_latents_that_fill_the_prior_are_not_warned_about(latents: int, days: int) -> None:
    """The worst of many latents strays by chance, the more the fewer days there are."""
    random = np.random.default_rng(0)
    far, narrow, wide = worst_by_chance(latents, days)
    strayed = []
    for _ in range(200):
        drawn = random.normal(size=(days, latents))
        spread = drawn.std(axis=0)
        strayed.append(np.abs(drawn.mean(axis=0)).max() > far or spread.max() > wide or spread.min() < narrow)
    assert np.mean(strayed) < 0.08
