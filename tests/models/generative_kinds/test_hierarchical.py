"""Settings of the default model."""

from __future__ import annotations

from typing import Any

import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.models.generative_kinds.hierarchical import HierarchicalSettings, Objective


@pytest.mark.parametrize(
    "settings", [{"levels": 3}, {"channels": [8, 8]}, {"levels": 2, "channels": [8, 8], "latent_channels": [1]}]
)
def test_every_level_needs_its_channels(settings: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="expected one entry a level in both lists"):
        load_config(overrides={"model": settings})


def test_the_kl_divergence_weighs_what_the_objective_says() -> None:
    assert HierarchicalSettings(objective=Objective(w_kl=0.5, warmup_epochs=3)).kl == (0.5, 3)


def test_the_summary_names_levels_and_mass() -> None:
    settings = HierarchicalSettings(levels=2, channels=[16, 8], latent_channels=[2, 1], mass="hard")
    assert settings.summary == "hierarchical, 2 levels of 16, 8 channels, mass hard"


def test_a_key_of_another_model_is_refused() -> None:
    with pytest.raises(UserError, match=r"'hierarchical' has no key 'model\.loss'; it belongs to model\.name: flat"):
        load_config(overrides={"model": {"name": "hierarchical", "loss": {"beta_kl": 1}}})
