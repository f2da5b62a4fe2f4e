"""``model: auto`` and ``train.epochs: auto``: what is given stays, the rest follows from the data."""

from __future__ import annotations

import pytest
import yaml

from rainsmith.config import Config, dump_yaml, load_config, parse
from rainsmith.data.offer import Offer
from rainsmith.models.generative import build_model
from rainsmith.models.registry import MODELS
from rainsmith.run_folder import Run
from rainsmith.train.recipe import in_words, settled_for

UK = Offer(days=2555, side=100, coarse_block=8, explained=0.88)
ISLANDS = Offer(days=1827, side=53, coarse_block=0, explained=0.30)


def auto(**overrides: object) -> Config:
    return load_config(overrides={"model": "auto", **{key.replace("__", "."): of for key, of in overrides.items()}})


@pytest.mark.parametrize("offer", [UK, ISLANDS])
def test_every_choice_is_in_the_settled_configuration_and_has_a_reason(offer: Offer) -> None:
    config, choices = settled_for(auto(), offer)
    assert not config.model.model_dump()["auto"] and config.train.planned_epochs > 0
    values = config.model_dump()
    for choice in choices:
        place = values
        for key in choice.key.split("."):
            place = place[key]
        assert place == choice.value and choice.reason
    assert parse(config.model_dump(by_alias=True)) == config
    assert settled_for(config, offer) == (config, [])


def test_what_is_given_stays() -> None:
    given = auto(model__dropout=0.123, model__objective__members=4, train__epochs=3)
    config, choices = settled_for(given, ISLANDS)
    values = config.model_dump()
    assert (values["model"]["dropout"], values["model"]["objective"]["members"]) == (0.123, 4)
    assert config.train.epochs == 3
    assert not {"model.dropout", "model.objective.members", "train.epochs"} & {choice.key for choice in choices}


def test_a_file_that_was_written_leaves_the_same_keys_open() -> None:
    given = auto(model__dropout=0.123)
    text = dump_yaml(given.model_dump(mode="json", by_alias=True))
    again = parse(yaml.safe_load(text))
    assert settled_for(again, ISLANDS) == settled_for(given, ISLANDS)
    assert "latent_channels" not in text


@pytest.mark.parametrize("given", [{"model__channels": [16, 8]}, {"model__latent_channels": [2]}, {"model__levels": 4}])
def test_levels_are_as_many_as_a_given_key_has(given: dict[str, object]) -> None:
    for offer in (UK, ISLANDS):
        model = settled_for(auto(**given), offer)[0].model.model_dump()
        assert len(model["channels"]) == len(model["latent_channels"]) == model["levels"]
        assert all(model[key.removeprefix("model__")] == value for key, value in given.items())


def test_what_is_chosen_is_said_with_its_reason() -> None:
    lines = in_words(settled_for(auto(), ISLANDS)[1])
    assert any("train.epochs" in line and "0.30" in line for line in lines)
    assert sum("model.levels" in line for line in lines) == 1 and len(set(lines)) == len(lines)


def test_without_auto_only_the_epochs_follow_from_the_data() -> None:
    config = load_config(overrides={"model.name": "hierarchical"})
    settled, choices = settled_for(config, UK)
    assert [choice.key for choice in choices] == ["train.epochs"] and settled.model == config.model


@pytest.mark.parametrize("name", MODELS.names())
def test_every_model_says_how_many_epochs(name: str) -> None:
    settled, _ = settled_for(load_config(overrides={"model.name": name}), UK)
    assert settled.train.planned_epochs > 0


def test_short_records_are_read_more_often() -> None:
    short, long = (settled_for(auto(), UK._replace(days=days))[0] for days in (365, 10_950))
    assert short.train.planned_epochs > 2 * long.train.planned_epochs


def test_a_wide_grid_is_read_less_often() -> None:
    narrow, wide = (settled_for(auto(), UK._replace(side=side))[0].train.planned_epochs for side in (48, 102))
    assert wide < narrow


def test_a_model_is_not_built_of_keys_that_are_open(prepared: Run) -> None:
    domain = prepared.open_store().drop_dims("time")
    with pytest.raises(ValueError, match="settle the configuration first"):
        build_model(auto(), domain)
