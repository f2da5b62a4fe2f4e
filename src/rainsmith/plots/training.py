"""Training curves from the rows of ``metrics.jsonl``: loss terms, KL with its weight, validation scores by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from rainsmith.plots.style import (
    ACCENT,
    FAINT,
    INK,
    MODE_STYLES,
    axes,
    heading,
    label,
    legend_below,
    plain_number,
    quiet,
)

SIZE = (3.9, 3.2)
OTHERS = 0.55
"""Opacity of the lines of the other networks of a pool."""
Row = Mapping[str, Any]
"""One line of metrics.jsonl."""
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


def scores_of(rows: Sequence[Row]) -> list[str]:
    """Names of the scores that the validations in a log have of either mode, in the order of the log."""
    names: dict[str, None] = {}
    for row in rows:
        for mode in MODE_STYLES:
            names.update(dict.fromkeys((row.get("validation") or {}).get(mode) or {}))
    return [name for name in names if any(series(rows, "validation", mode, name)[0].size for mode in MODE_STYLES)]


def loss_terms(rows: Sequence[Row], others: Sequence[Sequence[Row]] = ()) -> Figure:
    """Every term of the training loss by epoch, without its weight; KL has a figure of its own.

    Args:
        rows: the log of a network.
        others: logs of the other networks of a pool, drawn as faint lines of the same colours.
    """
    figure, panel = axes(*SIZE)
    names = dict.fromkeys(name for row in rows for name in row.get("train") or {} if name != "kl")
    terms = {name: series(rows, "train", name) for name in names}
    for (name, (epochs, values)), colour in zip(terms.items(), _TERM_COLOURS * 3, strict=False):
        panel.plot(epochs, values, color=colour, linewidth=2.0 if name == "loss" else 1.3, label=name)
        for other in others:
            panel.plot(*series(other, "train", name), color=colour, linewidth=0.8, alpha=OTHERS)
    if terms and all((values > 0).all() for _, values in terms.values()):
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.yaxis.set_major_formatter(FuncFormatter(plain_number))
        panel.yaxis.set_minor_locator(NullLocator())
    heading(panel, "Terms of the training loss")
    return _by_epoch(figure, rows)


def kl_and_beta(rows: Sequence[Row], others: Sequence[Sequence[Row]] = ()) -> Figure:
    """The KL divergence [nats] above the weight beta that it enters the loss with; other networks are faint."""
    figure = Figure(figsize=SIZE, layout="constrained", facecolor="white")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.0))
    for panel, keys, name in ((above, ("train", "kl"), "KL divergence [nats]"), (below, ("beta",), "Its weight, beta")):
        quiet(panel)
        panel.plot(*series(rows, *keys), color=INK, linewidth=1.6)
        for other in others:
            panel.plot(*series(other, *keys), color=INK, linewidth=0.8, alpha=OTHERS)
        heading(panel, name)
        panel.set_ylim(bottom=0)
    return _by_epoch(figure, rows)


def score_by_epoch(rows: Sequence[Row], name: str, *, title: str, others: Sequence[Sequence[Row]] = ()) -> Figure:
    """One validation score of prior and posterior members by epoch, and the observed value as a line.

    Args:
        rows: the log of a network.
        name: of the score in the log.
        title: of the figure.
        others: logs of the other networks of a pool, drawn as faint lines.
    """
    figure, panel = axes(*SIZE)
    for mode, style in reversed(MODE_STYLES.items()):
        epochs, values = series(rows, "validation", mode, name)
        if epochs.size:
            panel.plot(epochs, values, color=style.colour, linestyle=style.dashes, linewidth=style.width, label=mode)
        for other in others:
            (line,) = panel.plot(*series(other, "validation", mode, name), color=style.colour, alpha=OTHERS)
            line.set(linestyle=style.dashes, linewidth=0.8)
    epochs, values = series(rows, "validation", "observed", name)
    if epochs.size:
        panel.plot(epochs, values, color=INK, linewidth=1.6, label="observed", zorder=1.5)
        panel.set_ylim(0, 1.08 * max(float(values.max()), panel.get_ylim()[1] / 1.05))
    heading(panel, title)
    return _by_epoch(figure, rows)


def _by_epoch(figure: Figure, rows: Sequence[Row]) -> Figure:
    """Whole epochs along the axis, an upright line at the epoch of each best checkpoint, and a legend."""
    for panel in figure.axes:
        mark_epochs(panel, best_epochs(rows))
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    label(figure.axes[-1], "epoch")
    legend_below(figure)
    return figure


def mark_epochs(panel: Axes, epochs: Mapping[str, int]) -> None:
    """Draw an upright line at the epoch of each best checkpoint."""
    for name, epoch in epochs.items():
        colour, dashes = (ACCENT, (0, (4, 2))) if name == "prior" else (FAINT, (0, (1, 2)))
        panel.axvline(epoch, color=colour, linewidth=1.1, linestyle=dashes, zorder=1, label=f"best {name}")
