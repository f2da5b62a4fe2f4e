"""A model without an encoder, a KL divergence and a curve goes through the whole job; nobody asks which class it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith import pipeline
from rainsmith.augment.stage import synthesise
from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Config
from rainsmith.experiment import trial
from rainsmith.experiment.stage import experiment
from rainsmith.models.registry import MODELS
from rainsmith.run_folder import Run
from rainsmith.sample.model import load_model
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import sample
from rainsmith.train.log import read_log
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.models.bare import bare_model
from tests.small import WHOLE_YEARS, small_config


def config_of(**more: object) -> Config:
    values = {
        "model": {"name": "bare"},
        "data__splits": WHOLE_YEARS,
        "train__min_heavy_fraction": 0.0,
        "train__lr": 0.02,
        "sampling__modes": ["prior", "posterior"],
        "sampling__days": "heavy_x",
        "evaluate__baselines": ["climatology"],
        "evaluate__climate": False,
        "augment": {"ratio": 0.02, "tries": 2, "checks": ["physical_range"]},
    }
    return small_config(**{**values, **more})


@pytest.fixture(scope="module")
def run(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The run folder after the whole job and a sweep."""
    folder = copy_of(prepared, tmp_path_factory.mktemp("bare"))
    with bare_model(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("rainsmith.report.stage.DAYS", 1)
        patch.setattr("rainsmith.report.parts.picture", lambda figure, kind, dpi: b"<svg/>")  # takes half of the time
        pipeline.run(config_of(), folder)
        pipeline.run_stage("sweep", config_of(), folder)
        yield folder
    assert "bare" not in MODELS


def test_it_is_trained_without_a_kl_divergence(run: Run) -> None:
    rows = read_log(run.metrics_log)
    assert [row["beta"] for row in rows] == [0.0, 0.0]
    for row in rows:
        assert row["train"].keys() == {"loss", "crps"}
        assert row["validation"]["kl_per_dimension"] == []
        assert "prior" in row["validation"] and "posterior" not in row["validation"]
    assert rows[1]["train"]["crps"] < rows[0]["train"]["crps"]
    names = {path.stem for path in run.checkpoints.glob("*.safetensors")}
    assert names == {"best_prior", "epoch_001", "epoch_002"}  # it reconstructs nothing, so there is no best_tail


def test_prior_members_are_sampled_and_scored(run: Run) -> None:
    assert [path.name for path in run.samples.glob("*.zarr")] == ["bare-prior-test.zarr"]
    table = pd.read_csv(run.evaluation / "metrics.csv")
    ours = table[table["model"] == "bare"]
    assert set(ours["mode"]) == {"prior"}
    assert np.isfinite(ours.loc[ours["metric"] == "crps", "value"]).all()


def test_questions_about_a_posterior_do_not_apply(run: Run) -> None:
    findings = read_json(run.folder / "diagnosis.json")["findings"]
    verdicts = {finding["name"]: finding["verdict"] for finding in findings}
    for name in ("ignores-z", "prior-posterior-gap", "posterior-collapse", "kl-explosion"):
        assert verdicts[name] == "n/a", name
    for name in ("under-dispersion", "blur", "mass-drift", "unfinished-training", "worse-checkpoint"):
        assert verdicts[name] in ("pass", "warn", "fail"), name


def test_a_sweep_ranks_its_epochs_by_prior_members(run: Run) -> None:
    table = pd.read_csv(run.folder / "sweep.csv")
    assert len(table) == 2
    assert np.isfinite(table["prior_tail_score"]).all()
    assert not [column for column in table if column.startswith("posterior")]


def test_variations_of_storms_are_refused_before_any_work(
    run: Run, prepared: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ``augment`` and ``experiment`` before a day is drawn, and by ``train`` before the first step."""
    config = config_of(augment={"mode": "posterior"})
    monkeypatch.setattr(Sampler, "draw", _never)
    with pytest.raises(
        UserError, match=r"augment\.mode: posterior .* 'bare' has no posterior; set augment\.mode: prior"
    ):
        synthesise(config, run)
    arms = {"srdrn": ["real", "posterior-50"]}
    monkeypatch.setattr(trial, "train_downscaler", _never)
    with pytest.raises(UserError, match=r"has no posterior; leave posterior arms out of experiment\.arms"):
        experiment(config_of(experiment={"arms": arms}), run)
    folder = copy_of(prepared, tmp_path / "untrained")
    with pytest.raises(UserError, match=r"set augment\.mode: prior"):
        train(config, folder)
    assert not folder.metrics_log.exists()


def _never(*args: object, **kwargs: object) -> None:
    raise AssertionError("work was spent")


def test_days_are_synthesised_from_prior_members(run: Run) -> None:
    days = open_zarr(run.folder / "augmented.zarr", "")
    assert days["synthetic"].sum() > 0


def test_the_report_shows_it_without_curves_of_a_kl_divergence(run: Run) -> None:
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "bare" in page and "Terms of the training loss" in page
    assert "KL divergence and its weight" not in page


def test_the_loaded_model_draws_prior_members_and_refuses_storms(run: Run) -> None:
    days = in_split(run.open_store(), "test").isel(time=slice(0, 2)).load()
    model = load_model(run.checkpoints / "best_prior.safetensors", device="cpu")
    drawn = model.sample(days["predictors"], members=2, seed=0)
    sampled = model.sample(days["predictors"].isel(time=[1]), members=2, seed=0)
    xr.testing.assert_allclose(drawn.isel(time=[1]), sampled, rtol=1e-4, atol=1e-4)
    with pytest.raises(UserError, match=r"varies observed storms.*use prior mode"):
        model.sample(days["predictors"], storms=days["precip"])


@pytest.mark.parametrize(
    ("command", "key", "value", "message"),
    [
        (sample, "sampling__modes", ["posterior"], r"set sampling\.modes: \[prior\]"),
        (train, "train__monitor", "mae_tail", r"set train\.monitor: prior"),
    ],
)
def test_what_needs_a_reconstruction_is_refused_in_one_line(
    run: Run, tmp_path_factory: pytest.TempPathFactory, command: object, key: str, value: object, message: str
) -> None:
    folder = run
    if command is train:
        folder = copy_of(run, tmp_path_factory.mktemp("again"))
        for path in folder.checkpoints.iterdir():
            path.unlink()
    with pytest.raises(UserError, match=message) as caught:
        command(config_of(**{key: value}), folder)  # type: ignore[operator]
    assert "\n" not in str(caught.value)
