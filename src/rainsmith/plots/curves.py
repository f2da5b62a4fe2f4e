"""Curves that compare distributions: quantiles, exceedance, ranks and spectra, one small figure each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from rainsmith.plots.style import INK, OBSERVED, LineStyle, axes, heading, label, legend_below, plain_number

SIZE = (4.7, 4.1)
"""Width and height of a curve figure [inches]: legible at the width of a phone."""


@dataclass(frozen=True)
class Curve:
    """One line of a figure.

    Attributes:
        title: its name in the legend.
        style: how it is drawn.
        x: (point,) in the unit of the figure.
        y: (point,) in the unit of the figure; a point that is not finite is left out.
        low: (point,) lower bound of a band around the line, such as the range of the members; None for no band.
        high: (point,) upper bound of that band.
    """

    title: str
    style: LineStyle
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def quantiles(curves: Sequence[Curve], *, title: str = "Quantiles") -> Figure:
    """Quantiles of each forecast [mm/day] against the observed quantiles [mm/day] of the same levels."""
    figure, panel = axes(*SIZE)
    for curve in curves:
        draw_line(panel, curve)
    top = max((float(np.nanmax(curve.x)) for curve in curves), default=1.0) * 1.05 or 1.0  # days without rain
    high = max((float(np.nanmax(curve.y)) for curve in curves), default=1.0)
    panel.plot([0, top], [0, top], color=INK, linewidth=1.0, zorder=1)
    text = panel.text(0.985 * top, 1.01 * top, "equal", fontsize=8.5, color=INK, ha="right", va="bottom", zorder=6)
    text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    panel.set(xlim=(0, top), ylim=(0, min(max(high, top), 1.6 * top) * 1.05))
    heading(panel, title)
    label(panel, "observed [mm/day]", "members [mm/day]")
    legend_below(figure)
    return figure


def exceedance(curves: Sequence[Curve], *, title: str = "Exceedance") -> Figure:
    """Share of cell-days above each amount: x in [mm/day], y a probability (logarithmic)."""
    figure, panel = axes(*SIZE)
    for curve in curves:
        shown = curve.y > 0
        draw_line(panel, replace(curve, x=curve.x[shown], y=curve.y[shown]))
    panel.set_yscale("log")
    reach = [float(curve.x[curve.y > 0].max()) for curve in curves if curve.style == OBSERVED and (curve.y > 0).any()]
    panel.set_xlim(0, 2 * reach[0] if reach and panel.get_xlim()[1] > 2 * reach[0] else None)
    panel.yaxis.set_major_formatter(FuncFormatter(_one_in))
    panel.yaxis.set_minor_formatter(NullFormatter())
    heading(panel, title)
    label(panel, "rain [mm/day]", "share of cell-days above")
    legend_below(figure)
    return figure


def _one_in(share: float, position: int | None) -> str:
    """The label of a tick: ``5 %``, or ``1 in 10 000`` below 1 %; matplotlib also gives the position of the tick."""
    if share >= 0.01:
        return f"{100 * share:g} %"
    return f"1 in {1 / share:,.0f}".replace(",", " ")


def rank_histogram(frequencies: np.ndarray, style: LineStyle, *, title: str = "Rank histogram") -> Figure:
    """How often the observation takes each rank among K members: ``frequencies`` (K + 1,) sums to 1."""
    figure, panel = axes(SIZE[0], 3.6)
    expected = 1 / frequencies.size
    ranks = np.arange(frequencies.size)
    panel.bar(ranks, frequencies, width=0.86, color=style.colour, alpha=0.85)
    panel.axhline(expected, color=INK, linewidth=1.4)
    panel.set_ylim(0, max(1.9 * expected, 1.08 * float(np.nanmax(frequencies))))
    panel.grid(visible=False, axis="x")
    panel.set_xticks([0, frequencies.size - 1], labels=["below all members", "above all members"])
    low, high = panel.get_xticklabels()
    low.set_horizontalalignment("left")
    high.set_horizontalalignment("right")
    place = panel.get_yaxis_transform()
    panel.text(1.005, expected, "even", fontsize=8.5, color=INK, va="center", transform=place)
    heading(panel, title)
    panel.set_ylabel("share of cell-days", fontsize=9, color=INK)
    return figure


def spectrum(curves: Sequence[Curve], *, unit: str = "km", title: str = "Spectrum") -> Figure:
    """Power of each forecast over the observed power by wavelength: x in ``unit`` (logarithmic), y a ratio."""
    figure, panel = axes(*SIZE)
    for curve in curves:
        shown = (curve.x > 0) & (curve.y > 0) & np.isfinite(curve.x) & np.isfinite(curve.y)
        draw_line(panel, replace(curve, x=curve.x[shown], y=curve.y[shown]))
    panel.axhline(1.0, color=INK, linewidth=1.4, zorder=2)
    panel.set_xscale("log")
    panel.set_yscale("log")
    lowest, highest = panel.get_ylim()
    panel.set_ylim(max(0.01, min(lowest, 0.4)), min(100, max(highest, 2.5)))
    panel.invert_xaxis()
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(plain_number))
        axis.set_minor_locator(NullLocator())
    heading(panel, title)
    label(panel, f"wavelength [{unit}], large to small", "power of the members over observed")
    legend_below(figure)
    return figure


def draw_line(panel: Axes, curve: Curve, *, marker: str = "", across_gaps: bool = True) -> None:
    """Draw one curve with its band; the line goes on across points without a value, or is interrupted there."""
    style, known = curve.style, np.isfinite(curve.y) | (not across_gaps)
    if curve.low is not None and curve.high is not None:
        panel.fill_between(curve.x, curve.low, curve.high, color=style.colour, alpha=0.16, linewidth=0, zorder=2.5)
    panel.plot(
        curve.x[known],
        curve.y[known],
        color=style.colour,
        linestyle=style.dashes,
        linewidth=style.width,
        marker=marker,
        markersize=3,
        label=curve.title,
        zorder=5 if style.front else 3,
    )
