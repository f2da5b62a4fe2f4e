"""Figures of prepared data: extents of the sources, maps of the rain, and the record month by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from rainsmith.plots.maps import MapFrame
from rainsmith.plots.style import ACCENT, DRY, FAINT, INK, RAIN_COLOURS, RULE, axes, heading, label, legend_below

RAIN = LinearSegmentedColormap.from_list("rain", RAIN_COLOURS)
"""Amounts and frequencies of rain, light to dark."""
SHARE = LinearSegmentedColormap.from_list("share", [ACCENT, "#f0d9c2", DRY])
"""Shares of valid days: what is often missing stands out."""
SPLIT_COLOURS = ("#4386cd", "#5f8f5a", "#c98a2b")
"""Training, validation and test."""
_MONTHS = "JFMAMJJASOND"
_BORDERS = (
    (INK, "-", 2.0),
    (ACCENT, (0, (5.0, 1.5)), 1.6),
    ("#2c5f8a", "-", 1.3),
    ("#5f8f5a", (0, (6.0, 1.5, 1.0, 1.5)), 1.3),
    ("#6b2f9b", (0, (3.0, 1.0)), 1.3),
    ("#9a8a3a", (0, (4.0, 1.5)), 1.3),
    (FAINT, (0, (1.0, 1.2)), 1.3),
)


def extents(
    borders: Mapping[str, np.ndarray], cells: np.ndarray, window: tuple[float, float, float, float], coarse: np.ndarray
) -> Figure:
    """Borders of all sources on one map of longitudes and latitudes.

    Args:
        borders: (point, 2) of longitude and latitude by name, the target first.
        cells: (segment, 2, 2), the edge of the valid cells in longitude and latitude.
        window: west, east, south and north of the map [degrees].
        coarse: (cell, 2) centres of the coarse cells in longitude and latitude.
    """
    west, east, south, north = window
    shrink = max(0.2, float(np.cos(np.deg2rad((south + north) / 2))))
    shape = (north - south) / ((east - west) * shrink)
    width = 5.4 if shape > 0.8 else 7.5
    figure, panel = axes(width, min(max(width * shape, 2.4), 6.4) + 0.6)
    panel.set_aspect(1 / shrink, adjustable="box")
    panel.add_collection(LineCollection(list(cells), colors=FAINT, linewidths=0.6))
    for place, (name, border) in enumerate(borders.items()):
        colour, dashes, thick = _BORDERS[place % len(_BORDERS)]
        panel.plot(border[:, 0], border[:, 1], color=colour, linestyle=dashes, linewidth=thick, label=name)
    panel.scatter(coarse[:, 0], coarse[:, 1], s=5, color=FAINT, linewidths=0, label="centres of coarse cells")
    panel.set(xlim=(west, east), ylim=(south, north))
    panel.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    panel.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    label(panel, "longitude [degrees east]", "latitude [degrees north]")
    heading(panel, "Extents")
    legend_below(figure, columns=2)
    return figure


def field_map(
    field: np.ndarray,
    frame: MapFrame,
    *,
    unit: str,
    colours: Colormap = RAIN,
    ends: tuple[float, float] | None = None,
) -> Figure:
    """A field on the fine grid with its colour bar; the page says what it is.

    Args:
        field: (y, x), NaN outside the domain.
        frame: of the domain.
        unit: of the field.
        colours: of its values, from the least to the most.
        ends: values of the first and the last colour; None takes the least and the greatest.
    """
    known = field[np.isfinite(field)]
    low, high = ends or ((float(known.min()), float(known.max())) if known.size else (0.0, 1.0))
    norm = Normalize(low, high if high > low else low + 1.0)
    width = 2.8
    height = width * min(max(frame.shape, 0.4), 1.5) + 0.66
    figure = Figure(figsize=(width, height), facecolor="white")
    panel = figure.add_axes((0.01, 0.64 / height, 0.98, 1 - 0.66 / height), anchor="C")
    panel.imshow(field, cmap=colours, norm=norm, interpolation="nearest", aspect=frame.aspect)
    panel.add_collection(LineCollection(list(frame.outline), colors=INK, linewidths=0.5))
    left, right, first, last = frame.window
    panel.set(xlim=(left, right), ylim=(last, first) if frame.first_row_on_top else (first, last), xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    bar = figure.add_axes((0.07, 0.48 / height, 0.86, 0.11 / height))
    scale = figure.colorbar(ScalarMappable(norm, colours), cax=bar, orientation="horizontal")
    scale.outline.set_visible(False)
    scale.locator = MaxNLocator(4)
    scale.update_ticks()
    scale.ax.tick_params(labelsize=10, colors=INK, length=2)
    scale.set_label(unit, fontsize=10, color=INK, labelpad=0)
    return figure


def record(
    years: Sequence[int], months: Sequence[int], days: np.ndarray, heavy: np.ndarray, split: np.ndarray
) -> Figure:
    """The record month by month: the split in colour, paler where days are missing, and the number of heavy days.

    Args:
        years: (year,) from top to bottom.
        months: (month,) from left to right.
        days: (year, month) number of days.
        heavy: (year, month) number of heavy days.
        split: (year, month) 0, 1, 2 for training, validation and test, -1 for none.
    """
    row = 0.21
    figure, panel = axes(7.5, row * len(years) + 1.0)
    full = np.maximum(days.max(axis=0), 1)
    for i, j in np.argwhere(days > 0):
        colour = SPLIT_COLOURS[split[i, j]] if split[i, j] >= 0 else FAINT
        share = 0.15 + 0.55 * days[i, j] / full[j]
        panel.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colour, alpha=share, edgecolor="white"))
        if heavy[i, j]:
            panel.text(j, i, str(heavy[i, j]), ha="center", va="center", fontsize=7, color=INK)
    for name, colour in zip(("training", "validation", "test"), SPLIT_COLOURS, strict=True):
        panel.scatter([], [], marker="s", s=40, color=colour, alpha=0.7, label=name)
    if (split[days > 0] < 0).any():
        panel.scatter([], [], marker="s", s=40, color=FAINT, alpha=0.7, label="no split")
    step = max(1, len(years) // 24)
    panel.set(xlim=(-0.5, len(months) - 0.5), ylim=(len(years) - 0.5, -0.5))
    panel.set_xticks(range(len(months)), labels=[_MONTHS[month - 1] for month in months])
    panel.set_yticks(range(0, len(years), step), labels=[str(year) for year in years[::step]])
    panel.grid(visible=False)
    panel.spines[:].set_visible(False)
    heading(panel, "Days and heavy days of each month")
    legend_below(figure, columns=4)
    return figure


def lags(names: Sequence[str], correlations: np.ndarray) -> Figure:
    """Correlation of the mean rain with each predictor on the day before, the same day and the day after.

    Args:
        names: of the predictors, from top to bottom.
        correlations: (predictor, 3).
    """
    figure, panel = axes(5.2, 0.24 * len(names) + 1.3)
    places = np.arange(len(names))
    panel.axvline(0, color=FAINT, linewidth=0.8)
    styles = (("day before", "<", FAINT, 26), ("same day", "o", INK, 38), ("day after", ">", ACCENT, 26))
    for column, (name, marker, colour, size) in enumerate(styles):
        panel.scatter(correlations[:, column], places, marker=marker, s=size, color=colour, label=name, zorder=3)
    panel.hlines(places, np.nanmin(correlations, axis=1), np.nanmax(correlations, axis=1), color=RULE, linewidth=2)
    panel.set(ylim=(len(names) - 0.5, -0.5), xlim=(-1, 1))
    panel.set_yticks(places, labels=list(names))
    heading(panel, "Predictors and the mean rain")
    label(panel, "correlation")
    legend_below(figure)
    return figure
