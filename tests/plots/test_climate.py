"""Figures of the climate."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.plots import climate, curves, maps
from rainsmith.plots.style import MODE_STYLES
from tests.fake_run import config_of, rain, store_of

PRIOR = MODE_STYLES["prior"]


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return store_of(rain(60), config_of(data={"splits": _SPLITS}))


_SPLITS = {
    "train": [["2001-01-01", "2001-01-20"]],
    "validation": [["2001-01-21", "2001-02-05"]],
    "test": [["2001-02-06", "2001-12-31"]],
}


def test_colours_of_the_bias_are_even_about_zero(store: xr.Dataset) -> None:
    field = np.where(store["mask"].values, 0.0, np.nan)
    field[-1, -1] = 2.0
    figure = climate.bias_map(field, maps.map_frame(store), unit="mm/day", title="Bias")
    norm = figure.axes[0].images[0].norm
    assert norm.vmin == -norm.vmax < 0


def test_reliability_draws_its_curves_and_how_often_each_share_was_forecast() -> None:
    share = np.linspace(0, 1, 5)
    curve = curves.Curve("prior", PRIOR, share, np.array([0.0, 0.2, np.nan, 0.7, 1.0]))
    panel = climate.reliability([curve], np.array([0.9, 0.05, 0.03, 0.01, 0.01])).axes[0]
    assert [len(line.get_xdata()) for line in panel.lines] == [2, 4]
    heights = [bar.get_height() for bar in panel.patches]
    assert heights == sorted(heights, reverse=True) and len(heights) == 5


def test_the_year_has_twelve_months_and_a_band() -> None:
    month = np.arange(1, 13)
    curve = curves.Curve("prior", PRIOR, month, 2.0 + 0 * month, 1.0 + 0 * month, 3.0 + 0 * month)
    panel = climate.seasonal_cycle([curve]).axes[0]
    assert [text.get_text() for text in panel.get_xticklabels()] == list("JFMAMJJASOND")
    assert len(panel.collections) == 1


def test_return_periods_are_named_as_they_are() -> None:
    period = np.array([2.0, 10.0, 100.0])
    panel = climate.return_levels([curves.Curve("prior", PRIOR, period, np.array([20.0, 40.0, 60.0]))]).axes[0]
    assert panel.get_xscale() == "log"
    assert [text.get_text() for text in panel.get_xticklabels()] == ["2", "10", "100"]


def test_months_without_data_take_no_room_and_interrupt_the_line() -> None:
    months = [3, 4, 9, 10]
    value = np.array([1.0, 2.0, 3.0, 4.0])
    curve = curves.Curve("prior", PRIOR, np.arange(1, 5), value, value - 1, value + 1)
    panel = climate.seasonal_cycle([curve], months).axes[0]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["Mar", "Apr", "Sep", "Oct"]
    (line,) = panel.lines
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False, False]
    whole = climate.seasonal_cycle([curve], [11, 12, 1, 2]).axes[0].lines[0]
    assert np.isfinite(whole.get_ydata()).all(), "a winter goes on over New Year"
