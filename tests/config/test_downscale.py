"""The sections ``downscale`` and ``experiment``: quantiles, weights, arms and seeds."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rainsmith.config import Downscale, Experiment
from rainsmith.models.registry import NETWORKS


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"quantiles": [0.95, 0.5]}, r"quantiles are [0.95, 0.5]; expected rising values"),
        ({"quantiles": [0.5, 0.5, 0.95]}, "expected rising values"),
        ({"quantiles": [0.5, 1.0]}, "less than 1"),
        ({"w_min": 3}, "w_min is 3 and w_max 2; expected w_min <= w_max"),
        ({"network": "cnn"}, "there is no downscaling network 'cnn'"),
    ],
)
def test_settings_of_a_downscaler_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Downscale(**values)
    assert message in str(refused.value)


def test_a_network_gets_the_quantiles_that_it_needs() -> None:
    for network in NETWORKS:
        for level in network.needs_quantiles:
            with pytest.raises(ValidationError, match=f"{network.name} needs {level:g} among them"):
                Downscale(network=network.name, quantiles=[level / 2, (1 + level) / 2])
        assert (
            Downscale(network=network.name, quantiles=sorted({0.9, *network.needs_quantiles})).network == network.name
        )
    assert any(network.needs_quantiles for network in NETWORKS)
    assert not all(network.needs_quantiles for network in NETWORKS)


def test_a_downscaler_is_called_by_its_network_and_its_days() -> None:
    assert Downscale(network="unet", train_on="augmented").label == "unet-augmented"


@pytest.mark.parametrize("arm", ["real", "oversampled", "prior-1", "posterior-25", "better-300"])
def test_an_arm_is_a_control_or_a_mode_with_a_number(arm: str) -> None:
    assert Experiment(arms={"unet": [arm]}).arms == {"unet": [arm]}


@pytest.mark.parametrize(
    "arm", ["", "prior", "prior-", "prior-0", "prior-05", "prior--5", "real-5", "worse-5", "prior-5x"]
)
def test_other_arms_are_refused(arm: str) -> None:
    with pytest.raises(ValidationError, match="expected real, oversampled, prior"):
        Experiment(arms={"unet": [arm]})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"arms": {"unet": ["real", "real"]}}, r"arms.unet are \['real', 'real'\]; expected each once"),
        ({"seeds": [1, 2, 1]}, r"seeds are \[1, 2, 1\]; expected each once"),
        ({"seeds": []}, "at least 1 item"),
        ({"arms": {}}, "at least 1 item"),
        ({"arms": {"cnn": ["real"]}}, "there is no downscaling network 'cnn'"),
        ({"lr": {"cnn": 0.1}}, "there is no downscaling network 'cnn'"),
    ],
)
def test_an_experiment_trains_each_arm_once_a_seed(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Experiment(**values)
