"""The look of all figures: rain colours are ordered and lines can be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from rainsmith.plots import style

PNG = b"\x89PNG\r\n\x1a\n"


def lightness(colour: str) -> float:
    """CIELAB L* of a colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


@pytest.mark.parametrize("top_mm", [3.0, 40.0, 145.0, 444.0, 5000.0])
def test_rain_colours_darken_in_steps_that_can_be_seen(top_mm: float) -> None:
    scale = style.rain_scale(top_mm)
    wet = [lightness(colour) for colour in scale.colours[1:]]
    assert (np.diff(wet) < -3).all()
    assert scale.colours[0] not in scale.colours[1:]


def test_each_amount_falls_into_its_class() -> None:
    scale = style.rain_scale(60.0, wet_mm=0.1)
    assert scale.levels == (0.0, 0.1, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0)
    amounts = np.array([0.0, 0.09, 0.1, 0.99, 1.0, 74.9, 75.0, 900.0])
    expected = [to_rgb(scale.colours[place]) for place in (0, 0, 1, 1, 2, 8, 9, 9)]
    assert np.allclose(scale.colormap(scale.norm(amounts))[:, :3], expected, atol=1e-6)
    assert scale.colours[0] == style.DRY


def test_invalid_cells_are_transparent_and_not_dry() -> None:
    scale = style.rain_scale(50.0)
    invalid = scale.colormap(scale.norm(np.ma.masked_invalid([np.nan])))
    assert invalid[0, 3] == 0.0


def test_a_wet_threshold_of_another_height_moves_the_dry_class() -> None:
    assert style.rain_scale(20.0, wet_mm=1.0).levels[:3] == (0.0, 1.0, 2.0)


def test_places_next_to_each_other_have_different_lines() -> None:
    styles = [style.quiet_style(place) for place in range(30)]
    assert len(set(styles)) == 30, "where colours come again, dashes differ"
    assert styles[8].colour == styles[0].colour
    assert not any(one.front for one in styles)


def test_a_legend_names_each_line_once() -> None:
    figure = Figure()
    for panel in figure.subplots(1, 2):
        panel.plot([0, 1], label="prior")
    style.legend_below(figure)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["prior"]
    empty, _ = style.axes(1.0, 1.0)
    style.legend_below(empty)
    assert not empty.legends


@pytest.mark.parametrize(("kind", "start"), [("png", PNG), ("svg", b"<?xml")])
def test_the_same_figure_gives_the_same_bytes(kind: str, start: bytes) -> None:
    painted = []
    for _ in range(2):
        figure, panel = style.axes(2.0, 2.0)
        panel.plot([0, 1])
        painted.append(style.picture(figure, kind, 40))  # type: ignore[arg-type]
    assert painted[0] == painted[1] and painted[0].startswith(start)


@pytest.mark.parametrize("size", [(4.7, 4.1), (3.9, 3.2)])
def test_a_long_heading_is_wrapped_and_stays_inside_its_figure(size: tuple[float, float]) -> None:
    figure, panel = style.axes(*size)
    panel.plot([0, 1], [0, 1000])
    panel.set_ylabel("share of these cells")
    style.heading(panel, "Mean absolute error of the ensemble mean where heavy rain was observed [mm/day]")
    style.picture(figure, "png", 100)  # the layout is made when the figure is painted
    box = next(title for title in figure.axes[0].get_children() if getattr(title, "get_text", str)().startswith("Mean"))
    extent = box.get_window_extent()
    assert extent.x1 <= 100 * size[0] and extent.y1 <= 100 * size[1]
