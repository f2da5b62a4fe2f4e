"""The section on the climate: its table is that of climate.csv, its lines are those of the files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from rainsmith.plots import climate as plots
from rainsmith.plots.maps import map_frame
from rainsmith.plots.style import OBSERVED
from rainsmith.report.climate import (
    climate_pictures,
    climate_table,
    edge_effect,
    index_title,
    level_curves,
    months_of_year,
    reliability_picture,
    year_curves,
)
from rainsmith.report.gather import Material
from rainsmith.report.words import number


def test_the_climate_is_that_of_the_table(material: Material) -> None:
    (table,) = climate_table(material)
    rows = {row.title: row for row in table.rows}
    csv = material.climate[material.climate["forecast"] == "prior"].set_index("index").loc["Rx1day"]
    row = next(row for title, row in rows.items() if title.endswith("(Rx1day)"))
    assert row.cells[1].text == number(csv["value"]) and row.cells[0].text == number(csv["observed"])
    assert row.sign == "" and next(row for title, row in rows.items() if title.endswith("(CDD)")).sign == "†"
    assert [column.title for column in table.columns][:3] == ["Observed", "Prior members", "Posterior members"]


def test_indices_have_words() -> None:
    assert index_title("R1mm") == "Days with at least 1 mm (R1mm)"
    assert index_title("return_level_20y") == "Rain of a day once in 20 years"
    assert index_title("seasonal_range") == "Seasonal range"


def test_all_figures_are_there(material: Material) -> None:
    pictures = [*climate_pictures(material), *reliability_picture(material)]
    alts = " ".join(picture.alt for picture in pictures)
    for words in ("Mean rain by month", "Return levels", "Reliability of", "bias of mean", "bias of Rx1day"):
        assert words in alts


def test_curves_of_the_climate_are_those_of_the_files(material: Material) -> None:
    prior = material.climates["prior"]
    observed, members = year_curves(prior)
    cycle = prior["seasonal_cycle_observed"].values
    np.testing.assert_array_equal(observed.y, cycle[np.isfinite(cycle)])
    known = np.isfinite(members.y)
    assert members.low is not None and members.high is not None
    assert (members.low[known] <= members.y[known]).all() and (members.y[known] <= members.high[known]).all()
    lines = level_curves(prior, material.climates["record"])
    assert [curve.title for curve in lines] == ["observed 2001 to 2001", "observed, judged days", "prior members"]
    assert [curve.style == OBSERVED for curve in lines] == [False, True, False]
    assert len(level_curves(prior, None)) == 2


def test_winters_are_whole_and_no_line_crosses_months_without_data(material: Material) -> None:
    prior = material.climates["prior"].copy(deep=True)
    is_winter = prior["month"].isin([12, 1, 2])
    for name in ("seasonal_cycle_observed", "seasonal_cycle_members"):
        prior[name] = xr.ones_like(prior[name]).where(is_winter)
    prior["seasonal_cycle_observed"].loc[{"month": 12}] = 5.0
    curves = year_curves(prior)
    assert months_of_year(prior) == [12, 1, 2]
    assert curves[0].y.tolist() == [5.0, 1.0, 1.0]
    panel = plots.seasonal_cycle(curves, months_of_year(prior)).axes[0]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["Dec", "Jan", "Feb"]
    assert panel.get_xlim()[1] < 4, "months without data take no room"


def test_without_a_climate_there_is_nothing_to_show(material: Material) -> None:
    bare = replace(material, climate=material.climate.iloc[:0], climates={}, curves={})
    assert not climate_pictures(bare) and not climate_table(bare) and not reliability_picture(bare)


def test_a_ring_at_the_edge_of_the_grid_is_named_and_other_biases_are_not(material: Material) -> None:
    frame = map_frame(material.store)  # its first row is the southernmost
    smooth = np.random.default_rng(0).normal(0.0, 0.05, (12, 10))
    assert edge_effect(smooth, frame, "mm/day") == ""
    ring = smooth.copy()
    ring[0] -= 1.0
    text = edge_effect(ring, frame, "mm/day")
    assert "(south \N{MINUS SIGN}" in text and "east" not in text and "north" not in text
    assert "\N{NO-BREAK SPACE}mm/day)" in text
    inland = smooth.copy()
    inland[5:8, 3:6] -= 1.0
    assert edge_effect(inland, frame, "mm/day") == ""
