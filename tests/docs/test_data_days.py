"""The section of docs/data.md on days states the bounds that the code has, and each of its rows has a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rainsmith.data.sources.bounds import HALF_DAY, LONGEST_DAY, SHORTEST_DAY
from rainsmith.prepare.day_lags import BEST, LEAST_GAIN, LEAST_RATIO, STANDARD_ERRORS

ROOT = Path(__file__).resolve().parents[2]
SECTION = (ROOT / "docs" / "data.md").read_text().split("## Days")[1].split("\n## ")[0]

DAYS, BOUNDS, FORECASTS = (f"data/sources/test_{name}.py" for name in ("days", "bounds", "lead_times"))
TESTS = {
    "has time bounds": f"{DAYS}::test_the_middle_of_the_bounds_says_the_day",
    "has bounds from 18 hours": f"{DAYS}::test_the_middle_of_the_bounds_says_the_day",
    "has bounds from 12 to": f"{BOUNDS}::test_a_state_may_have_bounds_of_half_a_day",
    "has bounds of another length": f"{DAYS}::test_bounds_that_are_no_day_are_refused",
    "has bounds in a unit of their own": f"{BOUNDS}::test_bounds_have_the_units_of_the_time_or_their_own",
    "names bounds that hold no": f"{BOUNDS}::test_bounds_that_cannot_be_read_are_refused",
    "has bounds from noon": f"{BOUNDS}::test_noon_to_noon_is_said",
    "has bounds that do not contain": f"{DAYS}::test_bounds_that_belong_to_other_stamps_are_refused",
    "has bounds of no length": f"{DAYS}::test_instants_keep_the_day_of_their_stamp",
    "has no bounds": f"{DAYS}::test_missing_bounds_are_said_where_they_would_matter",
    "has stamps some seconds": f"{DAYS}::test_stamps_just_before_midnight_are_rounded",
    "has stamps at 22:00": f"{DAYS}::test_midnights_of_summer_and_winter_time_in_utc_are_refused",
    "is one of forecasts": f"{FORECASTS}::test_an_instant_has_the_day_for_which_it_holds",
    "has a reference date": f"{DAYS}::test_a_reference_date_that_is_read_in_two_ways_is_refused",
    "has an offset": f"{DAYS}::test_the_local_date_of_an_offset_is_kept",
    "has hourly": f"{DAYS}::test_one_file_for_each_step_of_six_hours_is_refused",
    "has steps longer": "data/sources/test_files.py::test_hours_and_months_are_refused",
    "has a time axis that": f"{DAYS}::test_times_without_dates_say_that_it_is_the_time_axis",
    "has files that overlap": f"{DAYS}::test_overlapping_days_are_all_counted",
    "holds one hour": f"{DAYS}::test_one_hour_of_each_day_without_bounds_is_read_as_daily",
}
"""The beginning of each row, and the test that keeps it true."""


def test_every_row_has_its_test() -> None:
    rows = re.findall(r"^\| (?!the file|---)(.+?) \|", SECTION, flags=re.MULTILINE)
    assert [row for row in rows if not any(row.startswith(begin) for begin in TESTS)] == []
    assert len(rows) == len(TESTS)


@pytest.mark.parametrize("test", TESTS.values())
def test_the_tests_of_the_rows_exist(test: str) -> None:
    file, name = test.split("::")
    assert f"def {name}(" in (ROOT / "tests" / file).read_text()


def test_the_bounds_are_those_of_the_code() -> None:
    assert (round(HALF_DAY), round(SHORTEST_DAY), round(LONGEST_DAY)) == (12, 18, 25)
    assert f"by a factor of {LEAST_RATIO:g} in r" in SECTION and f"by {LEAST_GAIN:g} in r" in SECTION
    assert STANDARD_ERRORS == 3 and BEST == 3 and "three standard errors" in SECTION and "three predictors" in SECTION
