"""Nested settings by dotted key."""

from __future__ import annotations

from rainsmith.base.dotted_keys import flattened


def test_settings_are_known_by_their_dotted_key_in_the_order_they_stand() -> None:
    values = {"seed": 0, "data": {"demo": {"ny": 4}, "files": [{"a": 1}]}, "train": {"epochs": 40}, "loss": {}}
    expected = {"seed": 0, "data.demo.ny": 4, "data.files": [{"a": 1}], "train.epochs": 40}
    assert list(flattened(values).items()) == list(expected.items())


def test_a_prefix_stands_before_every_key() -> None:
    assert flattened({"b": {"c": 1}}, "a.") == {"a.b.c": 1}
