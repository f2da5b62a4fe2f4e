"""A change that advice asks for: it names a value that the configuration takes, or none."""

from __future__ import annotations

from rainsmith.config import parse
from rainsmith.config.change import Change, first_change

CONFIG = parse({"train": {"epochs": 12}, "sampling": {"temperature": 1.2}})


def test_values_follow_from_the_old_ones() -> None:
    assert Change("train.epochs", times=2.0).new_value(CONFIG) == 24
    assert Change("model.objective.w_prior", times=1.5).new_value(CONFIG) == 7.5
    assert Change("sampling.temperature", to=1.0).new_value(CONFIG) == 1.0


def test_what_changes_nothing_or_is_refused_is_no_change() -> None:
    assert Change("sampling.temperature", to=1.2).new_value(CONFIG) is None, "it is so already"
    assert Change("sampling.no_such_key", to=1).new_value(CONFIG) is None
    assert Change("model.loss.w_max", times=2.0).new_value(CONFIG) is None, "a key of another model"
    assert Change("train.max_minutes", times=2.0).new_value(CONFIG) is None, "it is not set"
    assert Change("model.finest", to=3).new_value(CONFIG) is None, "the configuration refuses it"
    assert Change("train.pool", to=4, only_if=2).new_value(CONFIG) is None


def test_the_first_change_that_does_something_is_taken() -> None:
    changes = (Change("sampling.temperature", to=1.2), Change("train.epochs", times=2.0), Change("train.pool", to=4))
    assert first_change(changes, CONFIG) == {"train.epochs": 24}
    assert first_change(changes[:1], CONFIG) == {}
