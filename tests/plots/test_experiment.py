"""Gains of the experiment."""

from __future__ import annotations

import pandas as pd

from rainsmith.plots.experiment import differences

SHOWN = ["rmse", "pinball_p99", "mapped_sedi_20"]


def test_gains_of_the_experiment_lie_on_the_side_they_are_on() -> None:
    row = {"days": "all", "control": "real", "value": 0.9, "control_value": 1.0, "significant": True}
    rows = [
        {**row, "network": "q-srdrn", "arm": "prior-25", "score": "pinball_p99", "difference": -0.1, "gain": 0.1},
        {**row, "network": "q-srdrn", "arm": "prior-25", "score": "mapped_sedi_20", "difference": -0.1, "gain": -0.2},
    ]
    bounds = {"lower": -0.15, "upper": -0.05}
    panel = differences(pd.DataFrame([{**row, **bounds} for row in rows]), SHOWN).axes[0]
    spans = [sorted(line.get_xdata()) for line in panel.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0]]
    assert [[round(x) for x in span] for span in spans] == [[5, 15], [-30, -10]]
    assert not differences(pd.DataFrame(columns=["days", "score", "gain", "network", "arm"]), SHOWN).axes
