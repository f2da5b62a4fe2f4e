"""Sensible digits for figures, and the names of the sets of days."""

from __future__ import annotations

import math

from rainsmith.metrics.registry import Metric

DAY_WORDS = {"heavy_x": "Heavy by the input", "all": "All days", "heavy": "Heavy as observed"}
"""Sets of days in the order of the page: those that verdicts rest on come first."""
NOTHING = "–"
"""What stands for a figure that is not known."""


def number(value: float | None, *, percent: bool = False, signed: bool = False) -> str:
    """A value with the digits that mean something: three at most, two decimals at most between 0.1 and 10."""
    if value is None or not math.isfinite(value):
        return NOTHING
    value = 100 * value if percent else value
    size = abs(value)
    if percent or size >= 10:
        decimals = 0 if size >= 99.95 else 1
    else:
        decimals = 2 if size >= 0.095 or size == 0 else 3
    text = f"{value:{'+' if signed else ''}.{decimals}f}"
    if float(text) == 0:
        text = "0" if value == 0 else text.lstrip("+-")
    return text.replace("-", "−")


def interval(lower: float, upper: float, *, percent: bool = False, signed: bool = False) -> str:
    """Two bounds in words, or nothing where one is not known."""
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return ""
    return f"{number(lower, percent=percent, signed=signed)} to {number(upper, percent=percent, signed=signed)}"


def unit_of(units: str, *, percent: bool = False) -> str:
    """The unit as it stands beside a name; nothing for a pure number."""
    if percent:
        return "%"
    return "" if units in ("1", "", "nan", "-") else units


def quantity(value: float, metric: Metric) -> str:
    """A value of a metric with its unit."""
    text = number(value, percent=metric.percent, signed=metric.signed)
    unit = unit_of(metric.units, percent=metric.percent)
    return text if text == NOTHING or not unit else f"{text}\N{NO-BREAK SPACE}{unit}"


def listing(parts: list[str]) -> str:
    """a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
