"""Figures of the climate (the year, return levels, maps of the bias) and of the reliability of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from rainsmith.plots.curves import SIZE, Curve, draw_line
from rainsmith.plots.map_axes import draw_axes
from rainsmith.plots.maps import MapFrame, draw_outline
from rainsmith.plots.style import FAINT, INK, axes, heading, label, legend_below

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
MOST_NAMED_MONTHS = 6
"""Months whose names have room in letters; of more, the first letter is shown."""


def seasonal_cycle(curves: Sequence[Curve], months: Sequence[int] = range(1, 13)) -> Figure:
    """Mean rain of each month [mm/day]; a band is the range of the members.

    Args:
        curves: against the place of the month in ``months``, from 1 on.
        months: the months that have data, from left to right. Where some are missing between two of them, the line is
            interrupted.
    """
    figure, panel = axes(*SIZE)
    breaks = [place for place in range(1, len(months)) if months[place] != months[place - 1] % 12 + 1]
    for curve in curves:
        draw_line(panel, _interrupted(curve, breaks), marker="o", across_gaps=False)
    short = len(months) > MOST_NAMED_MONTHS
    panel.set_xticks(range(1, len(months) + 1), labels=[_MONTHS[month - 1][: 1 if short else 3] for month in months])
    panel.set_xlim(0.7, len(months) + 0.3)
    panel.set_ylim(0, None)
    heading(panel, "The year" if len(months) == 12 else "The months with data")
    label(panel, "month", "mean rain [mm/day]")
    legend_below(figure)
    return figure


def _interrupted(curve: Curve, breaks: Sequence[int]) -> Curve:
    """The curve with a point that is not known before each of the places, so that no line goes over it."""
    if not breaks:
        return curve
    x = np.insert(curve.x.astype(float), breaks, [place + 0.5 for place in breaks])
    y, low, high = (
        None if values is None else np.insert(values.astype(float), breaks, np.nan)
        for values in (curve.y, curve.low, curve.high)
    )
    return replace(curve, x=x, y=y, low=low, high=high) if y is not None else curve


MOST_HEIGHT = 5.2
"""[inches] of a map of the bias: a high domain is drawn narrower."""


def return_levels(curves: Sequence[Curve]) -> Figure:
    """The amount of a day [mm] that a cell reaches once in so many years; a band is an interval or a range."""
    figure, panel = axes(*SIZE)
    for curve in curves:
        draw_line(panel, curve, marker="o")
    panel.set_xscale("log")
    periods = curves[0].x if curves else np.array([2.0, 100.0])
    panel.set_xticks(periods, labels=[f"{period:g}" for period in periods])
    panel.minorticks_off()
    panel.set_ylim(0, None)
    heading(panel, "Return levels")
    label(panel, "return period [years]", "rain of a day, mean of cells [mm]")
    legend_below(figure, columns=2)
    return figure


def reliability(curves: Sequence[Curve], counts: np.ndarray, *, title: str = "Reliability") -> Figure:
    """How often an event was observed against how many members had it; bars below show how often each share occurs.

    Args:
        curves: forecast share of the members against the observed frequency.
        counts: (votes,) share of the cell-days with each number of members, of the first curve.
        title: of the figure.
    """
    figure, panel = axes(*SIZE)
    panel.plot([0, 1], [0, 1], color=INK, linewidth=1.0, zorder=1)
    for curve in curves:
        draw_line(panel, curve, marker="o")
    shares = np.linspace(0, 1, len(counts))
    height = np.log10(np.maximum(counts, 1e-6) / 1e-6) / 6
    panel.bar(shares, 0.12 * height, width=0.6 / len(counts), bottom=0.0, color=FAINT, alpha=0.35, zorder=0)
    panel.set(xlim=(-0.03, 1.03), ylim=(0, 1.03))
    heading(panel, title)
    label(panel, "share of the members with the event", "share of these cells where it was observed")
    legend_below(figure)
    return figure


def bias_map(field: np.ndarray, frame: MapFrame, *, unit: str, title: str) -> Figure:
    """Members minus observation at every cell, blue where too wet, brown where too dry.

    Args:
        field: (y, x) in ``unit``, NaN outside the domain.
        frame: of the domain.
        unit: of the field.
        title: of the figure.
    """
    known = np.abs(field[np.isfinite(field)])
    most = float(np.quantile(known, 0.98)) if known.size else 1.0
    norm = Normalize(-max(most, 1e-6), max(most, 1e-6))
    width, left, right, below, above = SIZE[0], 0.28, 0.04, 0.95, 0.42
    inside = min(width - left - right, (MOST_HEIGHT - below - above) / max(frame.shape, 0.3))
    height = inside * frame.shape + below + above
    figure = Figure(figsize=(width, height), facecolor="white")
    box = (left / width, below / height, inside / width, (height - below - above) / height)
    panel = figure.add_axes(box, anchor="NW")
    panel.imshow(field, cmap="BrBG", norm=norm, interpolation="nearest", aspect=frame.aspect)
    draw_outline(panel, frame.outline, INK, 0.5)
    first_column, last_column, low, high = frame.window
    panel.set(xlim=(first_column, last_column), ylim=(high, low) if frame.first_row_on_top else (low, high))
    panel.apply_aspect()
    draw_axes(panel, frame.axes)
    figure.text(left / width, 1 - 0.2 / height, title, fontsize=10, weight="bold", color=INK, va="center")
    bar = figure.add_axes((left / width, 0.46 / height, inside / width, 0.11 / height))
    scale = figure.colorbar(ScalarMappable(norm, "BrBG"), cax=bar, orientation="horizontal", extend="both")
    scale.outline.set_visible(False)
    scale.ax.tick_params(labelsize=8, colors=INK, length=2)
    scale.set_label(unit, fontsize=8, color=INK)
    return figure
