"""Gains of the experiment, by arm and by number of synthetic days."""

from __future__ import annotations

import pandas as pd

from rainsmith.plots.experiment import differences, gains_over_ratios

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


def test_gains_rise_and_fall_over_the_number_of_synthetic_days() -> None:
    head = {"network": "unet", "mode": "prior", "score": "rmse"}
    gains = {25: 0.01, 50: 0.03, 200: -0.02}
    rows = [
        {**head, "ratio": ratio, "gain": gain, "lower": gain - 0.01, "upper": gain + 0.02, "significant": gain > 0.02}
        for ratio, gain in gains.items()
    ]
    (panel,) = gains_over_ratios(pd.DataFrame(rows)).axes
    curve, full, empty = panel.lines[1:]
    assert [list(line.get_xdata()) for line in (curve, full, empty)] == [[25, 50, 200], [50], [25, 200]]
    assert [round(float(gain)) for gain in curve.get_ydata()] == [1, 3, -2]
    assert [round(float(end)) for end in panel.collections[0].get_segments()[1][:, 1]] == [2, 5]
    assert not gains_over_ratios(pd.DataFrame(columns=list(rows[0]))).axes
