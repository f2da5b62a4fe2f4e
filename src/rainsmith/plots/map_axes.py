"""The axes of a map: degrees along its left and lower edges, and a scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rainsmith.base.dims import X, Y
from rainsmith.plots.cells import CellSize, latitudes_and_longitudes, numeric_axis
from rainsmith.plots.style import FAINT, INK

BAR_SHARE = 0.34
"""Longest scale bar, as a share of the width of the map."""
_INTERVALS = 3  # between ticks, at most


@dataclass(frozen=True)
class Ticks:
    """Places along an edge of a map, in cells, and what stands there."""

    places: Sequence[float] = ()
    names: Sequence[str] = ()


@dataclass(frozen=True)
class MapAxes:
    """What stands around a map.

    Attributes:
        left: ticks along the left edge, in rows.
        below: ticks along the lower edge, in columns.
        bar_km: [km] length of the scale bar; 0 for none.
        bar_columns: [columns] the same.
    """

    left: Ticks = field(default_factory=Ticks)
    below: Ticks = field(default_factory=Ticks)
    bar_km: float = 0.0
    bar_columns: float = 0.0


def map_axes(
    domain: xr.Dataset, window: tuple[float, float, float, float], cell: CellSize, *, first_row_on_top: bool
) -> MapAxes:
    """Axes in degrees where latitudes and longitudes are known, else in km, else none.

    Args:
        domain: a store.
        window: first and last column, first and last row that are drawn.
        cell: size of a cell.
        first_row_on_top: the first row is the northernmost.
    """
    first_column, last_column, first_row, last_row = window
    places = latitudes_and_longitudes(domain)
    if places is not None:
        latitude, longitude = places
        column = int(np.clip(round(first_column), 0, latitude.shape[1] - 1))
        row = int(np.clip(round(last_row if first_row_on_top else first_row), 0, latitude.shape[0] - 1))
        left = _ticks(latitude[:, column], (first_row, last_row), "NS")
        below = _ticks(longitude[row], (first_column, last_column), "EW")
    else:
        left, below = (
            _km_ticks(domain, name, edges)
            for name, edges in ((Y, (first_row, last_row)), (X, (first_column, last_column)))
        )
    if cell.unit != "km":
        return MapAxes(left, below)
    length = _round_length(BAR_SHARE * (last_column - first_column) * cell.width)
    return MapAxes(left, below, length, length / cell.width)


def draw_axes(panel: Axes, axes: MapAxes, *, bar: bool = True) -> None:
    """Ticks with their names along two edges, and a scale bar under the right end of the lower one."""
    panel.set_xticks(list(axes.below.places), labels=list(axes.below.names))
    panel.set_yticks(list(axes.left.places), labels=list(axes.left.names), rotation=90, va="center")
    panel.tick_params(labelsize=7.5, colors=FAINT, length=2.5, pad=1.5, width=0.6)
    panel.spines[:].set_visible(True)
    panel.spines[:].set(color=FAINT, linewidth=0.5)
    if bar and axes.bar_km:
        left, right = panel.get_xlim()
        height = panel.get_position().height * panel.figure.get_figheight()  # type: ignore[union-attr]
        end, low = right, -0.235 / height
        place = panel.get_xaxis_transform()
        ends = [end - axes.bar_columns, end]
        panel.plot(ends, [low, low], transform=place, color=INK, linewidth=1.8, clip_on=False, solid_capstyle="butt")
        name = f"{axes.bar_km:g} km"
        gap = 0.02 * (right - left)
        panel.text(ends[0] - gap, low, name, transform=place, fontsize=7.5, color=INK, ha="right", va="center")


def _ticks(values: np.ndarray, edges: tuple[float, float], letters: str) -> Ticks:
    """Round degrees along an edge; ``values`` (cells) rise or fall."""
    known = np.arange(len(values))
    if values[0] > values[-1]:
        values, known = values[::-1], known[::-1]
    low, high = sorted(np.interp(np.clip(edges, 0, len(values) - 1), np.sort(known), values[np.argsort(known)]))
    chosen = [v for v in MaxNLocator(_INTERVALS, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= v <= high]
    names = [f"{abs(_within(v)):g}°{_letter(_within(v), letters)}" for v in chosen]
    return Ticks([float(np.interp(v, values, known)) for v in chosen], names)


def _within(degrees: float) -> float:
    """Between -180 and 180, without the dust of its computation."""
    return round((degrees + 180) % 360 - 180, 6)


def _letter(degrees: float, letters: str) -> str:
    return "" if degrees == 0 else letters[0] if degrees > 0 else letters[1]


def _km_ticks(domain: xr.Dataset, name: str, edges: tuple[float, float]) -> Ticks:
    axis = numeric_axis(domain, name)
    if axis is None or str(axis.attrs.get("units", "")) not in ("m", "km"):
        return Ticks()
    values = np.asarray(axis.values, dtype=float) * (1e-3 if axis.attrs["units"] == "m" else 1.0)
    order = np.argsort(values)
    known = np.arange(len(values))
    low, high = sorted(np.interp(np.clip(edges, 0, len(values) - 1), known, values))
    chosen = [v for v in MaxNLocator(_INTERVALS, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= v <= high]
    return Ticks([float(np.interp(v, values[order], known[order])) for v in chosen], [f"{v:g} km" for v in chosen])


def _round_length(most: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above ``most``."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(factor for factor in (1, 2, 5) if factor * power <= most * 1.0001) * power)
