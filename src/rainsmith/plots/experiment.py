"""What synthetic days changed: gains of every arm over the better control, with their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rainsmith.plots.style import ACCENT, FAINT, INK, heading, quiet

SHOWN = ("pinball_", "quantile_crps", "twcrps_p99", "mae_tail", "rmse", "mapped_csi_", "mapped_sedi_")


def differences(table: pd.DataFrame) -> Figure:
    """One panel a network; a dot an arm and score, right of zero where the arm is better than the control.

    Dark where it is significantly better, orange where it is significantly worse, faint where neither.

    Args:
        table: of ``comparisons.csv``.
    """
    rows = table[
        (table["days"] == "all")
        & table["score"].astype(str).str.startswith(SHOWN)
        & np.isfinite(table["gain"].astype(float))
    ]
    networks = list(rows["network"].unique())
    most = max((rows[rows["network"] == name]["score"].nunique() for name in networks), default=1)
    figure = Figure(figsize=(4.8 * max(1, len(networks)), 1.2 + 0.34 * most), layout="constrained", facecolor="white")
    if not networks:
        return figure
    shown: dict[str, Line2D] = {}
    marks: dict[str, int] = {}  # of each arm, the same in all panels
    for panel, network in zip(figure.subplots(1, len(networks), squeeze=False)[0], networks, strict=True):
        quiet(panel)
        heading(panel, network)
        of = rows[rows["network"] == network]
        scores = sorted(of["score"].unique(), key=_place)[::-1]
        arms = list(of["arm"].unique())
        panel.axvline(0.0, color=INK, linewidth=1.0)
        for number, arm in enumerate(arms):
            mark = _MARKS[marks.setdefault(arm, len(marks)) % len(_MARKS)]
            shift = 0.7 * (0.5 - (number + 0.5) / len(arms))
            for _, row in of[of["arm"] == arm].iterrows():
                scale = row["gain"] / row["difference"] if row["difference"] else np.nan
                ends = sorted((100 * scale * row["lower"], 100 * scale * row["upper"]))
                height = scores.index(row["score"]) + shift
                colour = FAINT if not row["significant"] else INK if row["gain"] > 0 else ACCENT
                panel.plot(ends, [height, height], color=colour, linewidth=1.4)
                panel.plot(100 * row["gain"], height, marker=mark, color=colour, markersize=4.5)
        panel.set_yticks(range(len(scores)), [score.replace("mapped_", "").replace("_", " ") for score in scores])
        panel.set_xlabel("gain over the better control [%]", fontsize=9, color=INK)
        handles = [
            panel.plot(
                [], [], marker=_MARKS[marks[arm] % len(_MARKS)], color=FAINT, linestyle="", markersize=4.5, label=arm
            )[0]
            for arm in arms
        ]
        shown |= {str(handle.get_label()): handle for handle in handles}
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=7, fontsize=9, frameon=False)
    return figure


def _place(score: str) -> int:
    return next(place for place, begin in enumerate(SHOWN) if score.startswith(begin))


_MARKS = "osD^vPX"
