"""What is wrong with the values of a configuration, in one line: the key, what was found, what is expected."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping, Sequence
from typing import Any, Union, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from rainsmith.config.expected import expected_of
from rainsmith.config.model import MODELS, ModelSettings
from rainsmith.config.section import Section, names_of
from rainsmith.config.values import NO_NUMBER, shown

MOST_SHOWN = 3
"""Mistakes that one message tells; the others are counted."""
KNOWN = " (known here: "
Place = tuple[int | str, ...]


def explain(error: ValidationError, section: type[Section], values: Mapping[str, Any]) -> str:
    """The first things that are wrong with the values of ``section``, and how many more there are, in one line."""
    mistakes: dict[Place, list[Any]] = {}
    for one in error.errors(include_url=False):
        place = _place(one, values)
        key, field = _key_of(section, place)
        # each alternative of a key says why it refuses the value: together they are one mistake
        has_alternatives = field is not None and get_origin(field.annotation) in (Union, types.UnionType)
        mistakes.setdefault(key if has_alternatives else place, []).append(one)
    told = [_told(place, errors, section, values) for place, errors in mistakes.items()]
    rest = f"; and {len(told) - MOST_SHOWN} more" if len(told) > MOST_SHOWN else ""
    first, *others = told[:MOST_SHOWN]
    return "; ".join([first, *(text.partition(KNOWN)[0] for text in others)]) + rest


def models_with(key: str, *, section: bool = False) -> list[str]:
    """Names of the models whose settings have that key, or a section of that name."""

    def has_key(kind: Any) -> bool:
        field = kind.settings.model_fields.get(key)
        return field is not None and (not section or section_in(field.annotation) is not None)

    return names_of(MODELS, has_key)


def unknown_key(where: str, key: str, known: Sequence[str]) -> str:
    """An unknown key, with the nearest and all that are known at its place."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return f"unknown key '{shown(where)[1:-1]}'; did you mean '{near[0]}'?{KNOWN}{', '.join(known)})"


def section_in(annotation: Any) -> type[Section] | None:
    """The section that a key of this type holds, also in a list or beside None; None where it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        section = section_in(inner)
        if section is not None:
            return section
    return None


def _place(error: Any, values: Any) -> Place:
    """The keys and positions that lead to a refused value, without the names of types that pydantic puts among them."""
    place: list[int | str] = []
    for part in error["loc"]:
        is_key = isinstance(values, Mapping) and part in values
        is_entry = isinstance(values, list | tuple) and isinstance(part, int) and part < len(values)
        if is_key or is_entry:
            place.append(part)
            values = values[part]
    return tuple(place)


def _told(place: Place, errors: list[Any], section: type[Section], values: Any) -> str:
    """One mistake in words."""
    above = ("model",) if issubclass(section, ModelSettings) else ()
    in_own_words = [one for one in errors if one["type"] == "value_error" and NO_NUMBER not in one["msg"]]
    if in_own_words:
        place = _place(in_own_words[-1], values)
    where = ".".join(str(part) for part in (*above, *place))
    if errors[0]["type"] == "extra_forbidden":
        owners = models_with(str(place[0])) if above and len(place) == 1 else []
        if owners:
            own = section.model_fields["name"].default
            return f"the model '{own}' has no key '{where}'; it belongs to model.name: {', '.join(owners)}"
        return unknown_key(where, str(place[-1]), _known_keys(section, place))
    value: Any = values
    for part in place:
        value = value[part]
    found = f"'{where}'" if isinstance(value, Mapping) else f"'{where}' is {shown(value)}"
    if in_own_words:
        return f"{found}: {' '.join(in_own_words[-1]['msg'].removeprefix('Value error, ').split())}"
    found = f"'{where}' is a section" if isinstance(value, Mapping) else found
    kinds = {one["type"] for one in errors}
    if "too_short" in kinds:
        least = next(one["ctx"]["min_length"] for one in errors if one["type"] == "too_short")
        return f"{found}; expected at least {least} {'entry' if least == 1 else 'entries'}"
    if kinds & {"too_long", "string_too_long"}:
        most = next(one["ctx"]["max_length"] for one in errors if "too_long" in one["type"])
        return f"{found}; expected at most {most} entries or letters"
    _, field = _key_of(section, place)
    return f"{found}; expected {expected_of(field) if field is not None else 'a section with keys below it'}"


def _known_keys(section: type[Section], place: Place) -> list[str]:
    """Keys of the section, at or below ``section``, that holds ``place``."""
    for part in place[:-1]:
        field = _fields(section).get(str(part))
        section = (section_in(field.annotation) if field is not None else None) or section
    return list(_fields(section))


def _key_of(section: type[Section], place: Place) -> tuple[Place, FieldInfo | None]:
    """The last key on the way to a place, and where it stands."""
    found: tuple[Place, FieldInfo | None] = ((), None)
    for index, part in enumerate(place):
        field = _fields(section).get(str(part))
        if field is None and not isinstance(part, int):
            break
        if field is not None:
            found = place[: index + 1], field
            section = section_in(field.annotation) or section
    return found


def _fields(section: type[Section]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}
