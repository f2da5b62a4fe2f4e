"""What a key of the configuration takes, in words: for the page of all keys, and for messages."""

from __future__ import annotations

import types
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rainsmith.config.section import names_of

_PLAIN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    type(None): "null",
}


def expected_of(field: FieldInfo) -> str:
    """What a key takes, such as "a whole number from 1 to 4096"."""
    return expected(field.annotation, field.metadata)


def expected(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What a type takes.

    Args:
        annotation: the type.
        metadata: what ``Annotated`` says of it, of which bounds count.
    """
    metadata = list(metadata)
    for one in metadata:
        if words := _in_words(one):
            return words
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return expected(inner[0], [*inner[1:], *metadata])
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}" if len(inner) > 1 else str(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(expected(part, () if part is type(None) else metadata) for part in inner))
    if origin is list:
        return f"a list, each entry {expected(inner[0])}"
    if origin is tuple:
        return f"[{', '.join(expected(part) for part in inner)}]"
    if origin is dict:
        return f"names, each with {expected(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a section with keys below it"
    return f"{_PLAIN.get(annotation, str(annotation))}{_bounds(metadata)}"


def limits(field: FieldInfo) -> str:
    """The bounds of the numbers of a key, such as "1 to 4096", for a table; "" where it has none."""
    return _numbers(field.annotation, field.metadata)


def _numbers(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _numbers(inner[0], [*inner[1:], *metadata])
    if annotation in (int, float):
        return _bounds(metadata).strip()
    if origin is Literal:
        return ""
    metadata = metadata if origin in (Union, types.UnionType) else ()
    return ", ".join(dict.fromkeys(text for part in inner if (text := _numbers(part, metadata))))


def _bounds(metadata: Iterable[Any]) -> str:
    """Bounds in words, after a blank."""
    words = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}", "multiple_of": "a multiple of {}"}
    found = {
        name: text.format(_shown(getattr(one, name)))
        for one in _flat(metadata)
        for name, text in words.items()
        if getattr(one, name, None) is not None
    }
    if "gt" in found and "le" in found:
        found["le"] = f"up {found['le']}"
    if {"ge", "gt"} & set(found) and "lt" in found:
        found["lt"] = f"and {found['lt']}"
    if "multiple_of" in found and len(found) > 1:
        found["multiple_of"] = f"and {found['multiple_of']}"
    return "".join(f" {found[name]}" for name in words if name in found)


def _in_words(metadata: Any) -> str:
    """What a type says of itself: the names of a registry, or words of its own; "" where it says nothing."""
    extra = getattr(metadata, "json_schema_extra", None)
    if not isinstance(extra, dict):
        return ""
    if "registry" in extra:
        return f"one of {', '.join(names_of(str(extra['registry'])))}"
    return str(extra.get("expected", ""))


def _shown(number: Any) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"


def _flat(metadata: Iterable[Any]) -> list[Any]:
    """Metadata, with the bounds that a ``Field(...)`` among them holds."""
    return [part for one in metadata for part in (one.metadata if isinstance(one, FieldInfo) else [one])]
