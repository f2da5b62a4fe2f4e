"""The choice of days that are sampled."""

from __future__ import annotations

import pytest

from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.run_folder import Run
from rainsmith.sample.days import select_days


def test_choice_of_days(prepared: Run) -> None:
    test = in_split(prepared.open_store(), "test")
    assert select_days(test, ["2003-04-03", "2003-01-05"], "test")["time"].dt.day.values.tolist() == [5, 3]
    assert select_days(test, "heavy", "test").sizes["time"] == in_day_set(test, "heavy").sum()
    with pytest.raises(UserError, match="2001-01-05 is not in the test split"):
        select_days(test, ["2001-01-05"], "test")
    with pytest.raises(UserError, match="not a date"):
        select_days(test, ["5.1.2003"], "test")


def test_an_empty_choice_is_refused(prepared: Run) -> None:
    test = in_split(prepared.open_store(), "test").isel(time=slice(0, 5))
    nothing = test.assign(heavy_x=test["heavy_x"] & False)
    with pytest.raises(UserError, match="no day of the test split is in the set 'heavy_x'; choose other days"):
        select_days(nothing, "heavy_x", "test")
    assert select_days(nothing, "all", "test").sizes["time"] == 5
