"""What a unit in words says: ``mm 3h-1``, ``kg/m^2/s`` and ``0.1 mm`` as quantities; text that is not clear is refused.

The text is read by a small grammar of its own, because pint takes ``mm/3h`` for hours times millimetres. A number that
stands before a unit of time belongs to that unit (``mm 24h-1`` is per 24 hours); another number may only come first.
"""

from __future__ import annotations

import functools
import re
from typing import Any

_REPLACED = (
    (r"\*\*", "^"),
    ("[\u2212\u2010\u2011\u2013]", "-"),  # minus signs and hyphens of typesetting
    ("\u207b", "^-"),  # superscripts
    ("\u00b9", "1"),
    ("\u00b2", "2"),
    ("\u00b3", "3"),
    ("[\u00b7\u22c5\u00d7]", " "),
    (r"\bof\s+(water|rain)(\s+equivalent)?", " "),
    (r"\b(water|rain)\s+equivalent\b", " "),
    (r"(?<=[A-Za-z)])\.(?=\s*[A-Za-z(]|$)", " "),  # kg.m-2
    (r"(?<=\d)\.(?=[A-Za-z(])", " "),  # m-2.s-1
    (r"\bper\b", "/"),
    (r"(?<=\d)\s*-\s*(?=(hour|day|min|sec)[a-z]*)", " "),  # 3-hourly
)
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z\u00b5\u00b0%_]+)|([/*()])|(\^?[+-]?\d+|\^))")
_NAMES = {
    "hourly": "hour", "hrs": "hour", "hr": "hour", "daily": "day", "mins": "minute", "secs": "second",
    "mb": "millibar", "mbar": "millibar", "%": "percent", "gpm": "meter", "gpdam": "decameter",
}  # fmt: skip
"""Names that pint does not know, or takes for something else (mb is a millibarn to it)."""
_TIMES = frozenset("second minute hour day week".split())
_UNEVEN = frozenset("month year decade century fortnight".split())
"""Lengths of time that differ, or that no daily value has."""


@functools.cache
def registry() -> Any:
    """The registry of pint that knows the units of CF, loaded with the first unit: most commands read none."""
    import cf_xarray.units

    return cf_xarray.units.units


class UnclearUnit(Exception):
    """The text says no unit, or one that can be read in two ways; the message says which part."""


def read_unit(text: str) -> Any:
    """The quantity that a unit in words stands for, such as 1 mm / 3 h.

    Raises:
        UnclearUnit: the text cannot be read in one way.
    """
    cleaned = str(text).strip().strip("[]").strip()
    for pattern, replacement in _REPLACED:
        cleaned = re.sub(pattern, replacement, cleaned)
    tokens = _tokens(cleaned)
    if not tokens:
        raise UnclearUnit("it is empty")
    try:
        quantity = _product(tokens, first=True)
    except UnclearUnit:
        raise
    except Exception as error:  # pint raises errors of many kinds on odd text
        raise UnclearUnit(" ".join(str(error).split())[:100]) from None
    if tokens:
        raise UnclearUnit(f"'{tokens[0][1]}' has no place in it")
    return quantity


Token = tuple[str, str]
"""Kind ("number", "name", "sign", "power") and text."""


def _tokens(text: str) -> list[Token]:
    """The parts of the text, in order; a power is a whole number that follows a name or a bracket directly."""
    tokens: list[Token] = []
    position = 0
    while position < len(text.rstrip()):
        rest = text[position:]
        after = tokens[-1] if tokens else ("", "")
        bound = after[0] == "name" or after[1] == ")" or after[0] == "number"
        power = re.match(r"\s*\^\s*([+-]?\d+)|([+-]\d+)|(\d+)(?![\d.]*[A-Za-z])", rest) if bound else None
        if power and not (after[0] == "number" and not rest.lstrip().startswith("^")):
            tokens.append(("power", next(group for group in power.groups() if group)))
            position += power.end()
            continue
        match = _TOKEN.match(rest)
        if match is None or match.group(4):
            raise UnclearUnit(f"'{rest.strip()}' has no place in it")
        kind = "number" if match.group(1) else "name" if match.group(2) else "sign"
        tokens.append((kind, match.group(0).strip()))
        position += match.end()
    return tokens


def _product(tokens: list[Token], *, first: bool = False) -> Any:
    """Factors one after another; a slash divides by the next one."""
    result: Any = registry().Quantity(1.0, "")
    sign, count = 1, 0
    while tokens and tokens[0][1] != ")":
        kind, text = tokens[0]
        if kind == "sign" and text in "/*":
            tokens.pop(0)
            if count == 0 and text == "*":
                raise UnclearUnit("'*' has no place at its beginning")
            if not tokens or tokens[0][1] in ("/", "*", ")"):
                raise UnclearUnit(f"nothing follows '{text}'")
            sign = -1 if text == "/" else 1
            continue
        result = result * _factor(tokens, may_scale=first and count == 0) ** sign
        sign, count = 1, count + 1
    if not count:
        raise UnclearUnit("nothing stands between brackets" if not first else "it is empty")
    return result


def _factor(tokens: list[Token], *, may_scale: bool) -> Any:
    """A number, a unit, a number of units of time, or a bracket, each with its power."""
    kind, text = tokens.pop(0)
    if text == "(":
        quantity = _bracket(tokens)
    elif kind == "name":
        quantity = _unit(text)
    elif kind == "number":
        following = tokens[0] if tokens else ("", "")
        if following[0] == "name" and _known(following[1]) in _TIMES:
            tokens.pop(0)
            quantity = _duration(float(text), _known(following[1]))
        elif may_scale or (text.strip("0.") == "1" and float(text) == 1):
            quantity = registry().Quantity(float(text), "")
        else:
            raise UnclearUnit(f"the number {text} can be read in two ways")
    else:
        raise UnclearUnit(f"'{text}' has no place in it")
    if tokens and tokens[0][0] == "power":
        power = int(tokens.pop(0)[1])
        quantity = quantity**power
    return quantity


def _bracket(tokens: list[Token]) -> Any:
    """What stands between brackets; a number of units of time there is a duration."""
    quantity = _product(tokens)
    if not tokens:
        raise UnclearUnit("a bracket is not closed")
    tokens.pop(0)
    return quantity


def _duration(number: float, name: str) -> Any:
    if (number, name) == (24.0, "hour"):
        return registry().Quantity(1.0, "day")
    return registry().Quantity(number, name)


def _unit(text: str) -> Any:
    name = _known(text)
    if name in _UNEVEN:
        raise UnclearUnit(f"a {name} has no fixed length")
    return 1.0 * registry().Unit(name)


def _known(text: str) -> str:
    """The name by which pint knows one unit, '' where it knows none; 'MM' is no megamolar and 'Kg' a kilogram."""
    for spelling in (text, text.lower()):
        plain = _NAMES.get(spelling, spelling)
        if spelling == text and text.isupper() and len(text) > 1 and text not in ("UTC",):
            continue  # capitals throughout are a habit of old files
        try:
            return str(registry().parse_units(plain))
        except Exception:
            continue
    raise UnclearUnit(f"'{text}' is no unit")
