"""The section of docs/data.md on places states the bounds that the code has, and each of its rows has a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rainsmith.data.grids.locate import LEAST_REACH_DEGREES, LEAST_REACH_M
from rainsmith.data.grids.longitudes import GAP_RATIO
from rainsmith.data.grids.misplaced import FAR_STEPS
from rainsmith.data.sources.places import FITTING_CELLS, LEAST_CELL_M, MOST_RADIANS

ROOT = Path(__file__).resolve().parents[2]
SECTION = (ROOT / "docs" / "data.md").read_text().split("## Places")[1].split("\n## ")[0]

TESTS = {
    "does not reach all cells": "prepare/test_gridded.py::test_predictors_of_another_place_are_refused",
    "is a single cell": "data/grids/test_coverage.py::test_a_single_cell_covers_a_region_about_it",
    "counts longitudes": "prepare/test_new_period.py::test_new_longitudes_that_differ_by_a_whole_turn",
    "holds a region across": "prepare/test_gridded.py::test_a_region_across_a_seam_is_prepared_as_any_other",
    "repeats the first column": "data/grids/test_longitudes.py::test_a_column_that_repeats_the_first_is_left_out",
    "has a gap": "data/sources/test_axis_values.py::test_a_missing_row_or_column_of_2d_coordinates_is_found",
    "has 2-D coordinates of a regular": "data/sources/test_axis_values.py::test_a_regular_globe_of_2d_coordinates",
    "repeats its 2-D": "data/sources/test_axis_values.py::test_places_that_are_repeated_for_each_time_are_read",
    "gives latitudes and longitudes in": "data/sources/test_axis_values.py::test_radians_that_are_said_to_be_degrees",
    "has bounds of its": "data/sources/test_axis_values.py::test_values_at_the_edge_of_their_bounds_are_moved",
    "has coordinates of text": "data/sources/test_axis_values.py::test_coordinates_of_text_are_refused",
    "has missing coordinates": "data/sources/test_places.py::test_axes_that_are_no_line_of_cells_are_refused",
    "has 2-D coordinates that are": "data/sources/test_places.py::test_filled_places_are_refused_or_computed",
    "has axes in m or km": "data/sources/test_places.py::test_axes_and_projections_in_km_give_the_same_places",
    "has axes of a projection in": "data/grids/test_projection.py::test_axes_are_brought_to_the_unit",
    "has axes called latitude": "data/sources/test_places.py::test_a_rotated_pole_is_found_whatever_its_axes_are_called",
    "has axes or a grid mapping": "data/sources/test_places.py::test_2d_coordinates_decide_where_axes_disagree",
    "has true latitudes": "data/sources/test_places.py::test_true_latitudes_with_a_leftover_projection_stay",
    "has no coordinates": "prepare/test_gridded.py::test_a_target_without_coordinates_has_its_own_blocks",
}
"""The beginning of each row, and the test that keeps it true."""


def test_every_row_has_its_test() -> None:
    rows = re.findall(r"^\| (?!the file|---)(.+?) \|", SECTION, flags=re.MULTILINE)
    assert [row for row in rows if not any(row.startswith(begin) for begin in TESTS)] == []
    assert len(rows) == len(TESTS)


@pytest.mark.parametrize("test", TESTS.values())
def test_the_tests_of_the_rows_exist(test: str) -> None:
    file, name = test.split("::")
    assert f"def {name}" in (ROOT / "tests" / file).read_text()


def test_the_bounds_are_those_of_the_code() -> None:
    for words in (
        f"within {LEAST_REACH_DEGREES:g} degrees ({LEAST_REACH_M / 1000:g} km)",
        f"a step {GAP_RATIO:g} times",
        f"{FAR_STEPS:g} times the usual step",
        f"less than {LEAST_CELL_M:g} m wide",
        f"in cells of less than {MOST_RADIANS:g}",
    ):
        assert words in SECTION
    assert FITTING_CELLS == 0.5 and "by half a cell" in SECTION
