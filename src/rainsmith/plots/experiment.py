"""The picture of the experiment: gain of every arm over the better control, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainsmith.plots.style import ACCENT, FAINT, INK, heading, label, legend_below, quiet

_MARKS = "osD^vPX"


def differences(table: pd.DataFrame, shown: Sequence[str]) -> Figure:
    """One panel for each network, with a dot for each arm and score, right of zero where the arm beats the control.

    A dot is dark where the arm is significantly better, orange where it is significantly worse, and faint elsewhere.

    Args:
        table: rows of ``comparisons.csv``.
        shown: the scores that are drawn, from top to bottom; those that the table lacks are left out.
    """
    is_shown = (table["days"] == "all") & table["score"].isin(shown)
    rows = table[is_shown & np.isfinite(table["gain"].astype(float))]
    networks = list(rows["network"].unique())
    most = max((rows[rows["network"] == name]["score"].nunique() for name in networks), default=1)
    figure = Figure(figsize=(4.8 * max(1, len(networks)), 1.2 + 0.34 * most), layout="constrained", facecolor="white")
    if not networks:
        return figure
    marks = {arm: _MARKS[place % len(_MARKS)] for place, arm in enumerate(rows["arm"].unique())}
    for panel, network in zip(figure.subplots(1, len(networks), squeeze=False)[0], networks, strict=True):
        quiet(panel)
        heading(panel, network)
        _draw_network(panel, rows[rows["network"] == network], list(shown), marks)
    legend_below(figure, columns=7)
    return figure


def _draw_network(panel: Axes, rows: pd.DataFrame, shown: list[str], marks: dict[str, str]) -> None:
    scores = sorted(rows["score"].unique(), key=shown.index, reverse=True)
    arms = list(rows["arm"].unique())
    panel.axvline(0.0, color=INK, linewidth=1.0)
    for number, arm in enumerate(arms):
        shift = 0.7 * (0.5 - (number + 0.5) / len(arms))
        for _, row in rows[rows["arm"] == arm].iterrows():
            scale = row["gain"] / row["difference"] if row["difference"] else np.nan
            ends = sorted((100 * scale * row["lower"], 100 * scale * row["upper"]))
            height = scores.index(row["score"]) + shift
            colour = FAINT if not row["significant"] else INK if row["gain"] > 0 else ACCENT
            panel.plot(ends, [height, height], color=colour, linewidth=1.4)
            panel.plot(100 * row["gain"], height, marker=marks[arm], color=colour, markersize=4.5)
        panel.plot([], [], marker=marks[arm], color=FAINT, linestyle="", markersize=4.5, label=arm)
    panel.set_yticks(range(len(scores)), [score.replace("mapped_", "").replace("_", " ") for score in scores])
    label(panel, "gain over the better control [%]")
