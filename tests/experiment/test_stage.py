"""The stage: its files, trials that are kept or repeated, the choice of the better mode, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith import api
from rainsmith.base.errors import UserError
from rainsmith.evaluate.settings import Resampling
from rainsmith.experiment import estimate
from rainsmith.experiment.arms import Trial
from rainsmith.experiment.scores import score_trial
from rainsmith.experiment.stage import experiment
from rainsmith.experiment.trial import Inputs, identity
from rainsmith.metrics.core import Settings
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.experiment.planted import SMALL_NET, config_of
from tests.foretold import foretold_and_done

ARMS = {"q-srdrn": ["real", "prior-10", "posterior-10"], "srdrn": ["real", "better-10"]}
LOSSES = {"real": 0.7, "prior-10": 0.6, "posterior-10": 0.5, "prior-20": 0.6}


@pytest.fixture(scope="module")
def run(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return copy_of(trained, tmp_path_factory.mktemp("experiment"))


def test_files_of_an_experiment_that_is_trained_and_one_trial_that_is_trained_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rainsmith.downscale.estimate.REPEATS", 1)
    config = config_of(experiment={"arms": {"q-srdrn": ["real", "prior-10"]}, "seeds": [0]})
    needed, table = foretold_and_done(estimate.needs, experiment, config, run)
    assert needed.of.startswith("2 trials of q-srdrn, 4 steps of ")
    assert needed.of.endswith("; 36 synthetic days are drawn") and needed.disk > 0
    folder = run.folder / "experiment"
    results = pd.read_csv(folder / "results.csv")
    assert results["arm"].tolist() == ["real"] * 2 + ["prior-10"] * 2
    assert results["days"].tolist() == ["all", "heavy_x"] * 2
    assert results["pinball_p99"].notna().all() and results["mapped_sedi_20"].notna().any()
    assert len(table) == len(pd.read_csv(folder / "comparisons.csv")) and np.isfinite(table["difference"]).all()
    assert (folder / "days" / "prior-10-s0.zarr").is_dir()
    assert (folder / "comparisons.png").read_bytes().startswith(b"\x89PNG")
    (folder / "runs" / "q-srdrn-real-s0.nc").unlink()
    rest = estimate.needs(config, run)
    assert rest.of.startswith("1 trial of q-srdrn, 4 steps of ") and rest.of.endswith("; 0 synthetic days are drawn")
    assert rest.seconds > 0 and 0 < rest.disk < needed.disk
    experiment(config, run)
    again = pd.read_csv(folder / "results.csv")
    pd.testing.assert_frame_equal(results.drop(columns="seconds"), again.drop(columns="seconds"))


@pytest.fixture(scope="module")
def inputs(trained: Run) -> Inputs:
    return Inputs.read(config_of(), trained)


@pytest.fixture
def calls(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the trials that were run, each without a training: with scores of a forecast that is planted.

    The data are read once.
    """
    rain = np.random.default_rng(0).gamma(0.6, 9.0, (80, 4, 4))
    precip = xr.DataArray(rain, dims=("time", "y", "x"), coords={"time": pd.date_range("2001-01-01", periods=80)})
    days = xr.Dataset({"precip": precip, "heavy_x": ("time", np.arange(80) % 3 == 0)})
    forecast = xr.Dataset({"precip": 0.9 * precip})
    knots, limits = (np.zeros(1), np.zeros(1)), Settings(p90=15.0, p95=20.0, p99=35.0)
    scores = score_trial(forecast, days, knots, settings=limits, resampling=Resampling(resamples=50))
    keys: list[str] = []

    def run_planted(trial: Trial, inputs: Inputs) -> xr.Dataset:
        keys.append(trial.key)
        attrs = {"identity": identity(trial, inputs), "validation_loss": LOSSES[trial.arm.name]}
        return (scores * (1 + 0.1 * trial.seed)).assign_attrs({**scores.attrs, **attrs, "seconds": 1.0, "n_days": 80})

    monkeypatch.setattr("rainsmith.experiment.stage.run_trial", run_planted)
    monkeypatch.setattr(Inputs, "read", lambda config, run: replace(inputs, config=config, run=run))
    return keys


def test_the_stage_is_resumable_trial_by_trial(tmp_path: Path, calls: list[str]) -> None:
    run = Run(tmp_path)
    config = config_of(experiment={"arms": ARMS, "seeds": [0, 1]})
    table = experiment(config, run)
    folder = run.folder / "experiment"
    results = (folder / "results.csv").read_bytes()
    assert [key for key in calls if key.startswith("srdrn")] == [  # better is the mode with the lower validation loss
        *["srdrn-real-s0", "srdrn-posterior-10-s0", "srdrn-real-s1", "srdrn-posterior-10-s1"]
    ]
    assert len(calls) == 10 and len(pd.read_csv(folder / "results.csv")) == 10 * 2
    assert set(table["network"]) == {"q-srdrn", "srdrn"} and set(table["days"]) == {"all", "heavy_x"}
    assert (table["difference"] == 0).all() and (table["seeds"] == 2).all()
    assert "## srdrn, heavy_x days of the test split, 2 seeds" in (folder / "tables.md").read_text()
    calls.clear()
    (folder / "runs" / "q-srdrn-prior-10-s1.nc").unlink()
    experiment(config, run)
    assert calls == ["q-srdrn-prior-10-s1"] and (folder / "results.csv").read_bytes() == results
    calls.clear()
    experiment(config.model_copy(update={"seed": 5}), run)
    assert len(calls) == 10  # other settings


def test_an_arm_that_is_asked_for_twice_is_one_trial(trained: Run, tmp_path: Path, calls: list[str]) -> None:
    run = copy_of(trained, tmp_path)
    config = config_of(experiment={"arms": {"q-srdrn": ["real", "prior-10", "better-10"]}, "seeds": [0]})
    table = api.experiment(config, run)
    assert calls == ["q-srdrn-real-s0", "q-srdrn-prior-10-s0"] and set(table["arm"]) == {"prior-10"}
    assert len(pd.read_csv(run.folder / "experiment" / "results.csv")) == 2 * 2


def test_gains_over_the_number_of_synthetic_days_are_drawn_where_there_are_several(
    tmp_path: Path, calls: list[str]
) -> None:
    run, picture = Run(tmp_path), tmp_path / "experiment" / "ratios.png"
    arms = {"q-srdrn": ["real", "prior-10"]}
    experiment(config_of(experiment={"arms": arms, "seeds": [0], "ratios": [10, 20]}), run)
    assert calls == [f"q-srdrn-{arm}-s0" for arm in ("real", "prior-10", "prior-20")]
    assert picture.read_bytes().startswith(b"\x89PNG")
    experiment(config_of(experiment={"arms": arms, "seeds": [0]}), run)
    assert not picture.exists() and len(calls) == 3


def test_a_median_is_asked_for_before_anything_is_trained(run: Run) -> None:
    config = config_of(downscale={**SMALL_NET, "network": "unet", "quantiles": [0.9, 0.99]})
    with pytest.raises(UserError, match=r"without the 0\.5"):
        experiment(config, run)
