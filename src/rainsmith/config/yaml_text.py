"""YAML as the configuration understands it: the core schema of YAML 1.2, with limits, every refusal in one line.

Differences from PyYAML, which reads YAML 1.1: ``yes``, ``on`` and ``2001-01-01`` are text, ``1:30`` and ``1_000`` are
no numbers, and what would be lost or misread in silence is refused: a key that stands twice, ``010``, a tag, a second
document. Merge keys (``<<``), anchors and aliases are understood.
"""

from __future__ import annotations

import codecs
import copy
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from rainsmith.base.errors import UserError

MOST_BYTES = 256 * 1024
MOST_DEPTH = 20
MOST_KEYS = 2_000
MOST_VALUES = 50_000
"""Values of a file, counted anew wherever an alias or a merge key repeats them."""
_LONGEST_NUMBER = 40
_SHOWN = 60

_NULL = re.compile(r"~|null|Null|NULL|")
_FLAG = re.compile(r"true|True|TRUE|false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_yaml(path: Path) -> Any:
    """What a YAML file holds; None for an empty one.

    Raises:
        UserError: the file is missing, cannot be read, is too large or no text in UTF-8, or its YAML is refused.
    """
    try:
        if stat.S_ISFIFO(path.stat().st_mode):  # would be waited for until somebody writes into it
            raise UserError(f"configuration file {path} is a pipe; give a YAML file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)  # no more, because a device such as /dev/zero has no end
    except FileNotFoundError:
        raise UserError(f"configuration file {path} not found; give the path of a YAML file (see configs/)") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"configuration file {path} cannot be read ({reason}); give a YAML file") from None
    if len(content) > MOST_BYTES:
        raise UserError(f"{path} is larger than {MOST_BYTES // 1024} KiB; expected a configuration in YAML")
    if content.startswith(_BYTE_ORDER_MARKS):
        raise UserError(f"{path} is not valid YAML: it is UTF-16 or UTF-32 text; expected UTF-8; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path} is not valid YAML: byte 0x{content[error.start]:02x} in line {line} is not UTF-8; "
            "expected text; save it as UTF-8"
        ) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, origin: str) -> Any:
    """The value that a text in YAML stands for; None for an empty one.

    Args:
        text: one document.
        origin: where it is from, which begins every message.

    Raises:
        UserError: the text is not YAML, or holds what the configuration does not understand.
    """
    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise UserError(
            f"{origin} is not valid YAML: character U+{ord(control[0]):04X} in line {line} is no text; remove it"
        )
    try:
        return _Document(text, origin).value()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f" in line {mark.line + 1}" if mark is not None else ""
        raise UserError(
            f"{origin} is not valid YAML: {_short(str(error.problem or error.context))}{at}; "
            "check indentation, brackets and quotes"
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # ValueError: an escape of no character
        raise UserError(f"{origin} is not valid YAML: {_short(str(error))}; check its escapes and quotes") from None


def dump_yaml(values: Any, *, flow: bool = False) -> str:
    """Plain values as YAML that ``parse_yaml`` reads back as they are.

    Args:
        values: mappings with text as keys, lists, text, numbers, flags and None.
        flow: whether they stand in one line.
    """
    width = 10**6 if flow else 80
    return str(yaml.dump(values, Dumper=_Dumper, sort_keys=False, default_flow_style=flow, width=width))


class _Document:
    """One document, built from PyYAML's events; nothing is built before it is checked."""

    def __init__(self, text: str, origin: str) -> None:
        self.origin = origin
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        self.anchors: dict[str, tuple[Any, int] | None] = {}
        self.values = self.keys = 0

    def value(self) -> Any:
        next(self.events)  # the start of the stream
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self._node(next(self.events), 0)[0]
        next(self.events)  # the end of the document
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._refusal(event, "a second document begins; expected one; remove the line '---'")
        return value

    def _node(self, event: Any, depth: int) -> tuple[Any, int]:
        """The value that an event begins, and of how many values it consists."""
        if isinstance(event, yaml.AliasEvent):
            known, size = self._of_anchor(event)
            self._count(event, size)
            return copy.deepcopy(known), size
        if event.tag is not None:
            raise self._refusal(event, f"found the tag '{_short(event.tag)}'; expected plain values; remove it")
        if depth > MOST_DEPTH:
            raise self._refusal(event, f"values are nested more than {MOST_DEPTH} deep; expected sections and keys")
        if event.anchor is not None:
            if event.anchor in self.anchors:
                raise self._refusal(event, f"the anchor '&{_short(event.anchor)}' stands twice; rename one")
            self.anchors[event.anchor] = None  # not yet known: it may not hold itself
        self._count(event, 1)
        before = self.values
        if isinstance(event, yaml.ScalarEvent):
            value: Any = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(entry := next(self.events), yaml.SequenceEndEvent):
                value.append(self._node(entry, depth + 1)[0])
        else:
            value = self._mapping(depth)
        size = self.values - before + 1
        if event.anchor is not None:
            self.anchors[event.anchor] = value, size
        return value, size

    def _mapping(self, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, is_merge = self._key(event)
            if key in lines:
                raise self._refusal(event, f"the key '{_short(key)}' stands in line {lines[key]} already; keep one")
            lines[key] = event.start_mark.line + 1
            self.keys += 1
            if self.keys > MOST_KEYS:
                raise self._refusal(event, f"the file holds more than {MOST_KEYS} keys; expected sections and keys")
            inner = next(self.events)
            value = self._node(inner, depth + 1)[0]
            if not is_merge:
                own[key] = value
                continue
            for part in value if isinstance(value, list) else [value]:
                if not isinstance(part, dict):
                    raise self._refusal(inner, "'<<' takes keys from a mapping; expected an alias such as *name")
                merged = {**part, **merged}
        return {**merged, **own}

    def _key(self, event: Any) -> tuple[str, bool]:
        """A key, and whether it is the merge key."""
        if isinstance(event, yaml.AliasEvent):
            key = self._of_anchor(event)[0]
            self._count(event, 1)
        elif isinstance(event, yaml.ScalarEvent):
            key = self._node(event, 0)[0]
        else:
            raise self._refusal(event, "a list or a mapping stands as a key; expected a word; check the brackets")
        if not isinstance(key, str):
            raise self._refusal(event, f"the key {_short(repr(key))} is no text; put it in quotes if it is a name")
        return key, key == "<<" and isinstance(event, yaml.ScalarEvent) and event.style is None

    def _of_anchor(self, event: Any) -> tuple[Any, int]:
        known = self.anchors.get(event.anchor)
        if known is None:
            what = "holds itself" if event.anchor in self.anchors else f"has no '&{_short(event.anchor)}' before it"
            raise self._refusal(event, f"the alias '*{_short(event.anchor)}' {what}; write the values out")
        return known

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if control := _CONTROL.search(text):
            raise self._refusal(event, f"found the character U+{ord(control[0]):04X}; expected text; remove it")
        if event.style is not None:
            return text
        if _NULL.fullmatch(text):
            return None
        if _FLAG.fullmatch(text):
            return text.lower() == "true"
        if _LEADING_ZERO.fullmatch(text):
            plain = str(int(text)) if len(text) <= _LONGEST_NUMBER else "it without zeros"
            message = f"found {_short(text)}, which is octal to some programs; write {plain}, or put it in quotes"
            raise self._refusal(event, message)
        if _SPECIAL.fullmatch(text):
            return float(text.replace(".", "", 1))
        is_whole = _WHOLE.fullmatch(text)
        if not is_whole and not _FLOAT.fullmatch(text):
            return text
        if len(text) > _LONGEST_NUMBER:
            message = f"found a number of {len(text)} characters; expected at most {_LONGEST_NUMBER}; round it"
            raise self._refusal(event, message)
        if is_whole:
            return int(text, 0)
        number = float(text)
        is_zero = not re.search("[1-9]", re.split("[eE]", text)[0])
        if number in (float("inf"), float("-inf")) or (number == 0 and not is_zero):
            raise self._refusal(event, f"found {text}, which a computer cannot hold; expected a usual number")
        return number

    def _count(self, event: Any, values: int) -> None:
        self.values += values
        if self.values > MOST_VALUES:
            message = f"the file holds more than {MOST_VALUES} values, with those that aliases repeat; expected fewer"
            raise self._refusal(event, message)

    def _refusal(self, event: Any, message: str) -> UserError:
        return UserError(f"{self.origin}, line {event.start_mark.line + 1}: {message}")


class _Dumper(yaml.SafeDumper):
    """Puts text in quotes that YAML 1.1 or 1.2 would read as something else, and repeats instead of using aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _pattern in (_WHOLE, _FLOAT):
    _Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(f"(?:{_pattern.pattern})$"), None)


def _short(text: str) -> str:
    """A text in one line of at most 60 characters."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
