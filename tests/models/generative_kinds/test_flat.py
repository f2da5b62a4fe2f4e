"""Settings of the reference's model."""

from __future__ import annotations

import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.models.generative_kinds.flat import FlatSettings, Loss


def test_weights_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(UserError, match=r"w_min is 3 and w_max 2; expected w_min <= w_max"):
        load_config(overrides={"model": {"name": "flat", "loss": {"w_min": 3, "w_max": 2}}})


def test_the_kl_divergence_weighs_what_the_loss_says() -> None:
    assert FlatSettings(loss=Loss(beta_kl=0.2, warmup_epochs=7)).kl == (0.2, 7)


def test_it_works_on_statistics_of_each_cell() -> None:
    assert load_config(overrides={"model.name": "flat"}).transform == "log1p-cell"
    assert load_config().transform == "log1p-global"


def test_the_summary_names_what_the_experiments_of_the_reference_vary() -> None:
    text = FlatSettings(injection="all", d_z=32, base_filters=16).summary
    assert text == "flat, injection all, 32 latent dimensions, base filters 16"
