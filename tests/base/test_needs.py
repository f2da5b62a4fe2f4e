"""What a piece of work takes, from two sizes of it."""

from __future__ import annotations

import time

import pytest

from rainsmith.base.needs import Needs, Trend, measured


def test_needs_are_told_in_one_line() -> None:
    needs = Needs(seconds=130, memory=1.5 * 2**30, disk=20 * 2**20, of="366 days")
    assert str(needs) == "about 2.2 minutes on this machine (366 days), 1.5 GiB of memory, 20 MiB on disk"


def test_a_trend_is_a_line_through_two_measurements() -> None:
    trend = Trend(2, 8, (1.0, 4.0), (200.0, 260.0), (50.0, 80.0))
    assert (trend.seconds_each, trend.memory_each) == (0.5, 10.0)
    assert (trend.seconds_of(2), trend.seconds_of(32)) == (1.0, 16.0)
    assert (trend.memory_of(0), trend.memory_of(32)) == (180.0, 500.0)
    assert (trend.disk_of(0), trend.disk_of(32)) == (40.0, 200.0)


@pytest.mark.parametrize("trend", [Trend(8, 8, (3.0, 4.0), (1.0, 2.0)), Trend(2, 8, (5.0, 4.0), (3.0, 2.0))])
def test_what_did_not_grow_counts_as_fixed(trend: Trend) -> None:
    assert (trend.seconds_of(100), trend.memory_of(100)) == (4.0, 2.0)


def test_both_sizes_are_measured_and_what_comes_first_does_not_count() -> None:
    done, held = [], iter([100, 300])

    def work(items: int) -> int:
        time.sleep(0.02 * items if len(done) % 3 else 0.2)  # the first of each size is slow
        done.append(items)
        return 7 * items

    trend = measured(work, 1, 3, repeats=2, warm_up=True, largest=lambda: next(held))
    assert done == [1, 1, 1, 3, 3, 3] and (trend.memory, trend.disk) == ((100, 300), (7, 21))
    assert 0.02 <= trend.seconds[0] < 0.2 and 0.06 <= trend.seconds[1] < 0.2
