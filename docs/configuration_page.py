"""The page of all configuration keys, from the sections in the code; ``make_pages.py`` writes it."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic.fields import FieldInfo

from rainsmith.config import Config, Section, dump_yaml
from rainsmith.config.expected import limits
from rainsmith.config.section import records_of
from rainsmith.models.registry import MODELS

HEAD = """# Configuration

All keys, by section. Every key has a default; unknown keys are refused. A file need only name what differs;
`--model-config` lays an overlay over it, `--set section.key=value` single keys over both.

*This page is made from the code by `make docs`.*
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(part for title, section in sections() for part in described(title, section))])


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Titles and classes of all sections, in the order of the configuration, each before those that it holds."""
    yield "seed, device", Config
    for name in Config.model_fields:
        if name == "model":
            for kind in MODELS:
                yield from below(f"model, name: {kind.name}", "model", kind.settings)
        else:
            section = section_in(Config.model_fields[name].annotation)
            if section is not None:
                yield from below(name, name, section)


def below(title: str, path: str, section: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    """A section, then the sections that its keys hold."""
    yield title, section
    for name, field in section.model_fields.items():
        inner = section_in(field.annotation)
        if inner is not None:
            listed = " (a list)" if typing.get_origin(field.annotation) is list else ""
            yield from below(f"{path}.{name}{listed}", f"{path}.{name}", inner)


def described(title: str, section: type[Section]) -> Iterator[str]:
    """The part of the page about one section."""
    about = (section.__doc__ or "").split("\n\n    Attributes")[0]
    yield f"## {title}\n\n{' '.join(about.split())}\n"
    # a key that holds a section has a part of its own instead of a description
    fields = [(field.alias or name, field) for name, field in section.model_fields.items() if field.description]
    if fields:
        rows = "\n".join(row(name, field) for name, field in fields)
        yield f"| key | default | meaning |\n|---|---|---|\n{rows}\n"


def row(name: str, field: FieldInfo) -> str:
    """The row of one key: default, what its docstring says, choices and bounds."""
    choices = ", ".join(f"`{value}`" for value in choices_of(field.annotation))
    text = " ".join((field.description or "").split()).replace("|", "\\|")
    bounds = limits(field)
    notes = "; ".join(note for note in (choices, bounds and f"numbers {bounds}") if note)
    return f"| `{name}` | `{default_of(field)}` | {text}{f' ({notes})' if notes else ''} |"


def default_of(field: FieldInfo) -> str:
    """The default as YAML shows it."""
    value = field.get_default(call_default_factory=True)
    text = dump_yaml(plain(value), flow=True).strip()
    return text.removesuffix("...").strip()


def plain(value: Any) -> Any:
    """A default without tuples and paths, which YAML has not."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def choices_of(annotation: Any) -> list[str]:
    """The values that a key allows, where they are listed: by a Literal, or by a registry of records."""
    if typing.get_origin(annotation) is Literal:
        return [str(value) for value in typing.get_args(annotation)]
    values: list[str] = []
    for part in (annotation, *typing.get_args(annotation)):
        for extra in getattr(part, "__metadata__", ()):
            registry = (getattr(extra, "json_schema_extra", None) or {}).get("registry")
            values += records_of(registry).names() if registry else []
    if values:
        return list(dict.fromkeys(values))
    return list(dict.fromkeys(value for inner in typing.get_args(annotation) for value in choices_of(inner)))


def section_in(annotation: Any) -> type[Section] | None:
    """The section that a key holds, or a list of which it holds."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    found = (section_in(inner) for inner in typing.get_args(annotation))
    return next((section for section in found if section is not None), None)
