"""Every row of docs/data.md on formats, values, new periods, sources and written files has a test that keeps it true.

The rows on places are in ``test_data_places.py``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "data.md").read_text()
SOURCES, CHECKS, WRITTEN = "data/sources/test_", "data/checks/test_", "end_to_end/test_written_files.py::test_"
CODE = "missing_codes.py::test_"

TESTS = {
    "## Formats": {
        "is NetCDF-3": "prepare/test_disguises.py::test_whatever_the_files_look_like_the_store_is_the_same",
        "is compressed": SOURCES + "other_formats.py::test_a_file_of_another_format_is_named",
        "is cut off": SOURCES + "other_formats.py::test_a_netcdf3_file",
        "holds all its variables in groups": SOURCES + "other_formats.py::test_variables_in_groups_are_refused",
        "is a link": SOURCES + "other_formats.py::test_a_link_that_leads_nowhere_is_named",
    },
    "**Values that are missing.**": {
        "names `_FillValue`": SOURCES + "fill_values.py::test_what_the_file_calls_missing_is_missing",
        "gives `valid_range`": SOURCES + "fill_values.py::test_what_the_file_calls_missing_is_missing",
        "says with `_Unsigned`": SOURCES + "fill_values.py::test_bytes_that_are_meant_without_a_sign",
        "has `scale_factor`": SOURCES + "fill_values.py::test_a_factor_as_text_is_applied",
        "holds whole numbers": SOURCES + "fill_values.py::test_packing_that_cannot_be_undone_is_refused",
        "has the fill value 0": SOURCES + "fill_values.py::test_zeros_of_a_fill_value_of_0_are_dry_cells",
        "holds infinities": "docs/test_data_values.py::test_codes",
        "holds `-9999`": "docs/test_data_values.py::test_codes",
        "holds another number": CHECKS + CODE + "a_number_that_may_be_a_code_is_refused",
        "holds rain below": "prepare/test_sources.py::test_impossible_rain_is_refused_in_predictors_too",
        "is a static map": CHECKS + "gaps_in_maps.py::test_a_few_gaps_are_counted_and_many_refused",
    },
    "**A new period**": {
        "have another unit": "prepare/test_same_channels.py::test_units_are_converted_and_said",
        "have a unit of another": "prepare/test_same_channels.py::test_what_cannot_be_compared_is_refused",
        "are rain without": "prepare/test_same_channels.py::test_what_cannot_be_compared_is_refused",
        "stand in another order": "prepare/test_same_channels.py::test_the_order_of_the_sources_does_not_matter",
        "have more than 5 %": "sample/test_training_range.py::test_more_than_a_few_values_outside_the_training_range",
        "have more than 50 %": "sample/test_training_range.py::test_a_period_of_which_the_training_saw_nothing_is_refused",
        "lack more than 1 %": "prepare/test_same_channels.py::test_cells_that_the_training_had_are_not_left_out",
        "hold a field on a grid": "prepare/test_new_period.py::test_a_grid_in_place_of_a_time_series_is_refused",
        "lack days": "prepare/test_new_period.py::test_days_that_one_source_lacks_are_counted",
        "vary less than 2 %": "sample/test_training_range.py::test_a_channel_that_hardly_varies_is_warned_of",
    },
    "## Predictors without a grid": {
        "a table": SOURCES + "tables.py::test_the_same_days_in_many_spellings",
        "dates of a table": SOURCES + "tables.py::test_what_is_not_understood_is_refused",
        "missing values of a table": SOURCES + "tables.py::test_blanks_and_words_for_missing_are_missing",
        "decimal commas": SOURCES + "tables.py::test_what_is_not_understood_is_refused",
        "a column of a table": SOURCES + "series.py::test_a_column_without_a_name_is_no_predictor",
        "other lines": SOURCES + "tables.py::test_what_is_not_understood_is_refused",
        "a column of text": SOURCES + "series.py::test_a_type_of_weather_becomes_channels_of_0_and_1",
        "few whole numbers": SOURCES + "series.py::test_codes_that_were_taken_as_amounts_are_said",
        "NetCDF with dimensions (time) ": SOURCES + "series.py::test_the_day_of_a_series_is_that_of_its_bounds",
        "NetCDF with dimensions (time, station)": SOURCES + "series.py::test_each_station_is_a_series",
        "`rain: true` for": "",  # what the user must know; the program cannot tell
        "a further dimension (level": SOURCES + "files.py::test_a_level_of_one_is_dropped_and_of_two_refused",
        "a further dimension of more": SOURCES + "levels.py::test_what_is_not_there_is_listed",
        "files whose single": SOURCES + "levels.py::test_files_of_different_levels_are_refused_with_both_named",
        "one file a day": SOURCES + "levels.py::test_one_file_a_day_may_hold_its_time_as_a_single_value",
        "folders whose names": SOURCES + "levels.py::test_names_of_folders_may_have_brackets",
        "`data.mask`": SOURCES + "masks.py::test_a_map_limits_the_cells",
    },
    "## What is written": {
        "rain": WRITTEN + "places_are_real_and_there_is_one_grid_mapping",
        "days": "base/test_cf.py::test_days_have_bounds_in_whole_units",
        "coordinates": WRITTEN + "the_checker_of_cf_has_no_complaint",
        "names of predictors": "base/test_netcdf_files.py::test_a_dimension_of_length_0_is_not_the_unlimited_one",
        "a regular grid": "base/test_cf.py::test_a_regular_grid_is_written_with_axes_alone_and_read_with_maps",
        "another grid": "base/test_cf.py::test_the_grid_mapping_is_a_variable_in_a_file",
        "global attributes": WRITTEN + "a_file_says_what_made_it_and_whose_data_it_rests_on",
        "members of a new period": "prepare/test_new_period.py::test_new_predictors_come_with_their_credits",
        "Zarr": "base/test_zarr_files.py::test_a_written_store_opens_plainly_without_a_warning",
        "permissions": WRITTEN + "weights_are_readable_by_those_who_read_the_other_files",
    },
}
"""The beginning of each row of the first table after some words, and the test that keeps it true."""


def rows_after(words: str) -> list[str]:
    table = re.search(r"^\|.*?(?=\n\n)", PAGE[PAGE.index(words) :], flags=re.MULTILINE | re.DOTALL)
    assert table is not None
    return [line.split(" | ")[0].removeprefix("| ") + " " for line in table[0].splitlines()[2:]]


@pytest.mark.parametrize("words", TESTS)
def test_every_row_has_its_test(words: str) -> None:
    rows, tests = rows_after(words), TESTS[words]
    assert [row for row in rows if sum(row.startswith(begin) for begin in tests) != 1] == []
    assert len(rows) == len(tests)


@pytest.mark.parametrize("test", sorted({test for tests in TESTS.values() for test in tests.values() if test}))
def test_the_tests_of_the_rows_exist(test: str) -> None:
    file, name = test.split("::")
    assert f"def {name}" in (ROOT / "tests" / file).read_text()
