"""Training curves: loss terms, KL with its weight, and the sampled figures against the observed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from rainsmith.plots.style import ACCENT, FAINT, INK, axes, heading, legend_below, line_style, quiet

SIZE = (3.9, 3.0)
Row = Mapping[str, Any]
"""One line of metrics.jsonl."""
FIGURES = {
    "max": "Largest value [mm/day]",
    "mean": "Mean rain [mm/day]",
    "p99": "99th percentile [mm/day]",
    "wet_fraction": "Share of wet cells",
    "diversity": "Diversity of the members",
    "correlation": "Correlation with the observed map",
    "crps": "CRPS [mm/day]",
    "twcrps_p99": "CRPS above the P99 [mm/day]",
    "mae_tail": "Error on heavy cells [mm/day]",
}
"""Figures of a validation that have a panel of their own, with its title."""
_TERM_COLOURS = (INK, "#2c5f8a", "#5f8f5a", "#9a8a3a", "#7fa8cc", "#a3a09a", "#6b2f9b", "#8a5a44")


def best_epochs(rows: Sequence[Row]) -> dict[str, int]:
    """Epoch (from 1) of each best checkpoint: the last one that a validation of that name improved."""
    best: dict[str, int] = {}
    for row in rows:
        for name in (row.get("validation") or {}).get("best") or []:
            best[str(name)] = int(row["epoch"]) + 1
    return best


def series(rows: Sequence[Row], *keys: str) -> tuple[np.ndarray, np.ndarray]:
    """Epochs (from 1) and values of a nested number, e.g. ``("validation", "prior", "max")``, where finite."""
    epochs, values = [], []
    for row in rows:
        value: Any = row
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, int | float) and np.isfinite(value):
            epochs.append(int(row["epoch"]) + 1)
            values.append(float(value))
    return np.asarray(epochs), np.asarray(values)


def loss_terms(rows: Sequence[Row]) -> Figure:
    """Every term of the training loss by epoch, without its weight; KL has a figure of its own."""
    figure, panel = axes(*SIZE)
    names = [name for name in _term_names(rows) if name != "kl"]
    drawn = [(name, *series(rows, "train", name)) for name in names]
    for (name, epochs, values), colour in zip(drawn, _TERM_COLOURS * 3, strict=False):
        panel.plot(epochs, values, color=colour, linewidth=2.0 if name == "loss" else 1.3, label=name)
    if drawn and all((values > 0).all() for _, _, values in drawn):
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        panel.yaxis.set_minor_locator(NullLocator())
    _finish(panel, rows, "Terms of the training loss")
    legend_below(figure, panel, columns=3)
    return figure


def _term_names(rows: Sequence[Row]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        terms = row.get("train") or {}
        names.update(dict.fromkeys(name for name, value in terms.items() if isinstance(value, int | float)))
    return list(names)


def kl_and_beta(rows: Sequence[Row]) -> Figure:
    """The KL divergence [nats] above the weight beta that it enters the loss with."""
    figure = Figure(figsize=SIZE, layout="constrained", facecolor="white")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.0))
    for panel, keys, name in ((above, ("train", "kl"), "KL divergence [nats]"), (below, ("beta",), "Its weight, beta")):
        quiet(panel)
        panel.plot(*series(rows, *keys), color=INK, linewidth=1.6)
        heading(panel, name)
        panel.set_ylim(bottom=0)
    _mark_bests(above, rows)
    _mark_bests(below, rows, named=False)
    below.set_xlabel("epoch", fontsize=9, color=INK)
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def available(rows: Sequence[Row]) -> list[str]:
    """The validation figures that the log holds, in the order of ``FIGURES``."""
    modes = ("prior", "posterior")
    return [name for name in FIGURES if any(series(rows, "validation", mode, name)[0].size for mode in modes)]


def figure_by_epoch(rows: Sequence[Row], name: str) -> Figure:
    """One validation figure of prior and posterior members by epoch, with the observed value as a line."""
    figure, panel = axes(*SIZE)
    bests = best_epochs(rows)
    for mode in ("posterior", "prior"):
        epochs, values = series(rows, "validation", mode, name)
        if not epochs.size:
            continue
        style = line_style(mode)
        panel.plot(epochs, values, color=style.colour, linestyle=style.dashes, linewidth=style.width, label=mode)
        at = np.flatnonzero(epochs == bests.get("prior" if mode == "prior" else "tail", -1))
        panel.plot(epochs[at], values[at], "o", color=style.colour, markersize=6, markeredgecolor="white")
    epochs, values = series(rows, "validation", "observed", name)
    if epochs.size:
        panel.plot(epochs, values, color=INK, linewidth=1.6, label="observed", zorder=1.5)
        panel.set_ylim(0, 1.08 * max(float(values.max()), panel.get_ylim()[1] / 1.05))
    _finish(panel, rows, FIGURES[name])
    legend_below(figure, panel)
    return figure


def _finish(panel: Axes, rows: Sequence[Row], name: str) -> None:
    heading(panel, name)
    panel.set_xlabel("epoch", fontsize=9, color=INK)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    _mark_bests(panel, rows)


def _mark_bests(panel: Axes, rows: Sequence[Row], *, named: bool = True) -> None:
    """Upright lines at the epochs of the best checkpoints; two that coincide share one line."""
    by_epoch: dict[int, list[str]] = {}
    for name, epoch in best_epochs(rows).items():
        by_epoch.setdefault(epoch, []).append(name)
    for epoch, names in by_epoch.items():
        colour = ACCENT if "prior" in names else FAINT
        panel.axvline(epoch, color=colour, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        if named:
            top = _more_room_above(panel, epoch)
            text = panel.text(
                epoch, 0.98 if top else 0.03, "best " + " and ".join(sorted(names)), rotation=90, ha="right"
            )
            text.set(fontsize=7.5, color=colour, transform=panel.get_xaxis_transform(), va="top" if top else "bottom")
            text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def _more_room_above(panel: Axes, epoch: int) -> bool:
    """Whether the lines leave more room above than below them at an epoch."""
    to_axes = panel.transData - panel.transAxes
    heights = []
    for line in panel.get_lines():
        x, y = (np.asarray(values, dtype=float) for values in line.get_data())
        if x.size > 2:  # an upright line has two points
            heights.append(float(to_axes.transform((epoch, np.interp(epoch, x, y)))[1]))
    return not heights or 1 - max(heights) >= min(heights)
