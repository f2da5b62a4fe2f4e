"""Arms and trials: their names, their order, the days that they hold, and the choice of the better mode."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.experiment.arms import Arm, Trial, better_mode, resolved, training_days, trials
from tests.experiment.planted import config_of


def trial(name: str, seed: int = 0, network: str = "q-srdrn") -> Trial:
    return Trial(network, Arm.of(name), seed)


def test_trials_come_seed_by_seed() -> None:
    keys = [trial.key for trial in trials(config_of())]
    assert keys[:4] == ["q-srdrn-real-s0", "q-srdrn-oversampled-s0", "q-srdrn-prior-10-s0", "q-srdrn-posterior-10-s0"]
    assert keys[8:] == ["srdrn-real-s0", "srdrn-better-10-s0", "srdrn-real-s1", "srdrn-better-10-s1"]


def test_ratios_add_arms_in_the_modes_that_a_network_has_and_none_twice() -> None:
    arms = {
        "q-srdrn": ["real", "prior-10", "posterior-25", "prior-50"],
        "srdrn": ["real", "better-10"],
        "unet": ["real"],
    }
    asked = [trial.key for trial in trials(config_of(experiment={"arms": arms, "seeds": [0], "ratios": [10, 50]}))]
    added = ["q-srdrn-posterior-10-s0", "q-srdrn-posterior-50-s0", "srdrn-better-50-s0"]
    assert [key for key in asked if key in added] == added and len(asked) == len(set(asked)) == 7 + 3


def test_better_is_resolved_and_other_arms_are_left_as_they_are() -> None:
    losses = {trial("real"): 0.1, trial("prior-10"): 0.6, trial("posterior-10"): 0.5}
    chosen = resolved(trial("better-10", network="srdrn"), losses)
    assert chosen.key == "srdrn-posterior-10-s0" and chosen.arm == Arm("posterior-10", "posterior", 10)
    assert resolved(trial("prior-10"), losses) == trial("prior-10")


def test_the_better_mode_is_judged_by_the_first_network_on_shared_seeds_and_the_same_number_of_days() -> None:
    losses = {
        trial("prior-10", 0): 0.5,
        trial("posterior-10", 0): 0.6,
        trial("prior-10", 1): 9.0,  # a seed that the posterior lacks
        trial("prior-25", 0): 9.0,  # another number of synthetic days
        trial("prior-10", 0, network="unet"): 9.0,  # another network
    }
    assert better_mode(losses, 10) == "prior"
    assert better_mode({**losses, trial("posterior-10", 1): 0.7}, 10) == "posterior"  # the mean over both seeds


def test_where_modes_cannot_be_compared_the_first_one_is_taken() -> None:
    assert better_mode({}, 10) == "prior"
    assert better_mode({trial("real"): 0.5, trial("posterior-25"): 0.5}, 10) == "prior"
    assert better_mode({trial("posterior-10", 0): 0.9, trial("prior-10", 1): 0.1}, 10) == "posterior"


def test_unknown_arms_are_refused() -> None:
    with pytest.raises(UserError, match="arms"):
        load_config(overrides={"experiment.arms": {"srdrn": ["real", "synthetic-5"]}})


@pytest.mark.parametrize(
    "what",
    [
        {"arms": {}},
        {"arms": {"unet": []}},
        {"seeds": []},
        {"seeds": [1, 1]},
        {"lr": {"cnn": 1e-3}},
        {"ratios": [0]},
        {"ratios": [5, 5]},
    ],
)
def test_an_experiment_without_trials_or_with_one_twice_or_an_unknown_network_is_refused(
    what: dict[str, object],
) -> None:
    with pytest.raises(UserError, match=next(iter(what))):
        config_of(experiment=what)


def test_ratios_without_a_mode_are_refused() -> None:
    with pytest.raises(UserError, match=r"ratios are \[25\], but no arm .* such as prior-25"):
        config_of(experiment={"arms": {"unet": ["real", "oversampled"]}, "ratios": [25]})


def _days(count: int) -> xr.Dataset:
    heavy = np.arange(count) % 10 == 0
    return xr.Dataset({"heavy_x": ("time", heavy), "number": ("time", np.arange(count))})


def test_arms_hold_the_days_that_their_names_say() -> None:
    config = config_of()
    real = _days(200)
    synthetic = _days(50).assign(synthetic=("time", np.ones(50, bool)), weight=("time", np.full(50, 0.5, "f4")))
    days, weights = training_days(Arm.of("real"), real, None, config)
    assert days.sizes["time"] == 200 and (weights == 1).all()
    days, weights = training_days(Arm.of("oversampled"), real, None, config)
    assert days.sizes["time"] == 200 and weights[0] == config.downscale.oversample.times and weights[1] == 1
    days, weights = training_days(Arm.of("prior-25"), real, synthetic, config)
    assert days["number"].values.tolist() == [*range(200), *range(50)]
    assert set(weights[:200]) == {1.0} and set(weights[200:]) == {0.5}
    assert days["synthetic"].values.tolist() == [False] * 200 + [True] * 50
