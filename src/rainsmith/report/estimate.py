"""What a report will take on this machine, from two of its maps and one chart."""

from __future__ import annotations

import time

from rainsmith.base import memory
from rainsmith.base.needs import Needs
from rainsmith.config import Config
from rainsmith.plots.maps import map_figure, map_frame
from rainsmith.plots.style import axes, heading, label
from rainsmith.report.gather import gather
from rainsmith.report.maps import PANELS, heaviest, panels_of, scale_of
from rainsmith.report.parts import embed
from rainsmith.report.stage import DAYS
from rainsmith.run_folder import Run

CHARTS = 50
"""All but the maps takes as long as so many plain charts, as measured on the demo (``benchmarks/estimates.py``)."""
CHARTS_OF_A_PAGE = 26
"""Charts whose pictures are in the page."""


def needs(config: Config, run: Run) -> Needs:
    """Open what the stages have written so far, and draw two maps and a chart.

    The time grows with the cells of a map; the number of pictures does not depend on the number of days.

    Args:
        config: the configuration.
        run: the run folder, prepared.

    Raises:
        UserError: as ``report``.
    """
    memory.forget_peak()
    started = time.monotonic()
    material = gather(config, run)
    positions = heaviest(material, DAYS)
    opening = time.monotonic() - started
    frame, scale = map_frame(material.store), scale_of(material, positions)
    panels = panels_of(material, positions[0])[:2] if positions else []
    _chart()  # which loads what draws
    started = time.monotonic()
    size = len(_chart())
    chart = time.monotonic() - started
    started = time.monotonic()
    page = sum(len(embed(map_figure(panel, frame, scale), "", kind="png").source) for panel in panels)
    maps, number = time.monotonic() - started, len(positions) * PANELS
    share = number / max(len(panels), 1)
    seconds = opening + share * maps + CHARTS * chart
    return Needs(seconds, memory.peak(), share * page + CHARTS_OF_A_PAGE * size, f"maps of {len(positions)} days")


def _chart() -> str:
    """The data URI of a chart of a few lines."""
    figure, panel = axes(4.6, 3.2)
    for slope in range(5):
        panel.plot(range(100), [slope * x for x in range(100)], label=f"line {slope}")
    heading(panel, "A chart like those of the page")
    label(panel, "days", "rain [mm/day]")
    panel.legend()
    return embed(figure, "").source
