"""The section ``model``: its name says which settings it has."""

from __future__ import annotations

import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import Config, load_config
from rainsmith.config.model import DEFAULT_MODEL, ModelSettings, model_settings, settings_of
from rainsmith.models.registry import MODELS


def test_the_name_says_which_settings_there_are() -> None:
    for kind in MODELS:
        assert settings_of({"name": kind.name}) is kind.settings
        assert isinstance(model_settings({"name": kind.name}), kind.settings)
        assert model_settings({"name": kind.name}).name == kind.name
    assert settings_of({}) is MODELS[DEFAULT_MODEL].settings


def test_settings_that_are_made_stay_as_they_are() -> None:
    made = model_settings({"name": "flat", "d_z": 4})
    assert model_settings(made) is made
    assert Config(model=made).model is made


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(UserError, match="there is no model 'vae'; expected one of "):
        settings_of({"name": "vae"})


def test_all_settings_of_a_model_are_written_out() -> None:
    config = load_config(overrides={"model": {"name": "flat", "d_z": 4}})
    assert config.model_dump()["model"]["d_z"] == 4


def test_auto_normalises_as_the_model_was_made_for() -> None:
    for kind in MODELS:
        assert load_config(overrides={"model.name": kind.name}).transform == kind.settings.normalise
    chosen = {"model.name": "hierarchical", "data.normalise": "log1p-cell"}
    assert load_config(overrides=chosen).transform == "log1p-cell"


def test_a_model_need_not_have_a_kl_divergence() -> None:
    class Plain(ModelSettings):
        name: str = "plain"

    assert Plain().kl is None and Plain().summary == "plain"
    weighted = [load_config(overrides={"model.name": name}).model.kl for name in ("flat", "hierarchical")]
    assert all(kl is not None and kl.weight >= 0 and kl.warmup_epochs >= 0 for kl in weighted)
