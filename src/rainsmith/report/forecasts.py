"""What the page calls a forecast and how it draws it: members of the model by mode, and baselines by their records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rainsmith.baselines.registry import BASELINES
from rainsmith.metrics.core import MODES
from rainsmith.plots.style import MODE_STYLES, LineStyle, quiet_style
from rainsmith.report.parts import Column


@dataclass(frozen=True)
class Forecast:
    """How one forecast is shown: its title inside a sentence, one line on how it is made, and its line in figures."""

    title: str
    meaning: str
    style: LineStyle


def forecast_named(name: str) -> Forecast:
    """The forecast of a mode of the model (prior, posterior) or of a baseline."""
    if name in MODES:
        return Forecast(f"{name} members", "", MODE_STYLES[name])
    baseline = BASELINES[name]
    return Forecast(baseline.title, baseline.meaning, quiet_style(BASELINES.names().index(name)))


def column_of(name: str, kind: Literal["number", "grade"] = "number") -> Column:
    """The head of the column of a forecast."""
    forecast = forecast_named(name)
    return Column(forecast.title[:1].upper() + forecast.title[1:], hint=forecast.meaning, kind=kind)
