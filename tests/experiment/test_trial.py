"""One trial: what its identity depends on, its synthetic days, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
import zarr

from rainsmith.base.dims import SPLITS, in_day_set
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.experiment.arms import Arm, Trial
from rainsmith.experiment.trial import Inputs, identity, run_trial, synthetic_days
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.experiment.planted import SMALL_NET, config_of

ARMS = {"srdrn": ["real", "prior-10"]}


def trial(name: str, seed: int = 0, network: str = "srdrn") -> Trial:
    return Trial(network, Arm.of(name), seed)


@pytest.fixture(scope="module")
def run(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return copy_of(trained, tmp_path_factory.mktemp("trial"))


@pytest.fixture(scope="module")
def inputs(run: Run) -> Inputs:
    return Inputs.read(config_of(experiment={"arms": ARMS, "seeds": [0]}), run)


def with_config(inputs: Inputs, **more: object) -> Inputs:
    config: Config = config_of(**{"experiment": {"arms": ARMS, "seeds": [0]}, **more})
    return replace(inputs, config=config)


def test_the_checkpoint_is_read_only_where_an_arm_asks_for_synthetic_days(run: Run, inputs: Inputs) -> None:
    assert inputs.source
    controls = config_of(experiment={"arms": {"srdrn": ["real"]}}, sampling__checkpoint="epoch_999")
    assert Inputs.read(controls, run).source == ""
    with pytest.raises(UserError, match="epoch_999"):
        Inputs.read(config_of(sampling__checkpoint="epoch_999"), run)


def test_an_empty_split_is_refused(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = copy_of(trained, tmp_path_factory.mktemp("empty"))
    split = zarr.open_array(run.store / "split")
    split[:] = np.where(split[:] == SPLITS.index("test"), -1, split[:])
    with pytest.raises(UserError, match="the test split has no days"):
        Inputs.read(config_of(), run)


def test_identity_depends_on_settings_data_and_seed(inputs: Inputs) -> None:
    before = identity(trial("real"), inputs)
    assert identity(trial("real"), inputs) == before
    others = [
        with_config(inputs, downscale={**SMALL_NET, "steps": 7}),
        with_config(inputs, evaluate__resamples=60),
        with_config(inputs, data__wet_mm=1.0),
        with_config(inputs, experiment={"arms": ARMS, "split": "validation"}),
        with_config(inputs, experiment={"arms": ARMS, "steps": 3}),
        replace(inputs, data="another store"),
    ]
    made = {identity(trial("real"), other) for other in others} | {identity(trial("real", seed=1), inputs)}
    assert len(made) == 7 and before not in made


def test_only_trials_with_synthetic_days_depend_on_how_these_are_drawn(inputs: Inputs) -> None:
    others = [
        replace(inputs, source="another checkpoint"),
        with_config(inputs, sampling__temperature=0.9),
        with_config(inputs, augment__seed=5),
        with_config(inputs, experiment={"arms": ARMS, "keep_levels": 2}),
    ]
    for other in others:
        assert identity(trial("real"), other) == identity(trial("real"), inputs)
        assert identity(trial("prior-10"), other) != identity(trial("prior-10"), inputs)


def test_only_trials_on_steered_days_depend_on_how_these_are_drawn(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [inputs, with_config(inputs, augment__intensity=0.9)]
    before = [identity(trial("prior-10"), of) for of in both]
    monkeypatch.setattr("rainsmith.experiment.trial.FORM_OF_STEERED_DAYS", 99)
    assert [identity(trial("prior-10"), of) == made for of, made in zip(both, before, strict=True)] == [True, False]


def test_a_rate_of_one_network_changes_that_network_only_and_counts_as_the_rate_of_all(inputs: Inputs) -> None:
    own = with_config(inputs, experiment={"arms": ARMS, "lr": {"unet": 1e-4}})
    everywhere = with_config(inputs, downscale={**SMALL_NET, "lr": 1e-4})
    for network, changes in (("srdrn", False), ("unet", True)):
        before, after = (identity(trial("real", network=network), of) for of in (inputs, own))
        assert (before != after) == changes
    of_unet = trial("real", network="unet")
    assert identity(of_unet, own) == identity(of_unet, everywhere)  # the same training, asked for otherwise


def test_the_rate_of_a_network_reaches_its_training(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []

    def train(settings: object, *_: object, **__: object) -> None:
        rates.append((settings.network, settings.lr))  # type: ignore[attr-defined]
        raise InterruptedError

    monkeypatch.setattr("rainsmith.experiment.trial.train_downscaler", train)
    own = with_config(inputs, experiment={"arms": ARMS, "lr": {"unet": 1e-4}})
    for network in ("srdrn", "unet"):
        with pytest.raises(InterruptedError):
            run_trial(trial("real", network=network), own)
    assert rates == [("srdrn", own.config.downscale.lr), ("unet", 1e-4)]


def test_synthetic_days_are_training_days_drawn_once_for_each_seed_and_again_for_another_checkpoint(
    run: Run, inputs: Inputs
) -> None:
    first = synthetic_days(trial("prior-10"), inputs)
    assert set(np.unique(first["split"].values)) == {0} and first["synthetic"].values.all()
    assert first.sizes["time"] == 36  # a tenth of the real ones
    path = run.folder / "experiment" / "days" / "prior-10-s0.zarr"
    stamp = path.stat().st_mtime_ns
    np.testing.assert_array_equal(synthetic_days(trial("prior-10"), inputs)["precip"], first["precip"])
    assert path.stat().st_mtime_ns == stamp
    other_seed = synthetic_days(trial("prior-10", seed=1), inputs)
    assert not np.array_equal(other_seed["precip"], first["precip"], equal_nan=True)
    other = replace(with_config(inputs, sampling__checkpoint="epoch_001"), source="another")
    again = synthetic_days(trial("prior-10"), other)
    assert path.stat().st_mtime_ns != stamp
    assert not np.array_equal(again["precip"], first["precip"], equal_nan=True)


def test_what_is_kept_of_a_trial(inputs: Inputs) -> None:
    scores = run_trial(trial("real"), inputs)
    assert scores.attrs["identity"] == identity(trial("real"), inputs)
    assert scores.attrs["n_days"] == inputs.real.sizes["time"] and scores.attrs["validation_loss"] > 0
    assert scores.sizes["resample"] == 1 + inputs.config.evaluate.resamples
    assert in_day_set(inputs.scored, "heavy_x").any() and np.isfinite(scores["mae"].values).all()


def test_members_teach_a_downscaler_and_are_a_forecast_themselves(run: Run) -> None:
    arms = {"unet": ["real", "distil-4", "members-4"]}
    section = {"levels": [0.5], "calibration_days": 5}
    inputs = Inputs.read(config_of(experiment={"arms": arms, "seeds": [0]}, quantiles=section), run)
    assert inputs.source
    taught = run_trial(trial("distil-4", network="unet"), inputs)
    real = run_trial(trial("real", network="unet"), inputs)
    assert taught.attrs["n_days"] == real.attrs["n_days"]
    assert not np.allclose(taught["pinball_p99"], real["pinball_p99"])
    members = run_trial(trial("members-4", network="unet"), inputs)
    assert members.attrs["n_days"] == 0 and np.isnan(members.attrs["validation_loss"])
    assert set(members.data_vars) == set(real.data_vars)
    with xr.open_zarr(run.quantiles / "experiment-unet-members-4-test.zarr", consolidated=False) as kept:
        assert members["mae"].values[0, 0] == pytest.approx(
            float(abs(kept["mean"] - inputs.scored["precip"]).mean()), rel=1e-3
        )
