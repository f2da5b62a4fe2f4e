"""What is said of the days of a field."""

from __future__ import annotations

from rainsmith.config import Data
from rainsmith.data.checks import CheckLog, check_input
from rainsmith.data.sources.axes import read_days
from tests.data.made import pressure, rain
from tests.data.sources.test_days import bounded


def test_days_of_bounds_are_said() -> None:
    log = CheckLog()
    check_input(read_days(bounded(24, 0, 24), "pr", "made"), "target", "read", Data(), log)
    rule = "days of the middle of the time bounds, -1 day from those of the stamps"
    assert log.notices == [f"'pr' has {rule}"] and log.attributes == {"day_rule": rule}


def test_days_of_stamps_are_not() -> None:
    log = CheckLog()
    check_input(rain(), "target", "read", Data(), log)
    check_input(pressure(), "predictor", "read", Data(), log)
    assert not log.notices and not log.attributes
