"""Axes of a map: ticks lie where their degrees are, and the scale bar is as long as it says."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from rainsmith.plots.cells import cell_size
from rainsmith.plots.map_axes import MapAxes, draw_axes, map_axes

ROWS, COLUMNS = 41, 31
WINDOW = (-0.5, COLUMNS - 0.5, -0.5, ROWS - 0.5)


def of(latitude: np.ndarray, longitude: np.ndarray, *, on_top: bool = False) -> MapAxes:
    """Axes of a grid with these latitudes (rows,) and longitudes (columns,)."""
    axes = {"y": ("y", latitude, {"units": "degrees_north"}), "x": ("x", longitude, {"units": "degrees_east"})}
    places = {"latitude": ("y", latitude), "longitude": ("x", longitude)}
    domain = xr.Dataset({"mask": (("y", "x"), np.ones((ROWS, COLUMNS), dtype=bool))}, coords={**axes, **places})
    return map_axes(domain, WINDOW, cell_size(domain), first_row_on_top=on_top)


def test_ticks_stand_at_their_degrees() -> None:
    latitude, longitude = -1.0 + 0.1 * np.arange(ROWS), -2.0 + 0.1 * np.arange(COLUMNS)
    axes = of(latitude, longitude)
    assert dict(zip(axes.left.names, axes.left.places, strict=True)) == pytest.approx({"0°": 10.0, "2°N": 30.0})
    assert dict(zip(axes.below.names, axes.below.places, strict=True)) == pytest.approx(
        {"2°W": 0.0, "1°W": 10.0, "0°": 20.0, "1°E": 30.0}
    )
    assert np.diff(of(latitude[::-1], longitude, on_top=True).left.places).max() < 0, "north is up"


def test_longitudes_go_on_over_the_date_line() -> None:
    longitude = (178.0 + 0.1 * np.arange(COLUMNS) + 180) % 360 - 180
    assert list(of(50 + 0.1 * np.arange(ROWS), longitude).below.names) == ["178°E", "179°E", "180°W", "179°W"]


def test_the_bar_is_as_long_as_it_says() -> None:
    axes = of(59 + 0.05 * np.arange(ROWS), 0.05 * np.arange(COLUMNS))
    of_a_column = 111.2 * 0.05 * np.cos(np.radians(60.0))
    assert axes.bar_km in (1, 2, 5, 10, 20, 50, 100)
    assert axes.bar_columns * of_a_column == pytest.approx(axes.bar_km, rel=0.001)
    assert 0.1 * COLUMNS < axes.bar_columns < 0.4 * COLUMNS
    figure = Figure(figsize=(3, 3))
    panel = figure.add_axes((0.2, 0.2, 0.7, 0.7))
    panel.set(xlim=WINDOW[:2], ylim=WINDOW[2:])
    draw_axes(panel, axes)
    (bar,) = panel.lines
    assert np.ptp(bar.get_xdata()) == pytest.approx(axes.bar_columns)
    assert [text.get_text() for text in panel.texts] == [f"{axes.bar_km:g} km"]


def test_without_places_kilometres_stand_at_the_edges_or_nothing() -> None:
    mask = {"mask": (("y", "x"), np.ones((ROWS, COLUMNS), dtype=bool))}
    metres = {name: (name, 1000.0 * np.arange(size), {"units": "m"}) for name, size in (("y", ROWS), ("x", COLUMNS))}
    domain = xr.Dataset(mask, coords=metres)
    axes = map_axes(domain, WINDOW, cell_size(domain), first_row_on_top=False)
    assert dict(zip(axes.below.names, axes.below.places, strict=True))["10 km"] == pytest.approx(10.0)
    bare = xr.Dataset(mask)
    assert map_axes(bare, WINDOW, cell_size(bare), first_row_on_top=True) == MapAxes()
