"""The pictures of the experiment: gains over the better control, by arm and by number of synthetic days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from rainsmith.plots.style import ACCENT, FAINT, INK, MODE_STYLES, heading, label, legend_below, quiet

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


def gains_over_ratios(table: pd.DataFrame) -> Figure:
    """One panel for each network, with a curve for each mode: the gain over the number of synthetic days.

    Bars are 90 % intervals. A dot is full where the arm differs significantly from every control, and empty elsewhere.

    Args:
        table: the gains, as ``experiment.ratios.gains_by_ratio`` gives them; without rows, the figure is empty.
    """
    networks = list(table["network"].unique())
    figure = Figure(figsize=(max(5.2, 4.0 * len(networks)), 3.4), layout="constrained", facecolor="white")
    if not networks:
        return figure
    for panel, network in zip(figure.subplots(1, len(networks), squeeze=False)[0], networks, strict=True):
        quiet(panel)
        rows = table[table["network"] == network]
        score = str(rows["score"].iloc[0]).replace("_", " ")
        heading(panel, f"{network}, {score}")
        _draw_ratios(panel, rows)
    legend_below(figure)
    return figure


def _draw_ratios(panel: Axes, rows: pd.DataFrame) -> None:
    panel.axhline(0.0, color=INK, linewidth=1.0)
    modes = list(rows["mode"].unique())
    for place, mode in enumerate(modes):
        style, curve = MODE_STYLES[mode], rows[rows["mode"] == mode]
        ratio = curve["ratio"].to_numpy() * 1.03 ** (place - (len(modes) - 1) / 2)  # bars side by side
        gain, lower, upper = (100 * curve[name].to_numpy() for name in ("gain", "lower", "upper"))
        panel.plot(ratio, gain, color=style.colour, linestyle=style.dashes, linewidth=style.width, label=mode)
        panel.vlines(ratio, lower, upper, color=style.colour, linewidth=1.2)
        for significant, face in ((True, style.colour), (False, "white")):
            is_drawn = curve["significant"].to_numpy() == significant
            (dots,) = panel.plot(ratio[is_drawn], gain[is_drawn], "o", color=style.colour, markersize=5, zorder=3)
            dots.set_markerfacecolor(face)
    ticks = np.unique(rows["ratio"])
    panel.set_xscale("log")
    panel.set_xticks(ticks, [f"{tick}" for tick in ticks])
    panel.xaxis.set_minor_locator(NullLocator())
    label(panel, "synthetic days per hundred real ones", "gain over the better control [%]")
