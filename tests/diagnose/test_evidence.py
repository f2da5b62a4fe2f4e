"""What is derived from the parts of a run."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.diagnose.evidence import PROBED_DAYS, Evidence
from rainsmith.evaluate.table import MetricTable
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.run_folder import Run
from tests.small import small_config


def evidence_of(run: Run, checkpoint: Checkpoint, *, pixel_threshold: float = 0.0) -> Evidence:
    store = run.open_store()
    days = store["precip"].isel(time=np.flatnonzero(store["split"].values == 2)[:5])
    samples = xr.Dataset({"precip": days.expand_dims(member=3, axis=1)}, attrs={"pixel_threshold": pixel_threshold})
    table = MetricTable(pd.DataFrame({"split": []}), "test")
    return Evidence(small_config(), store, "test", table, samples, checkpoint, [{"epoch": 0}, {"validation": {}}])


@pytest.fixture(scope="module")
def checkpoint(trained: Run) -> Checkpoint:
    return checkpoints.load(trained.checkpoints / "best_prior")


def test_parts_of_the_run(trained: Run, checkpoint: Checkpoint) -> None:
    evidence = evidence_of(trained, checkpoint)
    assert evidence.first_member.dims == ("time", "y", "x")
    xr.testing.assert_equal(evidence.first_member.drop_vars("member", errors="ignore"), evidence.observation.load())
    (training,) = evidence.trainings
    assert training.validated_epochs == [{"validation": {}}]
    assert evidence.epochs_planned == 2 and training.epoch_in_use == checkpoint.epoch
    assert len(evidence.training_patterns) == 365 and evidence.training_patterns is evidence.training_patterns
    assert evidence.scores.natural_variability.why_not == "only some days of the split were scored"


def test_members_that_were_cut_off_are_wet_from_there_on(trained: Run, checkpoint: Checkpoint) -> None:
    assert evidence_of(trained, checkpoint).wet_mm == small_config().data.wet_mm
    assert evidence_of(trained, checkpoint, pixel_threshold=0.5).wet_mm == 0.5


def test_the_latents_are_looked_at_on_validation_days(trained: Run, checkpoint: Checkpoint) -> None:
    evidence = evidence_of(trained, checkpoint)
    assert evidence.has_posterior
    assert evidence.latent_sizes == [1] * 8
    assert evidence.latent_experiments.days == PROBED_DAYS


def test_a_channel_of_a_map_has_as_many_values_as_cells_and_a_model_may_lack_a_posterior(
    trained: Run, checkpoint: Checkpoint
) -> None:
    evidence = evidence_of(trained, checkpoint)
    model = SimpleNamespace(latent_shapes=[(2, 3, 4), (3,)], has_posterior=False)
    evidence.__dict__["sampler"] = SimpleNamespace(model=model)
    assert evidence.latent_sizes == [12, 12, 1, 1, 1]
    assert not evidence.has_posterior
