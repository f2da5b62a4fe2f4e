"""Pieces of a product: shared out, joined once, and kept apart from those of other requests."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.locks import this_process, writing
from rainsmith.base.pieces import Pieces, Unfinished, others_go_on
from rainsmith.base.shards import Shard

NAMES = ["a", "b", "c", "d", "e"]


def pieces_of(folder: Path, shard: Shard | None = None, **request: Any) -> Pieces:
    return Pieces(folder / "product", {"seed": 0, "sampling": {"members": 10}} | request, shard, "rainsmith sample")


def made(
    folder: Path, shard: Shard | None = None, then: Callable[[], None] = lambda: None, **request: Any
) -> str | None:
    """Make the pieces of a shard and join all, where it is the last; the product is their contents, in order."""
    pieces = pieces_of(folder, shard, **request)
    pieces.begin()
    with pieces.at_work():
        for name in pieces.share(NAMES):
            with pieces.writing(name) as path:
                path.write_text(name.upper())
        then()
        try:
            pieces.join_or_leave()
        except Unfinished:
            return None
        pieces.product.write_text("".join((pieces.folder / name).read_text() for name in NAMES))
        pieces.remove()
    return pieces.product.read_text()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_last_shard_joins_the_pieces_and_nothing_is_left(tmp_path: Path) -> None:
    assert made(tmp_path, Shard(2, 3)) is None and made(tmp_path, Shard(1, 3)) is None
    assert sorted(set(NAMES) & set(left(tmp_path / "product.done"))) == ["a", "b", "d", "e"]
    assert made(tmp_path, Shard(3, 3)) == "ABCDE"
    assert left(tmp_path) == ["product"]


def test_a_process_without_a_shard_does_the_rest_and_joins(tmp_path: Path) -> None:
    made(tmp_path, Shard(2, 3))
    (tmp_path / "product.done" / "b").write_text("other hands")
    assert made(tmp_path) == "Aother handsCDE"
    assert left(tmp_path) == ["product"]


def test_shards_go_on_with_what_a_process_without_a_shard_has_begun(tmp_path: Path) -> None:
    alone = pieces_of(tmp_path)
    alone.begin()
    with alone.writing("a") as path:
        path.write_text("early")
    made(tmp_path, Shard(1, 2))
    assert made(tmp_path, Shard(2, 2)) == "earlyBCDE"


def test_of_shards_that_end_at_the_same_moment_one_joins(tmp_path: Path) -> None:
    together = threading.Barrier(3)
    results: list[str | None] = [None] * 3

    def work(number: int) -> None:
        results[number] = made(tmp_path, Shard(number + 1, 3), then=together.wait)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results, key=str) == ["ABCDE", None, None] and left(tmp_path) == ["product"]


def test_another_request_is_refused_with_what_differs(tmp_path: Path) -> None:
    made(tmp_path, Shard(1, 3))
    found = re.escape("(sampling.members is 10 there and 20 here)")
    with pytest.raises(UserError, match=f"product.done holds pieces of another request {found}; finish what is there"):
        made(tmp_path, Shard(2, 3), sampling={"members": 20})
    assert made(tmp_path, seed=1) == "ABCDE"  # a process without a shard begins anew


def test_another_number_of_shards_is_refused(tmp_path: Path) -> None:
    made(tmp_path, Shard(1, 3))
    with pytest.raises(UserError, match=r"holds pieces of 3 shards, found --shard 1/4; expected --shard NUMBER/3"):
        made(tmp_path, Shard(1, 4))
    made(tmp_path, Shard(2, 3))
    assert made(tmp_path, Shard(3, 3)) == "ABCDE"


def test_a_shard_at_work_keeps_out_its_twin_and_who_has_no_shard(tmp_path: Path) -> None:
    pieces = pieces_of(tmp_path, Shard(1, 3))
    pieces.begin()
    with pieces.at_work():
        with pytest.raises(UserError, match=r"shard 1/3 is at work already: 'rainsmith sample --shard 1/3' \(process"):
            made(tmp_path, Shard(1, 3))
        with pytest.raises(UserError, match=r"product is being written by 'rainsmith sample --shard 1/3' \(process"):
            made(tmp_path)
        assert made(tmp_path, Shard(2, 3)) is None
    with (
        writing(tmp_path / "product", "rainsmith sample"),
        pytest.raises(UserError, match="product is being written by 'rainsmith sample'"),
    ):
        made(tmp_path, Shard(1, 3))
    assert made(tmp_path) == "ABCDE"


def test_a_joining_shard_that_was_killed_on_another_machine_is_followed_by_another(tmp_path: Path) -> None:
    for number in (1, 2):
        made(tmp_path, Shard(number, 3))
    killed = this_process("rainsmith sample --shard 2/3") | {"host": "node7"}
    (tmp_path / "product.done" / "joining").write_text(json.dumps(killed))
    waiting = pieces_of(tmp_path, Shard(1, 3))
    assert made(tmp_path, Shard(3, 3)) is None  # it may be alive
    waiting.share(NAMES)
    progress = waiting.progress()
    assert progress is not None and str(progress).endswith("on node7, since " + killed["since"] + ") joins them")
    os.utime(tmp_path / "product.done" / "joining", (0, 0))
    assert made(tmp_path, Shard(1, 3)) == "ABCDE"


def test_a_damaged_piece_is_taken_back_and_its_shard_is_named(tmp_path: Path) -> None:
    for number in (1, 2):
        made(tmp_path, Shard(number, 3))
    pieces = pieces_of(tmp_path, Shard(3, 3))
    pieces.begin()
    pieces.share(NAMES)
    with (
        pytest.raises(UserError, match=r"product.done/e is damaged \(JSONDecodeError: .*\); run shard 2/3 again"),
        pieces.reading("e") as path,
    ):
        json.loads(path.read_text())
    assert not pieces.has("e")
    made(tmp_path, Shard(3, 3))
    assert made(tmp_path, Shard(2, 3)) == "ABCDE"


def test_nobody_waits_for_pieces_that_have_been_joined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    early = pieces_of(tmp_path, Shard(1, 2))
    made(tmp_path, Shard(1, 2))
    early.share(NAMES)
    assert others_go_on([early])
    assert "1 of 2 finished; 1 to go; not at work: 2/2; run the same command with --shard 2/2" in " ".join(
        capsys.readouterr().err.split()
    )
    made(tmp_path, Shard(2, 2))
    assert not others_go_on([early]) and capsys.readouterr().err == ""
