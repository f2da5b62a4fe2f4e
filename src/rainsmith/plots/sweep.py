"""Scores of all saved checkpoints over epochs, prior beside posterior."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rainsmith.plots.style import ACCENT, INK, MODE_STYLES, heading, label, legend_below, quiet


def over_epochs(table: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """One panel a score; upright lines mark the best epoch and those that training kept as best.

    Args:
        table: rows of ``sweep.csv``, the best epoch first.
        titles: six scores, named as in ``sweep.csv`` without the mode, with the titles of their panels.
    """
    by_epoch = table.sort_values("epoch")
    figure = Figure(figsize=(11.0, 5.6), layout="constrained", facecolor="white")
    for panel, (name, title) in zip(figure.subplots(2, 3, sharex=True).flat, titles.items(), strict=True):
        quiet(panel)
        heading(panel, title)
        for mode, style in reversed(MODE_STYLES.items()):
            if f"{mode}_{name}" in by_epoch:
                line = {"color": style.colour, "linestyle": style.dashes, "linewidth": style.width}
                panel.plot(by_epoch["epoch"], by_epoch[f"{mode}_{name}"], marker="o", markersize=3, label=mode, **line)
        observed = f"prior_observed_{name}"
        if observed in by_epoch:
            panel.axhline(float(by_epoch[observed].iloc[0]), color=INK, linewidth=1.2, label="observed")
        _mark(panel, table)
        panel.set_ylim(0, 1.06 * panel.get_ylim()[1])
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        label(panel, "epoch")
    legend_below(figure, columns=6)
    return figure


def _mark(panel: Axes, table: pd.DataFrame) -> None:
    """Draw upright lines at the best epoch and at the epochs that training kept as best."""
    panel.axvline(float(table["epoch"].iloc[0]), color=ACCENT, linewidth=1.6, zorder=1, label="best here")
    for name, dashes in (("best_tail", (0, (1, 2))), ("best_prior", (0, (5, 3)))):
        for epoch, checkpoints in zip(table["epoch"], table["checkpoint"], strict=True):
            if name in checkpoints.split():
                panel.axvline(float(epoch), color=INK, linewidth=0.9, linestyle=dashes, zorder=1.1, label=name)
