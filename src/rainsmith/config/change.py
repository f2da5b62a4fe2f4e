"""A change of one key of the configuration that advice asks for, and what the key becomes."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from rainsmith.base.errors import UserError
from rainsmith.config.config import Config
from rainsmith.config.load import parse


@dataclass(frozen=True)
class Change:
    """What to do with one key.

    Attributes:
        key: with dots, such as ``train.epochs``.
        to: its new value; None where it follows from the old one.
        times: factor of the old value, which must be a number.
        only_if: the change means something only where the key has this value; None: whatever it has.
    """

    key: str
    to: Any = None
    times: float | None = None
    only_if: Any = None

    def new_value(self, config: Config) -> Any:
        """What the key becomes; None where nothing would change, or the configuration lacks the key or refuses it."""
        values = config.model_dump(mode="json", by_alias=True)
        *sections, name = self.key.split(".")
        changed = copy.deepcopy(values)
        section = changed
        for part in sections:
            section = section.get(part) or {}
        if name not in section or (self.only_if is not None and section[name] != self.only_if):
            return None
        old = section[name]
        new = self.to if self.times is None else _multiplied(old, self.times)
        if new is None or new == old:
            return None
        section[name] = new
        try:
            parse(changed)
        except UserError:
            return None
        return new


def _multiplied(value: Any, times: float) -> Any:
    """A number times a factor, with three digits, whole where it was whole; None where it is no number, or 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
        return None
    new = float(f"{value * times:.3g}")
    return round(new) if isinstance(value, int) else new


def first_change(changes: tuple[Change, ...], config: Config) -> dict[str, Any]:
    """The first change that does something, as ``{key: new value}``; empty where none does."""
    for change in changes:
        new = change.new_value(config)
        if new is not None:
            return {change.key: new}
    return {}
