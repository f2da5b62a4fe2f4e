"""Keys of a configuration with the reason of each, and how they are written as YAML with comments."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rainsmith.config import dump_yaml

WIDTH = 118
TODO = "TODO: "


@dataclass(frozen=True)
class Entry:
    """A key and why it has its value.

    Attributes:
        key: its name; "" of an entry of a list.
        value: a plain value, a mapping that stands in one line, or a list of entries; None for a comment alone.
        reasons: comments above it, one a line or more.
        todos: what somebody has to decide.
    """

    key: str = ""
    value: Any = None
    reasons: tuple[str, ...] = ()
    todos: tuple[str, ...] = ()


@dataclass
class Section:
    """A section of the configuration.

    Attributes:
        name: such as ``data``.
        entries: its keys, in order.
    """

    name: str
    entries: list[Entry] = field(default_factory=list)

    def add(self, key: str, value: Any, *reasons: str, todos: Sequence[str] = ()) -> None:
        """Add a key with the reasons of its value, and what is open about it."""
        self.entries.append(Entry(key, value, tuple(filter(None, reasons)), tuple(filter(None, todos))))


def write_yaml(head: Sequence[str], sections: Sequence[Section | Entry]) -> str:
    """The text of a configuration: comments, then sections."""
    lines = [*_comment("", head)]
    for section in sections:
        if isinstance(section, Entry):
            lines += _of_entry(section, "")
            continue
        lines.append(f"{section.name}:")
        for entry in section.entries:
            lines += _of_entry(entry, "  ")
    return "\n".join(lines) + "\n"


def open_questions(sections: Sequence[Section | Entry]) -> list[str]:
    """Everything that somebody has to decide."""

    def within(entries: Sequence[Any]) -> Iterator[str]:
        for entry in entries:
            if isinstance(entry, Section):
                yield from within(entry.entries)
            elif isinstance(entry, Entry):
                yield from entry.todos
                if isinstance(entry.value, list):
                    yield from within(entry.value)

    return list(within(sections))


def _of_entry(entry: Entry, indent: str) -> Iterator[str]:
    yield from _comment(indent, entry.reasons)
    yield from _comment(indent, [TODO + todo for todo in entry.todos])
    if entry.key and isinstance(entry.value, list) and entry.value and isinstance(entry.value[0], Entry):
        yield f"{indent}{entry.key}:"
        for item in entry.value:
            yield from _of_entry(item, indent + "  ")
    elif entry.key:
        yield f"{indent}{entry.key}: {_flow(entry.value)}"
    elif entry.value is not None:
        yield f"{indent}- {_flow(entry.value)}"


def _comment(indent: str, reasons: Sequence[str]) -> Iterator[str]:
    for reason in reasons:
        plain = "".join(letter if letter.isprintable() else " " for letter in reason)
        for line in textwrap.wrap(plain, WIDTH - len(indent), break_long_words=False, break_on_hyphens=False):
            yield f"{indent}# {line}"


def _flow(value: Any) -> str:
    """A value in one line."""
    text = dump_yaml(value, flow=True)
    return " ".join(text.removesuffix("...\n").split("\n")).strip()
