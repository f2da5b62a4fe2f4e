"""Days of splits and seasons, gaps in any calendar, and the largest values."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.inspection.days import figures_of_splits, gaps, largest_values, record_by_month
from rainsmith.inspection.rain import measure_rain
from rainsmith.inspection.result import Inspection
from tests.fake_run import config_of, rain, store_of


def times(first: str, last: str, calendar: str = "standard") -> xr.DataArray:
    days = xr.date_range(first, last, freq="D", calendar=calendar, use_cftime=calendar != "standard")
    return xr.DataArray(days, dims="time", coords={"time": days})


def test_days_of_splits_and_seasons_add_up(found: Inspection) -> None:
    store = found.store
    for index, one in enumerate(found.splits):
        inside = store["split"].values == index
        assert one.days == inside.sum() == sum(one.by_season)
        assert one.heavy == (store["category"].values[inside] == 3).sum() == sum(one.heavy_by_season)
        expected = float(np.nanmean(store["precip"].values[inside]))
        assert one.mean == pytest.approx(expected, rel=1e-4)
        assert one.largest == pytest.approx(float(np.nanmax(store["precip"].values[inside])))
    assert [one.split for one in found.splits] == ["train", "validation", "test"]
    assert found.splits[0].by_season == (90, 92, 92, 91)
    assert [len(one.yearly) for one in found.splits] == [1, 1, 1]


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_gaps_are_runs_of_missing_days(calendar: str) -> None:
    time = times("2001-01-01", "2004-12-30", calendar)
    assert gaps(time) == []
    kept = np.ones(time.size, dtype=bool)
    kept[[100, 101, 102, 500]] = False
    found = gaps(time[kept])
    assert [gap.days for gap in found] == [3, 1]
    first = time[100].dt
    assert found[0].first == int(first.year) * 10000 + int(first.month) * 100 + int(first.day)


def test_a_season_that_no_year_has_is_no_gap_and_a_winter_that_lacks_days_has_one() -> None:
    time = times("2001-12-01", "2005-02-28")
    winters = time[np.isin(time.dt.month, [12, 1, 2])]
    assert gaps(winters) == []
    lacking = winters[~((winters.dt.year == 2003) & (winters.dt.month == 1)).values]
    assert [(gap.first, gap.last, gap.days) for gap in gaps(lacking)] == [(20030101, 20030131, 31)]


def test_a_29_february_that_every_year_lacks_is_a_gap_where_the_calendar_has_it() -> None:
    time = times("2001-01-01", "2008-12-31")
    is_leap_day = ((time.dt.month == 2) & (time.dt.day == 29)).values
    assert [gap.first for gap in gaps(time[~is_leap_day])] == [20040229, 20080229]
    assert gaps(times("2001-01-01", "2008-12-30", "noleap")) == []


def test_the_largest_values_and_what_stands_around_them() -> None:
    values = rain(400)
    values[30, 10, 8] = 900.0
    values[31, 0, 15] = 800.0  # in a corner of the grid
    store = store_of(values, config_of())
    first, second = largest_values(store, measure_rain(store, 0.1))[:2]
    around = values.values[30, 9:12, 7:10].ravel()
    assert (first.day, first.split, first.value) == (20010131, "train", 900.0)
    assert first.neighbours == pytest.approx(np.median(np.delete(around, 4)))
    assert second.value == 800.0 and "row 0, column 15" in second.where


def test_the_record_by_month_counts_every_day_once(found: Inspection) -> None:
    months = record_by_month(found.store)
    assert months.days.sum() == 730 and months.heavy.sum() == (found.store["category"].values == 3).sum()
    assert months.days[0].tolist() == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert months.split[1].tolist() == [1] * 6 + [2] * 6
    assert months.split[0].tolist() == [0] * 12


def test_a_winter_stands_in_one_row() -> None:
    time = times("2001-12-01", "2003-02-28")
    values = rain(time.size).assign_coords(time=time.values)
    winters = values[np.isin(time.dt.month, [12, 1, 2])]
    splits = {"train": [["2001-12-01", "2002-02-28"]], "validation": [["2002-12-01", "2002-12-31"]]}
    splits["test"] = [["2003-01-01", "2003-02-28"]]
    store = store_of(winters, config_of(data={"kind": "gridded", "splits": splits}))
    months = record_by_month(store)
    assert months.months[:3] == (12, 1, 2) and months.years.tolist() == [2002, 2003]
    assert months.days[:, :3].tolist() == [[31, 31, 28], [31, 31, 28]] and months.days[:, 3:].sum() == 0
    assert figures_of_splits(store, measure_rain(store, 0.1))[0].by_season == (90, 0, 0, 0)
