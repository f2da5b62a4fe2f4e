"""Scores of checkpoints over epochs."""

from __future__ import annotations

import pandas as pd

from rainsmith.plots.sweep import over_epochs

PANELS = {name: name.upper() for name in ("tail_score", "crps", "rank_deviation", "max_daily", "p99", "diversity")}


def test_every_score_is_drawn_by_epoch_with_the_kept_checkpoints() -> None:
    rows = []
    for epoch, names in ((4, "epoch_004 best_prior"), (2, "epoch_002"), (6, "epoch_006 best_tail")):
        scores = {f"{mode}_{name}": float(epoch) for mode in ("prior", "posterior") for name in PANELS}
        rows.append({"epoch": epoch, "checkpoint": names, **scores, "prior_observed_p99": 5.0})
    figure = over_epochs(pd.DataFrame(rows), PANELS)
    assert [panel.get_title(loc="left") for panel in figure.axes] == list(PANELS.values())
    lines = {line.get_label(): line for line in figure.axes[list(PANELS).index("p99")].get_lines()}
    assert list(lines["prior"].get_xdata()) == [2, 4, 6] and list(lines["prior"].get_ydata()) == [2.0, 4.0, 6.0]
    assert lines["observed"].get_ydata()[0] == 5.0
    marks = {name: set(lines[name].get_xdata()) for name in ("best here", "best_prior", "best_tail")}
    assert marks == {"best here": {4.0}, "best_prior": {4.0}, "best_tail": {6.0}}
