"""What the configuration leaves open follows from the data: the keys of ``model: auto``, and ``train.epochs: auto``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from rainsmith.config import Config, parse
from rainsmith.data.offer import Offer, offer_of
from rainsmith.models.registry import MODELS, Choice


def settled(config: Config, store: xr.Dataset) -> tuple[Config, list[Choice]]:
    """The configuration with a value for every key, and what was chosen with the reasons.

    With ``model: auto`` the recipe of the model chooses every key of ``model`` that is not given, and it chooses
    ``train.epochs: auto`` with any model.

    Args:
        config: the configuration.
        store: the prepared data.
    """
    return (config, []) if is_settled(config) else settled_for(config, offer_of(store))


def settled_for(config: Config, offer: Offer) -> tuple[Config, list[Choice]]:
    """``settled`` for data that offer so much."""
    given = config.model.model_dump(exclude_unset=True) if is_auto(config) else config.model.model_dump()
    open_keys = [
        choice
        for choice in MODELS[config.model.name].recipe(offer, given)
        if (choice.key == "train.epochs" and config.train.epochs == "auto")
        or (choice.key.startswith("model.") and is_auto(config) and not _is_there(given, choice.key.split(".")[1:]))
    ]
    values = config.model_dump(by_alias=True)
    values["model"] = {**given, "name": config.model.name}
    values["model"].pop("auto", None)
    for choice in open_keys:
        *sections, last = choice.key.split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = choice.value
    return parse(values), open_keys


def in_words(choices: Sequence[Choice]) -> list[str]:
    """One line for each reason: what is chosen for it, and why."""
    by_reason: dict[str, list[str]] = {}
    for choice in choices:
        by_reason.setdefault(choice.reason, []).append(f"{choice.key}: {choice.value}")
    return [f"{', '.join(chosen)} ({reason})" for reason, chosen in by_reason.items()]


def is_settled(config: Config) -> bool:
    """Whether the configuration leaves nothing open that follows from the data."""
    return not is_auto(config) and config.train.epochs != "auto"


def is_auto(config: Config) -> bool:
    """Whether the recipe chooses the keys of ``model`` that are not given."""
    return bool(getattr(config.model, "auto", False))


def _is_there(values: Mapping[str, Any], keys: list[str]) -> bool:
    """Whether a nested mapping has a value for these keys, one below the other."""
    for key in keys:
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True
