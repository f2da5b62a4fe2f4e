"""Years of data of one season: winters are whole, and whole years are calendar years."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.seasons import cut_seasons, days_per_year, first_month, months_in_order, part_seasons, season_year


def dates(*months: int, first: str = "2001-01-01", last: str = "2004-12-31") -> xr.DataArray:
    days = pd.date_range(first, last)
    return xr.DataArray(days[days.month.isin(months or range(1, 13))], dims="time")


@pytest.mark.parametrize(
    ("months", "begins"),
    [((), 1), ((12, 1, 2), 12), ((10, 11, 12, 1, 2, 3), 10), ((6, 7, 8), 1), ((1, 2, 3), 1), ((12, 1, 6), 12)],
)
def test_a_year_begins_with_the_season_that_goes_on_over_new_year(months: tuple[int, ...], begins: int) -> None:
    assert first_month(dates(*months)) == begins


def test_the_december_of_a_winter_belongs_to_the_following_year() -> None:
    time = dates(12, 1, 2)
    year = season_year(time, first_month(time))
    assert set(year[time.dt.month.values == 12] - time.dt.year.values[time.dt.month.values == 12]) == {1}
    assert np.array_equal(np.unique(year), [2001, 2002, 2003, 2004, 2005])
    assert days_per_year(time) == 91, "December 2003 to February 2004"
    assert np.array_equal(season_year(dates(), 1), dates().dt.year.values) and days_per_year(dates()) == 366


def test_months_begin_with_the_season() -> None:
    assert months_in_order(12)[:3] == [12, 1, 2] and months_in_order(1) == list(range(1, 13))


def test_splits_that_divide_a_winter_are_named() -> None:
    time = dates(12, 1, 2)
    calendar = np.where(time.dt.year.values == 2004, 2, np.where(time.dt.year.values == 2003, 1, 0))
    text = cut_seasons(time, calendar)
    assert "2002/03 between train and validation" in text and "2003/04 between validation and test" in text
    assert "from December to February" in text and "2001/02" not in text
    whole = np.where(season_year(time, 12) >= 2004, 2, 0)
    assert cut_seasons(time, whole) == ""
    assert cut_seasons(dates(), np.where(dates().dt.year.values > 2002, 2, 0)) == "", (
        "whole years have no season to cut"
    )


def test_a_half_winter_at_an_end_of_the_record_is_named_with_its_split() -> None:
    time = dates(12, 1, 2)
    split = np.zeros(time.size, dtype=np.int8)
    split[time.values < np.datetime64("2001-06-01")] = -1
    first, last = (
        "only 59 of 91 days of the season 2000/01 are there",
        "only 31 of 91 days of the season 2004/05 are there",
    )
    assert part_seasons(time, split) == f"{first}; they are in no split; {last}; they are in train"
    assert part_seasons(time) == f"{first}; {last}"
    whole = (time.values > np.datetime64("2001-06-01")) & (time.values < np.datetime64("2004-06-01"))
    assert part_seasons(time[whole]) == part_seasons(dates()) == ""
