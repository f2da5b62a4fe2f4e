"""One look for all figures: colours, the rain scale, axes without clutter, and pictures as bytes.

Figures are built with the object-oriented API of matplotlib, so that nothing is shared between them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from textwrap import fill
from typing import Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap
from matplotlib.figure import Figure

INK = "#1c1b19"
"""Text, and everything observed."""
FAINT = "#6d6a64"
"""Secondary text and axes."""
RULE = "#dedad2"
"""Grid lines."""
ACCENT = "#b8430f"
"""The model that the report is about."""
DRY = "#e7e2d8"
"""Valid cells without rain."""
RAIN_COLOURS = (
    "#cef7ed",
    "#aee8e3",
    "#8ed7dd",
    "#70c5d9",
    "#56b2d6",
    "#469dd3",
    "#4386cd",
    "#4e6dc6",
    "#5f4fb7",
    "#6b2f9b",
    "#700374",
    "#6a0045",
    "#57001c",
    "#390204",
)
"""Light to dark in nearly equal steps of lightness: the order survives grey print and colour blindness."""
LETTERS_OF_AN_INCH = 11.5
"""Letters of a heading that an inch has room for."""
RAIN_LEVELS_MM = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0)
"""Bounds of the colour classes above the wet threshold [mm/day]."""


@dataclass(frozen=True)
class LineStyle:
    """How one forecast is drawn in every figure.

    Attributes:
        colour: of the line.
        dashes: line style of matplotlib.
        width: of the line [points].
        front: whether it is drawn above the other lines.
    """

    colour: str
    dashes: str | tuple[int, tuple[float, ...]] = "-"
    width: float = 1.3
    front: bool = False


OBSERVED = LineStyle(INK, "-", 2.0, front=True)
MODE_STYLES = {
    "prior": LineStyle(ACCENT, "-", 2.0, front=True),
    "posterior": LineStyle("#e39a6c", (0, (5.0, 1.5)), 1.8),
}
"""Members of the model, in the accent; observed in ink."""
_QUIET = (
    LineStyle("#a3a09a", (0, (1.0, 1.2))),
    LineStyle("#9a8a3a", (0, (4.0, 1.5))),
    LineStyle("#5f8f5a", (0, (6.0, 1.5, 1.0, 1.5))),
    LineStyle("#8a7a3d", (0, (3.0, 1.0, 1.0, 1.0))),
    LineStyle("#7fa8cc", "-"),
    LineStyle("#2c5f8a", "-", 1.6),
    LineStyle("#1d3a57", (0, (3.0, 1.0))),
    LineStyle(FAINT, (0, (2.0, 1.0))),
)


def quiet_style(place: int) -> LineStyle:
    """The style of the baseline that stands at ``place`` (0, 1, ...) among all baselines; no two are the same.

    Where there are more baselines than styles, a colour comes again with a dash and two dots, then three, and so on.
    """
    turn, index = divmod(place, len(_QUIET))
    style = _QUIET[index]
    return replace(style, dashes=(0, (6.0, 1.5) + (1.0, 1.5) * (turn + 1))) if turn else style


@dataclass(frozen=True)
class RainScale:
    """Colour classes of daily rain, the same for every map of a report.

    Attributes:
        levels: bounds of the classes [mm/day]; the first class, 0 to the wet threshold, is dry.
        colours: one colour a class, and a last one above the highest level.
    """

    levels: tuple[float, ...]
    colours: tuple[str, ...]

    @property
    def colormap(self) -> Colormap:
        return ListedColormap(self.colours).with_extremes(bad=(1.0, 1.0, 1.0, 0.0))

    @property
    def norm(self) -> BoundaryNorm:
        return BoundaryNorm(self.levels, len(self.colours), extend="max")


def rain_scale(top_mm: float, wet_mm: float = 0.1) -> RainScale:
    """Classes up to the first level at or above ``top_mm`` [mm/day], with a dry class below ``wet_mm`` [mm/day]."""
    wet = max(wet_mm, 1e-6)
    above = [level for level in RAIN_LEVELS_MM if level > wet]
    count = next((i + 1 for i, level in enumerate(above) if level >= top_mm), len(above))
    chosen = above[: max(count, min(4, len(above)))]
    levels = (0.0, wet, *chosen)
    picks = np.linspace(0, len(RAIN_COLOURS) - 1, len(chosen) + 1).round().astype(int)
    return RainScale(levels, (DRY, *(RAIN_COLOURS[i] for i in picks)))


def axes(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure [inches] with one pair of axes: two spines, light grid, small type."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    panel: Axes = figure.subplots()
    quiet(panel)
    return figure, panel


def quiet(panel: Axes) -> None:
    """Strip axes of what carries no information."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(FAINT)
    panel.tick_params(colors=FAINT, labelsize=8.5, length=3, which="both")
    panel.grid(visible=True, color=RULE, linewidth=0.6, which="major")
    panel.set_axisbelow(True)


def heading(panel: Axes, text: str) -> None:
    """Write what the figure shows above its left edge, in as many lines as its width asks for."""
    place, figure = panel.get_subplotspec(), panel.get_figure(root=True)
    columns = place.get_gridspec().ncols if place is not None else 1
    of_axis = 0.7  # [inches] labels of the y axis
    width = (figure.get_figwidth() if figure is not None else 4.0) / columns - of_axis
    text = fill(text, max(12, round(LETTERS_OF_AN_INCH * width)))
    panel.set_title(text, loc="left", fontsize=10, weight="bold", color=INK)


def label(panel: Axes, x: str, y: str = "") -> None:
    """Name one or both axes."""
    panel.set_xlabel(x, fontsize=9, color=INK)
    panel.set_ylabel(y, fontsize=9, color=INK)


def plain_number(value: float, position: int | None) -> str:
    """The label of a tick without needless digits; matplotlib also gives the position of the tick."""
    return f"{value:g}"


def legend_below(figure: Figure, columns: int = 3) -> None:
    """Put one legend without a frame under all axes of the figure; a name that several axes share stands once."""
    lines = {
        name: handle for panel in figure.axes for handle, name in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    if lines:
        figure.legend(
            lines.values(),
            lines.keys(),
            loc="outside lower center",
            ncols=min(columns, len(lines)),
            frameon=False,
            fontsize=8.5,
            handlelength=2.2,
            columnspacing=1.0,
        )


def picture(figure: Figure, kind: Literal["png", "svg"] = "svg", dpi: int = 150) -> bytes:
    """The figure as a file in memory; the same figure gives the same bytes."""
    target = io.BytesIO()
    if kind == "png":
        FigureCanvasAgg(figure)
        figure.savefig(target, format="png", dpi=dpi, metadata={"Software": None})
    else:
        FigureCanvasSVG(figure)
        with rc_context({"svg.fonttype": "path", "svg.hashsalt": "rainsmith"}):
            figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return target.getvalue()
