"""Which days are wanted, and how many may be lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.prepare.days import name_lost, refuse_many_lost, split_days, wanted_days
from tests.data.made import config, pressure, rain
from tests.prepare.made import FILES, made

ROOT = Path("nowhere")


def test_all_days_are_wanted_unless_the_period_or_the_months_say_otherwise() -> None:
    time = rain(days=60)["time"]
    np.testing.assert_array_equal(wanted_days(time, config(ROOT).data, "the files hold"), np.arange(60))
    chosen = wanted_days(time, config(ROOT, period=["2001-01-10", "2001-02-25"], months=[2]).data, "the files hold")
    numbers = day_numbers(time[chosen])
    assert (numbers[0], numbers[-1], len(numbers)) == (20010201, 20010225, 25)
    with pytest.raises(
        UserError, match=r"no day lies within .*data.months \[7\]; the files hold 2001-01-01 to 2001-03-01"
    ):
        wanted_days(time, config(ROOT, months=[7]).data, "the files hold")


def test_days_are_split_by_their_date() -> None:
    days = split_days(rain(days=60), config(ROOT, months=[1, 2, 3]).data)
    np.testing.assert_array_equal(days.split, np.repeat([0, 1, 2], [31, 14, 15]))
    with pytest.raises(UserError, match="'train' has no day"):
        split_days(rain(days=60), config(ROOT, months=[2, 3]).data)


def test_at_most_a_twentieth_may_be_lost() -> None:
    time = rain(days=60)["time"]
    kept = np.ones(60, dtype=bool)
    kept[[10, 11, 40]] = False
    assert refuse_many_lost(kept, time) == 3
    kept[50] = False
    with pytest.raises(UserError, match=r"4 of 60 days \(7%\) lack .*first: 2001-01-11, last: 2001-02-20"):
        refuse_many_lost(kept, time)


def test_few_lost_days_are_dropped_and_many_refused(tmp_path: Path) -> None:
    msl = pressure(days=61)
    msl.isel(time=np.r_[0:20, 21:61]).to_netcdf(tmp_path / "msl.nc")
    store = made(tmp_path, predictors=FILES)
    assert store.attrs["days_dropped"] == 2
    msl.isel(time=slice(0, 50)).to_netcdf(tmp_path / "msl.nc")
    with pytest.raises(
        UserError, match=r"11 of 60 days \(18%\) lack .*first: 2001-02-19, last: 2001-03-01.*at most 5%"
    ):
        made(tmp_path, predictors=FILES)


def test_days_without_any_value_are_lost_days(tmp_path: Path) -> None:
    target = rain()
    target.values[5] = np.nan
    store = made(tmp_path, target)
    assert store.attrs["days_dropped"] == 1
    assert 20010106 not in day_numbers(store["time"])
    target.values[5:12] = np.nan
    with pytest.raises(UserError, match=r"7 of 60 days .*lack the target"):
        made(tmp_path, target)


def test_the_days_that_are_lost_are_named() -> None:
    time = rain(days=60)["time"]
    kept = np.ones(60, dtype=bool)
    assert name_lost(kept, time) == ""
    kept[[0, 31]] = False
    assert name_lost(kept, time) == "dropped: 2001-01-01, 2001-02-01"
    kept[40:50] = False
    assert name_lost(kept, time) == "dropped: 2001-01-01, 2001-02-01, 2001-02-10 and 9 more"
