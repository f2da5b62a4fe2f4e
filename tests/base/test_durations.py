"""Times in words."""

from __future__ import annotations

from rainsmith.base.durations import in_time


def test_times_are_said_as_people_say_them() -> None:
    said = [in_time(seconds) for seconds in (0.2, 45, 150, 89 * 60, 3.5 * 3600, 40 * 3600)]
    assert said == ["1 seconds", "45 seconds", "2.5 minutes", "89 minutes", "3.5 hours", "1.7 days"]
