"""Maps of single days: observed, coarse input and members side by side, on one colour scale in mm/day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from scipy.ndimage import map_coordinates

from rainsmith.base.dims import Y
from rainsmith.plots.cells import cell_size, numeric_axis
from rainsmith.plots.map_axes import MapAxes, draw_axes, map_axes
from rainsmith.plots.style import ACCENT, FAINT, INK, RainScale

COLUMNS = 4
"""Maps in a row."""
_MAP_WIDTH, _BAR_WIDTH = 2.7, 4.6  # [inches] of the figure of one map, and of the colour bar
_LEFT, _BELOW, _ABOVE, _RIGHT = 0.24, 0.34, 0.04, 0.04  # [inches] around a map, for its axes and scale bar
_GREYS = LinearSegmentedColormap.from_list("predictor", ["#f4f1ea", "#8f8a80"])


@dataclass(frozen=True)
class MapFrame:
    """What a map needs to know of the domain, in units of cells.

    Attributes:
        mask: (y, x) bool, cells that are valid on at least one day.
        outline: (segments, 2, 2), the borders between valid and other cells as (column, row) pairs.
        window: first and last column, first and last row that are drawn.
        aspect: height of a cell over its width.
        first_row_on_top: the first row is the northernmost.
        coarse_outline: the same borders in columns and rows of the coarse grid.
        coarse_aspect: height of a coarse cell over its width.
        coarse_first_row_on_top: the first row of the coarse grid is its northernmost.
        axes: what stands around the map.
    """

    mask: np.ndarray
    outline: np.ndarray
    window: tuple[float, float, float, float]
    aspect: float
    first_row_on_top: bool
    coarse_outline: np.ndarray
    coarse_aspect: float
    coarse_first_row_on_top: bool
    axes: MapAxes = field(default_factory=MapAxes)

    @property
    def shape(self) -> float:
        """Height of the drawn window over its width."""
        first_column, last_column, first_row, last_row = self.window
        return self.aspect * (last_row - first_row) / (last_column - first_column)


@dataclass(frozen=True)
class Panel:
    """One map.

    Attributes:
        title: what it shows.
        note: one line of figures.
        field: (y, x) [mm/day], NaN where invalid; for a predictor (y_lr, x_lr) in its own units.
        kind: observed, coarse, prior, posterior, or predictor (a coarse field that is not rain).
    """

    title: str
    note: str
    field: np.ndarray
    kind: Literal["observed", "coarse", "prior", "posterior", "predictor"]


def outline_of(mask: np.ndarray) -> np.ndarray:
    """Borders between valid and invalid cells: (segments, 2, 2) of (column, row), cell centres at whole numbers."""
    padded = np.pad(np.asarray(mask, dtype=bool), 1)
    row, column = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    across = np.stack([np.stack([column - 0.5, row - 0.5], -1), np.stack([column + 0.5, row - 0.5], -1)], 1)
    row, column = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    along = np.stack([np.stack([column - 0.5, row - 0.5], -1), np.stack([column - 0.5, row + 0.5], -1)], 1)
    return np.concatenate([across, along]).astype(float)


def map_frame(domain: xr.Dataset) -> MapFrame:
    """The map frame of a store: ``mask``, ``coarse_row`` and ``coarse_col`` (y, x), and its coordinates."""
    mask = np.asarray(domain["mask"].values, dtype=bool)
    outline = outline_of(mask)
    used = mask if mask.any() else np.ones_like(mask)
    rows, columns = np.flatnonzero(used.any(1)), np.flatnonzero(used.any(0))
    window = (columns[0] - 0.5, columns[-1] + 0.5, rows[0] - 0.5, rows[-1] + 0.5)
    cell, top = cell_size(domain), _first_row_on_top(domain)
    aspect = cell.aspect
    row, column = (_coarse_places(domain[name].values, axis) for axis, name in enumerate(("coarse_row", "coarse_col")))
    # a single row or column says nothing of its own step
    row_step = np.median(np.diff(row if len(row) > 1 else np.abs(column.T), axis=0)) if row.size > 1 else 1.0
    column_step = np.median(np.diff(column if column.shape[1] > 1 else np.abs(row.T), axis=1)) if row.size > 1 else 1.0
    places = outline.reshape(-1, 2)[:, ::-1].T
    coarse = [map_coordinates(axis, places, order=1, mode="nearest") for axis in (column, row)]
    return MapFrame(
        mask=mask,
        outline=outline,
        window=window,
        aspect=aspect,
        first_row_on_top=top,
        coarse_outline=np.stack(coarse, -1).reshape(-1, 2, 2),
        coarse_aspect=float(aspect * abs(column_step) / max(abs(row_step), 1e-9)),
        coarse_first_row_on_top=bool(top == (row_step > 0)),
        axes=map_axes(domain, window, cell, first_row_on_top=top),
    )


def _coarse_places(places: np.ndarray, axis: int) -> np.ndarray:
    """Fractional rows or columns in the coarse grid; a single coarse cell reaches from the first cell to the last."""
    places = np.asarray(places, dtype=float)
    if np.ptp(places) > 0:
        return places
    cells = places.shape[axis]
    within = (np.arange(cells) + 0.5) / cells - 0.5
    return np.broadcast_to(within[:, None] if axis == 0 else within, places.shape)


def _first_row_on_top(domain: xr.Dataset) -> bool:
    """By latitude where it is known, else by the values of y; rows without coordinates count from the top."""
    if "latitude" in domain.coords and domain["latitude"].ndim == 2:
        latitude = domain["latitude"].values
        return bool(np.nanmean(latitude[0]) > np.nanmean(latitude[-1]))
    y = numeric_axis(domain, Y)
    return y is None or bool(y.values[0] > y.values[-1])


def rain_panel(title: str, kind: Literal["observed", "coarse", "prior", "posterior"], field: np.ndarray) -> Panel:
    """A map of rain (y, x) [mm/day] with its mean and maximum over valid cells in the note."""
    valid = field[np.isfinite(field)]
    if valid.size == 0:
        return Panel(title, "no valid cell", field, kind)
    return Panel(title, f"mean {valid.mean():.1f}, max {valid.max():.0f} mm", field, kind)


def coarse_panel(day: xr.Dataset) -> Panel:
    """The coarse input of one day of a store: the coarse rain on the fine grid, or the first predictor as it is."""
    channel = str(day.attrs.get("coarse_rain_channel", ""))
    mask = np.asarray(day["mask"].values, dtype=bool)
    if channel:
        coarse = np.asarray(day["predictors"].sel(channel=channel).values, dtype=float)
        field = np.where(mask, coarse.ravel()[np.asarray(day["block"].values, dtype=int)], np.nan)
        return rain_panel("Coarse input", "coarse", field)
    name = str(day["channel"].values[0])
    coarse = np.asarray(day["predictors"].isel(channel=0).values, dtype=float)
    low, high = np.nanmin(coarse), np.nanmax(coarse)
    digits = max(0, 3 - int(np.floor(np.log10(max(abs(high), 1e-9)))) - 1)
    span = f"{low:,.{digits}f} to {high:,.{digits}f}".replace(",", "\N{THIN SPACE}")
    return Panel("Coarse input", f"{name}: {span}", coarse, "predictor")


def draw(panel: Axes, shown: Panel, frame: MapFrame, scale: RainScale) -> None:
    """Draw one map without text into axes."""
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
    if shown.kind == "predictor":
        _draw_predictor(panel, shown.field, frame)
        return
    panel.imshow(shown.field, cmap=scale.colormap, norm=scale.norm, interpolation="nearest", aspect=frame.aspect)
    draw_outline(panel, frame.outline, INK, 0.55)
    _limit(panel, frame.window, frame.first_row_on_top)


def _draw_predictor(panel: Axes, field: np.ndarray, frame: MapFrame) -> None:
    panel.imshow(field, cmap=_GREYS, interpolation="nearest", aspect=frame.coarse_aspect)
    if np.isfinite(field).all() and np.ptp(field) > 0:
        panel.contour(field, levels=8, colors=FAINT, linewidths=0.7)
    draw_outline(panel, frame.coarse_outline, ACCENT, 0.7)
    rows, columns = field.shape
    _limit(panel, (-0.5, columns - 0.5, -0.5, rows - 0.5), frame.coarse_first_row_on_top)


def draw_outline(panel: Axes, outline: np.ndarray, colour: str, width: float) -> None:
    """All borders (segments, 2, 2) as one line with gaps, which is drawn far faster than a collection."""
    gap = np.full((len(outline), 1, 2), np.nan)
    column, row = np.concatenate([outline, gap], axis=1).reshape(-1, 2).T
    panel.plot(column, row, color=colour, linewidth=width, solid_capstyle="round", scalex=False, scaley=False)


def _limit(panel: Axes, window: tuple[float, float, float, float], first_row_on_top: bool) -> None:
    first_column, last_column, first_row, last_row = window
    panel.set_xlim(first_column, last_column)
    panel.set_ylim(*((last_row, first_row) if first_row_on_top else (first_row, last_row)))


def map_figure(shown: Panel, frame: MapFrame, scale: RainScale) -> Figure:
    """One map with degrees along its edges and a scale bar; a predictor on its own grid has neither."""
    left = _LEFT if frame.axes.left.places else _RIGHT
    below = _BELOW if frame.axes.below.places or frame.axes.bar_km else _ABOVE
    inside = _MAP_WIDTH - left - _RIGHT
    height = inside * min(max(frame.shape, 0.5), 1.8) + _ABOVE + below
    figure = Figure(figsize=(_MAP_WIDTH, height), facecolor="white")
    box = (left / _MAP_WIDTH, below / height, inside / _MAP_WIDTH, (height - _ABOVE - below) / height)
    panel = figure.add_axes(box, anchor="NW")
    draw(panel, shown, frame, scale)
    if shown.kind != "predictor":
        panel.apply_aspect()
        draw_axes(panel, frame.axes)
    return figure


def day_figure(title: str, panels: Sequence[Panel], frame: MapFrame, scale: RainScale) -> Figure:
    """All maps of one day under a title, with one colour bar: the picture that ``report --png`` writes."""
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    width = 2.6 * columns
    cell = 2.6 * min(max(frame.shape, 0.5), 1.8) + 0.5
    height = rows * cell + 1.3
    figure = Figure(figsize=(width, height), facecolor="white")
    figure.text(0.15 / width, 1 - 0.33 / height, title, fontsize=13, weight="bold", color=INK, va="center")
    grid = figure.add_gridspec(
        rows,
        columns,
        left=0.01,
        right=0.99,
        top=1 - 1.0 / height,
        bottom=0.8 / height,
        wspace=0.04,
        hspace=0.5 / (cell - 0.5),
    )
    for number, shown in enumerate(panels):
        panel = figure.add_subplot(grid[divmod(number, columns)], anchor="NW")
        draw(panel, shown, frame, scale)
        colour = ACCENT if shown.kind in ("prior", "posterior") else INK
        panel.set_title(shown.title, loc="left", fontsize=9.5, weight="bold", color=colour, pad=16)
        panel.text(0.0, 1.0, shown.note, transform=panel.transAxes, fontsize=8.5, color=FAINT, va="bottom")
    bar_width = min(0.84, 7.0 / width)
    _bar(figure.add_axes(((1 - bar_width) / 2, 0.45 / height, bar_width, 0.16 / height)), scale)
    return figure


def bar_figure(scale: RainScale) -> Figure:
    """The colour bar by itself."""
    figure = Figure(figsize=(_BAR_WIDTH, 0.42), facecolor="white")
    _bar(figure.add_axes((0.0, 0.5, 0.875, 0.48)), scale)
    return figure


def _bar(panel: Axes, scale: RainScale) -> None:
    """One box a class; the numbers stand at the bounds between them."""
    count = len(scale.colours)
    panel.bar(np.arange(count), np.ones(count), width=1.0, align="edge", color=scale.colours)
    panel.set(xlim=(0, count), ylim=(0, 1), yticks=[])
    panel.spines[:].set_visible(False)
    names = [f"{level:g}" for level in scale.levels[1:]]
    panel.text(count + 0.12, 0.5, "mm/day", fontsize=8, color=INK, va="center")
    panel.set_xticks(range(1, count), labels=names)
    panel.text(0.5, 0.47, "dry", fontsize=7, color=FAINT, ha="center", va="center")
    panel.tick_params(labelsize=8, colors=INK, length=0, pad=2.5)
