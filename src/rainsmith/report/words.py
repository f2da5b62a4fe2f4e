"""Sensible digits for figures, and the names of the sets of days."""

from __future__ import annotations

import math

from rainsmith.metrics.registry import Metric

DAY_WORDS = {"heavy_x": "Heavy by the input", "all": "All days", "heavy": "Heavy as observed"}
"""Sets of days in the order of the page: those that verdicts rest on come first."""
NOTHING = "–"
"""What stands for a figure that is not known."""
DUST = 1e-9
"""What is nearer to 0 is left by the computation."""
WHOLE = ("cell-days", "weeks", "days")
"""Units of counts, which are shown as they are."""
SMALLEST_POWER = -4
"""Power of ten below which a figure is written as a product with one."""


def number(value: float | None, *, percent: bool = False, signed: bool = False) -> str:
    """A value with three significant figures; one that is too small for them as a power of ten."""
    if value is None or not math.isfinite(value):
        return NOTHING
    value = 100 * value if percent else value
    if abs(value) < DUST:
        return "0"
    rounded = float(f"{value:.2e}")
    power = math.floor(math.log10(abs(rounded)))
    if power < SMALLEST_POWER:
        text = f"{rounded / 10.0**power:{'+' if signed else ''}.2f} \N{MULTIPLICATION SIGN} 10{_raised(power)}"
    else:
        text = f"{rounded:{'+' if signed else ''}.{max(0, 2 - power)}f}"
    return text.replace("-", "−")


def _raised(power: int) -> str:
    """A negative whole number as an exponent."""
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


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
    is_count = metric.units in WHOLE and math.isfinite(value) and value == round(value)
    text = f"{value:.0f}" if is_count else number(value, percent=metric.percent, signed=metric.signed)
    unit = unit_of(metric.units, percent=metric.percent)
    return text if text == NOTHING or not unit else f"{text}\N{NO-BREAK SPACE}{unit}"


def inside_sentence(title: str) -> str:
    """A title as it stands inside a sentence: its first letter is small unless it begins an abbreviation."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def listing(parts: list[str]) -> str:
    """a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
