"""Blocks of years: every day in one of them, and seasons stay whole."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.dims import SPLITS, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.metrics.bootstrap import calendar_blocks
from rainsmith.run_folder import Run
from rainsmith.train.folds import GAP, Fold, blocks_of_days, days_to_learn_and_to_choose


def numbers_of(first: str, last: str, months: tuple[int, ...] = tuple(range(1, 13))) -> np.ndarray:
    days = np.arange(first, last, dtype="M8[D]")
    numbers = np.array([int(str(day).replace("-", "")) for day in days])
    return numbers[np.isin(numbers // 100 % 100, months)]


def test_blocks_are_whole_years_where_there_are_enough() -> None:
    numbers = numbers_of("2001-01-01", "2007-01-01")
    block = blocks_of_days(numbers, 3)
    assert [sorted(set(numbers[block == number] // 10000)) for number in range(3)] == [
        [2001, 2002],
        [2003, 2004],
        [2005, 2006],
    ]


def test_a_winter_is_not_cut_at_new_year() -> None:
    numbers = numbers_of("2000-12-01", "2005-03-01", (12, 1, 2))
    block = blocks_of_days(numbers, 5)
    winters = numbers // 10000 + (numbers // 100 % 100 == 12)
    assert [set(block[winters == winter]) for winter in np.unique(winters)] == [{number} for number in range(5)]


@pytest.mark.parametrize(
    ("taken_out", "blocks"),
    [(("1993-01-01", "1994-01-01"), 2), (("1993-02-01", "1993-04-01"), 2), (("2001-01-01", "2003-01-01"), 4)],
)
def test_a_test_year_or_an_outage_leaves_blocks_alike(taken_out: tuple[str, str], blocks: int) -> None:
    numbers = numbers_of("1991-01-01", "2016-01-01")
    numbers = numbers[~np.isin(numbers, numbers_of(*taken_out))]
    block = blocks_of_days(numbers, blocks)
    sizes = np.bincount(block)
    assert len(sizes) == blocks and sizes.max() <= 1.5 * sizes.mean()
    assert all(number % 10000 == 101 for number in numbers[1:][np.diff(block) > 0])


def test_years_that_lie_apart_are_blocks() -> None:
    numbers = np.concatenate([numbers_of(f"{year}-01-01", f"{year + 1}-01-01") for year in (2000, 2002, 2004, 2005)])
    block = blocks_of_days(numbers, 4)
    assert [set(numbers[block == number] // 10000) for number in range(4)] == [{2000}, {2002}, {2004}, {2005}]


@pytest.mark.parametrize("blocks", [2, 5, 7])
def test_short_records_are_cut_into_equal_parts(blocks: int) -> None:
    block = blocks_of_days(numbers_of("2001-01-01", "2002-01-01"), blocks)
    assert np.ptp(np.bincount(block, minlength=blocks)) <= 1 and (np.diff(block) >= 0).all()


def test_each_day_chooses_for_one_network_and_test_days_for_none(prepared: Run) -> None:
    store = prepared.open_store()
    of_splits = days_to_learn_and_to_choose(store, None)
    known = np.concatenate([day_numbers(days["time"]) for days in of_splits])
    chosen = []
    for number in range(3):
        learn, choose = days_to_learn_and_to_choose(store, Fold(number, 3))
        both = np.concatenate([day_numbers(days["time"]) for days in (learn, choose)])
        assert len(set(both)) == len(both) and set(both) <= set(known)
        apart = calendar_blocks(learn["time"], 1)[:, None] - calendar_blocks(choose["time"], 1)
        assert np.abs(apart).min() == GAP + 1, "days beside the block teach nothing"
        assert len(known) - len(both) <= 2 * GAP, "and all others do"
        chosen.append(day_numbers(choose["time"]))
    assert sorted(np.concatenate(chosen)) == sorted(known)
    assert not np.isin(day_numbers(store["time"])[store["split"].values == SPLITS.index("test")], known).any()


def test_a_split_without_days_is_refused(prepared: Run) -> None:
    store = prepared.open_store()
    none = store.assign(split=("time", np.full(store.sizes["time"], -1, dtype=np.int8)))
    with pytest.raises(UserError, match="the train split has 0 days, expected 2 or more"):
        days_to_learn_and_to_choose(none, None)
