"""Figures of the climate (the year, return levels, maps of the bias) and of the reliability of probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from rainsmith.plots.curves import SIZE, Curve, draw_line
from rainsmith.plots.maps import MapFrame
from rainsmith.plots.style import FAINT, INK, axes, heading, label, legend_below

_MONTHS = "JFMAMJJASOND"


def seasonal_cycle(curves: Sequence[Curve], months: Sequence[int] = range(1, 13)) -> Figure:
    """Mean rain of each month [mm/day]; a band is the range of the members. No line crosses a month without data.

    Args:
        curves: against the place of the month in ``months``, from 1 on.
        months: the months from left to right.
    """
    figure, panel = axes(*SIZE)
    for curve in curves:
        draw_line(panel, curve, marker="o", across_gaps=False)
    panel.set_xticks(range(1, 13), labels=[_MONTHS[month - 1] for month in months])
    panel.set_ylim(0, None)
    heading(panel, "The year")
    label(panel, "month", "mean rain [mm/day]")
    legend_below(figure)
    return figure


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
    width = SIZE[0]
    height = width * min(max(frame.shape, 0.5), 0.9) + 1.0  # a high domain leaves room beside it
    figure = Figure(figsize=(width, height), facecolor="white")
    panel = figure.add_axes((0.01, 0.75 / height, 0.98, 1 - 1.1 / height), anchor="NW")
    panel.imshow(field, cmap="BrBG", norm=norm, interpolation="nearest", aspect=frame.aspect)
    panel.add_collection(LineCollection(list(frame.outline), colors=INK, linewidths=0.5))
    left, right, low, high = frame.window
    panel.set(xlim=(left, right), ylim=(high, low) if frame.first_row_on_top else (low, high), xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    figure.text(0.02, 1 - 0.2 / height, title, fontsize=10, weight="bold", color=INK, va="center")
    bar = figure.add_axes((0.1, 0.5 / height, 0.8, 0.12 / height))
    scale = figure.colorbar(ScalarMappable(norm, "BrBG"), cax=bar, orientation="horizontal")
    scale.ax.tick_params(labelsize=8, colors=INK, length=2)
    scale.set_label(unit, fontsize=8, color=INK)
    return figure
