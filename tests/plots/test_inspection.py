"""Figures of prepared data."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.plots import inspection
from rainsmith.plots.maps import map_frame
from rainsmith.plots.style import picture
from tests.fake_run import config_of, rain, store_of


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return store_of(rain(400), config_of())


def test_the_map_of_extents_shows_every_border_by_name() -> None:
    border = np.array([[0.0, 50.0], [4.0, 50.0], [4.0, 53.0], [0.0, 53.0], [0.0, 50.0]])
    borders = {f"source {i}": border + i for i in range(9)}
    figure = inspection.extents(borders, np.zeros((0, 2, 2)), (-1.0, 13.0, 49.0, 62.0), np.array([[1.0, 51.0]]))
    (panel,) = figure.axes
    assert [line.get_label() for line in panel.lines] == list(borders)
    np.testing.assert_array_equal(panel.lines[3].get_xydata(), border + 3)
    assert panel.get_xlim() == (-1.0, 13.0) and panel.get_aspect() == pytest.approx(1 / np.cos(np.deg2rad(55.5)))
    assert picture(figure).startswith(b"<?xml")


def test_a_map_has_the_colours_of_its_own_range_unless_ends_are_given(store: xr.Dataset) -> None:
    field = np.where(store["mask"].values, 3.0, np.nan)
    field[-1, -1] = 5.0
    frame = map_frame(store)
    norm = inspection.field_map(field, frame, unit="mm/day").axes[0].images[0].norm
    assert (norm.vmin, norm.vmax) == (3.0, 5.0)
    norm = inspection.field_map(field, frame, unit="1", ends=(0, 1)).axes[0].images[0].norm
    assert (norm.vmin, norm.vmax) == (0, 1)
    same = inspection.field_map(np.where(store["mask"].values, 1.0, np.nan), frame, unit="1")
    assert same.axes[0].images[0].norm.vmax > 1.0
    assert picture(inspection.field_map(field * np.nan, frame, unit="1"), "png").startswith(b"\x89PNG")


def test_the_record_has_a_box_for_each_month_with_days_and_the_number_of_heavy_ones() -> None:
    days = np.full((3, 12), 30)
    days[2, 5:] = 0
    heavy, split = np.zeros((3, 12), dtype=int), np.repeat([[0], [1], [-1]], 12, axis=1)
    heavy[1, 4] = 7
    panel = inspection.record([2001, 2002, 2003], range(1, 13), days, heavy, split).axes[0]
    assert len(panel.patches) == 29
    assert [(text.get_text(), text.get_position()) for text in panel.texts] == [("7", (4, 1))]
    assert panel.get_legend_handles_labels()[1] == ["training", "validation", "test", "no split"]


def test_lags_without_a_figure_are_left_out() -> None:
    values = np.array([[0.1, 0.5, np.nan], [-0.3, -0.4, -0.2]])
    panel = inspection.lags(["a", "b"], values).axes[0]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["a", "b"]
    assert len(panel.collections) == 4
