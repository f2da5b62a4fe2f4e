"""The configuration of the reference's scripts as one of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rainsmith.base.errors import UserError
from rainsmith.config import parse, read_yaml
from rainsmith.config.values import shown
from rainsmith.init.entries import Entry, Section
from rainsmith.init.reference_keys import KEYS, Key

_ALWAYS: dict[str, tuple[Any, str]] = {
    "data.kind": ("legacy-days", "one file a day, as prepare_data.py writes them; docs/legacy.md describes the files"),
    "model.name": ("flat", "the reference's model, to compare with; 'model: auto' is the one to use"),
    "sampling.checkpoint": ("best_tail", "the epoch that train.monitor chooses, as the reference does"),
    "train.ema": (0.0, "the reference keeps no average of the weights"),
}
_OPEN: dict[str, tuple[Any, str]] = {
    "data.legacy": (
        None,
        "add 'legacy: {start_date: YYYY-MM-DD}', the date of day_000000, and calendar: where it is not the standard "
        "one; without it prepare refuses",
    ),
    "model.injection": (
        "first",
        "the reference's configuration does not say how the decoder sees the predictors: none (V1), all (V2), first "
        "(V3) or first-two",
    ),
}
_SECTIONS = ("data", "model", "train", "sampling", "augment")


def translate(path: Path) -> list[Section | Entry]:
    """The sections of a configuration that does what one of the reference says.

    Args:
        path: its YAML file.

    Raises:
        UserError: the file is not one of the reference, or a value is refused.
    """
    given = dict(_leaves(read_yaml(path)))
    if "data_root" not in given:
        held = ", ".join(list(given)[:5]) or "nothing"
        raise UserError(f"{path} is no configuration of the reference: it lacks data_root, and holds {held}")
    known = {key.theirs: key for key in KEYS}
    values: dict[str, tuple[Any, str]] = dict(_ALWAYS)
    dropped: list[str] = []
    for theirs, value in given.items():
        key = known.get(theirs)
        if key is None:
            dropped.append(f"- {theirs}: {shown(value)}: not known; look for it in docs/configuration.md")
            continue
        if not key.ours:
            dropped.append(f"- {theirs}: {key.note}")
        for ours in key.ours:
            values[ours] = key.value(value), _reason(key, value)
    if given.get("train.use_stratified_sampling") is False:
        values["train.min_heavy_fraction"] = 0.0, "from train.use_stratified_sampling: false"
    values |= {"data.root": (_root(values["data.root"][0], path), values["data.root"][1])}
    sections = _sections(values, dropped)
    _refuse_wrong_values(values, path)
    return sections


def _sections(values: Mapping[str, tuple[Any, str]], dropped: list[str]) -> list[Section | Entry]:
    """The values as sections, each key with its reason, and what is open."""
    made: list[Section | Entry] = [Entry("seed", *_pair(values["seed"]))] if "seed" in values else []
    for name in _SECTIONS:
        section = Section(name)
        loss: dict[str, Any] = {}
        for ours, (value, reason) in values.items():
            first, _, rest = ours.partition(".")
            if first == name and rest.startswith("loss."):
                loss[rest.removeprefix("loss.")] = value
            elif first == name:
                section.add(rest, value, reason)
        if loss:
            section.add("loss", loss, "the keys of the section loss, in mm/day")
        for ours, (value, todo) in _OPEN.items():
            first, _, rest = ours.partition(".")
            if first == name:
                section.add(rest if value is not None else "", value, todos=[todo])
        if section.entries:
            made.append(section)
    if dropped:
        made.append(Entry("", None, ("Not taken over:", *dropped)))
    return made


def _pair(value: tuple[Any, str]) -> tuple[Any, tuple[str, ...]]:
    return value[0], (value[1],)


def _reason(key: Key, value: Any) -> str:
    """Where a value is from; what it was where that is another one."""
    same = key.value(value) == value and key.ours == (key.theirs,)
    was = "" if same else f"from {key.theirs}: {shown(value)}"
    return "; ".join(part for part in (was, key.note) if part)


def _root(given: Any, path: Path) -> str:
    """The folder of the data; where it is relative, from the place of the reference's file."""
    if not isinstance(given, str) or not given.strip():
        raise UserError(f"{path}: data_root is {shown(given)}; expected the folder that holds data/")
    return str((path.absolute().parent / given).resolve())


def _refuse_wrong_values(values: Mapping[str, tuple[Any, str]], path: Path) -> None:
    """Refuse a value that a key of ours does not take.

    Raises:
        UserError: in one line, with what the key expects.
    """
    nested: dict[str, Any] = {}
    for ours, (value, _) in values.items():
        place = nested
        *sections, last = ours.split(".")
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    parse(nested, str(path))


def _leaves(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested mappings by its dotted key."""
    if not isinstance(value, Mapping):
        if above:
            yield above, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, f"{above}.{key}" if above else str(key))
