"""Splits and the gaps between them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Data, Splits
from rainsmith.data.splits import assign, leave_gaps, refuse_empty, refuse_no_dates, shifted_days, span_of, split_spans

YEARS = split_spans(Splits(train=(2001, 2002), validation=(2003, 2003), test=(2004, 2004)))


def test_years_and_dates_include_both_ends() -> None:
    numbers = np.array([20001231, 20010101, 20021231, 20030101, 20031231, 20040101, 20041231, 20050101])
    np.testing.assert_array_equal(assign(numbers, YEARS), [-1, 0, 0, 1, 1, 2, 2, -1])
    spans = split_spans(
        Splits(train=[("2001-01-01", "2001-02-30"), ("2001-06-01", "2001-06-30")], validation=[], test=[])
    )
    np.testing.assert_array_equal(
        assign(np.array([20010230, 20010301, 20010601]), spans), [0, -1, 0]
    )  # 360-day calendar


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"validation": (2002, 2003)}, "train .2001-01-01 to 2002-12-31. and validation .* overlap"),
        ({"train": [("2001-01-01", "2001-06-30"), ("2001-06-30", "2001-12-31")]}, "train .* and train .* overlap"),
        ({"test": (2005, 2004)}, "data.splits.test ends .2004. before it begins .2005."),
        ({"test": [("2004-05-01", "2004-04-30")]}, "before it begins"),
        ({"test": [("2004-05-01", "may")]}, "data.splits.test has 'may'; expected a date such as"),
        ({"test": [("2004-05-01", "2004-13-01")]}, "has '2004-13-01'; expected a date"),
    ],
)
def test_splits_that_cannot_be_are_refused(splits: dict[str, object], message: str) -> None:
    given = {"train": (2001, 2002), "validation": (2003, 2003), "test": (2004, 2004), **splits}
    with pytest.raises(UserError, match=message):
        split_spans(Splits.model_validate(given))


def test_an_empty_split_says_what_there_is() -> None:
    numbers = np.array([20010101, 20031231])
    with pytest.raises(UserError, match="'test' has no day; the data hold 2001-01-01 to 2003-12-31"):
        refuse_empty(assign(numbers, YEARS), numbers)


def test_days_that_read_rain_of_another_split_become_a_gap_but_not_test_days() -> None:
    time = xr.DataArray(xr.date_range("2002-12-30", periods=370, freq="D"), dims="time")
    numbers = shifted_days(time, 0)
    split = assign(numbers, YEARS)
    result = leave_gaps(split, [shifted_days(time, lag) for lag in (-1, 0, 1)], YEARS)
    gone = numbers[result != split]
    # 31 December 2003 (validation) would read the rain of the first test day; the test day itself keeps its past
    np.testing.assert_array_equal(gone, [20021231, 20030101, 20031231])
    assert (result[numbers >= 20040101] == 2).all()
    np.testing.assert_array_equal(leave_gaps(split, [numbers], YEARS), split)  # no lags: no gap


@pytest.mark.parametrize(("calendar", "after"), [("standard", 20040229), ("noleap", 20040301), ("360_day", 20040229)])
def test_days_are_shifted_in_their_own_calendar(calendar: str, after: int) -> None:
    days = xr.date_range("2004-02-28T12:00:00", periods=1, calendar=calendar, use_cftime=calendar != "standard")
    assert shifted_days(xr.DataArray(days, dims="time"), 1)[0] == after


def test_periods() -> None:
    assert span_of(("2001-01-01", "2001-12-30"), "data.period") == (20010101, 20011230)
    with pytest.raises(UserError, match=r"data.period ends"):
        span_of(("2002-01-01", "2001-12-30"), "data.period")


@pytest.mark.parametrize(
    ("date", "calendar", "is_one"),
    [
        ("2001-02-29", "standard", False),
        ("2004-02-29", "standard", True),
        ("2004-02-29", "noleap", True),
        ("2001-02-30", "noleap", False),
        ("2001-02-30", "360_day", True),
        ("2001-01-31", "360_day", True),
        ("0000-01-01", "standard", False),
    ],
)
def test_dates_are_those_of_the_calendar(date: str, calendar: str, is_one: bool) -> None:
    settings = Data.model_validate({"kind": "gridded", "period": [date, "2009-12-31"]})
    if is_one:
        refuse_no_dates(settings, calendar)
        return
    with pytest.raises(UserError, match=f"data.period has '{date}', which the calendar of the data .{calendar}. does"):
        refuse_no_dates(settings, calendar)
