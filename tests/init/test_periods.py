"""Common days and splits by whole years or whole seasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import parse
from rainsmith.data.analogs import ordinals
from rainsmith.data.splits import assign, split_spans
from rainsmith.init.look import Variable
from rainsmith.init.periods import choose_period, lacking
from rainsmith.init.sources import Source
from tests.init.made import days, in_months


def source(time: xr.DataArray, name: str = "pr") -> Source:
    calendar = str(time.dt.calendar)
    about = xr.DataArray(0.0, name=name)
    numbers = day_numbers(time)
    path = Path(f"{name}.nc")
    return Source((Variable(path, name, "field", about, numbers, ordinals(time), calendar),))


def years_of(first: str, last: str) -> dict[str, list[int]]:
    return choose_period(source(days(first, last)), []).splits


def test_years_are_shared_out_as_in_the_configurations_by_hand() -> None:
    assert years_of("2010-01-01", "2020-12-31") == {
        "train": [2010, 2016],
        "validation": [2017, 2018],
        "test": [2019, 2020],
    }
    assert years_of("2000-01-01", "2007-12-31") == {
        "train": [2000, 2004],
        "validation": [2005, 2005],
        "test": [2006, 2007],
    }
    assert years_of("2001-01-01", "2003-12-31") == {
        "train": [2001, 2001],
        "validation": [2002, 2002],
        "test": [2003, 2003],
    }
    forty = years_of("1981-01-01", "2020-12-31")
    assert forty == {"train": [1981, 2006], "validation": [2007, 2012], "test": [2013, 2020]}


def test_a_part_of_a_year_trains_at_the_beginning_and_is_left_out_at_the_end() -> None:
    period = choose_period(source(days("2000-06-01", "2006-05-31")), [])
    assert period.splits["train"][0] == 2000 and period.splits["test"] == [2005, 2005]
    assert period.period == ["2000-06-01", "2005-12-31"] and "2006 is left out" in period.reasons[0]


def test_the_shortest_source_limits_the_days() -> None:
    target, series = source(days("2010-01-01", "2020-12-31")), source(days("2009-12-25", "2019-09-07"), "nao")
    period = choose_period(target, [series])
    assert period.period == ["2010-01-01", "2018-12-31"]
    assert period.splits == {"train": [2010, 2015], "validation": [2016, 2016], "test": [2017, 2018]}
    assert "nao.nc holds 2009-12-25 to 2019-09-07" in period.reasons[0] and period.whole_year
    with pytest.raises(UserError, match="no day that the target"):
        choose_period(target, [source(days("1990-01-01", "1999-12-31"), "old")])


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
@pytest.mark.parametrize("months", [[12, 1, 2], [10, 11, 12, 1, 2, 3], [6, 7, 8]])
def test_no_season_is_divided_in_any_calendar(months: list[int], calendar: str) -> None:
    time = in_months(days("1999-07-01", "2010-06-30", calendar=calendar), months)
    period = choose_period(source(time), [])
    spans = split_spans(parse({"data": {"splits": period.splits}}).data.splits)
    split = assign(period.days, spans)
    assert (split >= 0).all() and set(split) == {0, 1, 2} and not period.whole_year
    gaps = np.flatnonzero(np.diff(split) != 0)
    assert (np.diff(period.ordinals)[gaps] > 100).all()  # splits change between seasons alone


def test_a_short_record_is_split_by_dates_and_left_open() -> None:
    period = choose_period(source(days("2001-01-01", "2002-12-31")), [])
    assert "three are needed" in period.todo and len(period.splits["train"]) == 1
    with pytest.raises(UserError, match="at least three years"):
        choose_period(source(days("2001-01-01", "2001-01-20")), [])


def test_a_source_with_gaps_is_named() -> None:
    target = source(days("2001-01-01", "2004-12-31"))
    gappy = source(days("2001-01-01", "2004-12-31").isel(time=np.r_[0:700, 800:1461]), "z")
    period = choose_period(target, [gappy])
    assert "lacks 100 of 1461 days (7%; first: 2002-12-02)" in lacking(gappy, period)
    assert not lacking(target, period)


def test_a_missing_year_is_named_and_a_whole_record_names_none() -> None:
    time = days("2001-01-01", "2008-12-31")
    assert not choose_period(source(time), []).todo
    period = choose_period(source(time[time.dt.year.values != 2004]), [])
    assert "0 of 2004 (a whole year has 366)" in period.todo and "2003" not in period.todo
    winters = in_months(days("2001-01-01", "2008-12-31"), [10, 11, 12, 1, 2, 3])
    assert not choose_period(source(winters), []).todo  # its first and last winters are parts at the ends
    period = choose_period(source(winters[winters.dt.year.values != 2004]), [])
    assert "92 of the season 2003/04, 90 of the season 2004/05 (a whole season has 18" in period.todo
