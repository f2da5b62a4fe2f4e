"""Shards: how they are named, what each takes, and the words for how far they are."""

from __future__ import annotations

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.shards import Progress, Shard


@pytest.mark.parametrize("text", ["9/8", "0/8", "3", "3/", "/8", "-1/8", "3/8/9", "three/8", "", "1.5/8", "0/0"])
def test_what_is_no_shard_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"expected NUMBER/COUNT with a number from 1 to the count") as refused:
        Shard.parse(text)
    assert "\n" not in str(refused.value)


def test_every_item_belongs_to_one_shard() -> None:
    assert Shard.parse(" 3/8 ") == Shard(3, 8) and str(Shard(3, 8)) == "3/8"
    items = list(range(11))
    parts = [list(Shard(number, 4).of(items)) for number in (1, 2, 3, 4)]
    assert parts[0] == [0, 4, 8] and sorted(item for part in parts for item in part) == items
    assert [list(Shard(number, 4).of([7])) for number in (1, 2, 3, 4)] == [[7], [], [], []]


def test_the_words_tell_shards_at_work_from_missing_ones() -> None:
    words = str(Progress(Shard(3, 8), finished={1, 2, 3}, working={4, 5}, joining=""))
    assert words.startswith("shard 3/8 has finished; 3 of 8 finished; 5 to go; at work: 4/8, 5/8; ")
    assert "not at work: 6/8, 7/8, 8/8; run the same command with --shard 6/8 and so on, or without --shard" in words
    assert "not at work" not in str(Progress(Shard(1, 2), {1}, {2}, ""))
    joining = str(Progress(Shard(1, 2), {1, 2}, {2}, "'rainsmith sweep --shard 2/2' (process 7 on here, since now)"))
    assert joining.endswith("2 of 2 finished; 'rainsmith sweep --shard 2/2' (process 7 on here, since now) joins them")


def test_a_command_with_two_products_has_finished_where_both_have() -> None:
    both = Progress(Shard(1, 3), {1, 2}, set(), "").and_of(Progress(Shard(1, 3), {1, 3}, {2}, "somebody"))
    assert both == Progress(Shard(1, 3), {1}, {2}, "somebody")
