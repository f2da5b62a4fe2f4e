"""Locks: a second writer is refused with the name of the first, and a killed process locks nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rainsmith.base import locks
from rainsmith.base.errors import UserError
from rainsmith.base.locks import reading, writing

HOLD = """
import sys
from pathlib import Path
from rainsmith.base.locks import reading, writing
kind, path = sys.argv[1], Path(sys.argv[2])
with reading([path], "rainsmith evaluate") if kind == "read" else writing(path, "rainsmith sample"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(kind: str, product: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of a product, until its input ends or it is killed."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", HOLD, kind, str(product)], **pipes)  # type: ignore[call-overload]
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("write", "write", "is being written by 'rainsmith sample'"),
        ("write", "read", "is being written by 'rainsmith sample'"),
        ("read", "write", "is being read by 'rainsmith evaluate'"),
    ],
)
def test_a_second_process_is_refused_with_the_name_of_the_first(
    tmp_path: Path, first: str, second: str, found: str
) -> None:
    product = tmp_path / "made.zarr"

    def take() -> None:
        with writing(product, "me") if second == "write" else reading([product], "me"):
            pass

    with holder(first, product) as process:
        with pytest.raises(UserError) as refused:
            take()
        message = str(refused.value)
        assert f"{product} {found} (process {process.pid} on {socket.gethostname()}, since 20" in message
        assert "wait until it has ended, or give another --run folder" in message
    take()  # the first has ended
    assert left(tmp_path) == []


@pytest.mark.parametrize("kind", ["write", "read"])
def test_a_killed_process_locks_nothing(tmp_path: Path, kind: str) -> None:
    with holder(kind, tmp_path / "made.zarr") as process:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        assert left(tmp_path) == [".made.zarr.lock"]
        with writing(tmp_path / "made.zarr", "me"):
            assert json.loads((tmp_path / ".made.zarr.lock").read_text())["process"] == os.getpid()
    assert left(tmp_path) == []


def test_many_read_and_the_last_one_removes_the_lock(tmp_path: Path) -> None:
    product = tmp_path / "made.zarr"
    with holder("read", product) as other:
        with reading([product], "me"), reading([product], "me too"):
            pass
        with pytest.raises(UserError, match=f"being read by .*process ({other.pid}|{os.getpid()}) "):
            writing(product, "me").__enter__()
        assert left(tmp_path) == [".made.zarr.lock"]
    assert left(tmp_path) == []


def test_products_of_other_names_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with (
        holder("write", tmp_path / "prior.zarr"),
        writing(tmp_path / "posterior.zarr", "me"),
        reading([tmp_path / "store.zarr"], "me"),
    ):
        assert len(left(tmp_path)) == 3


def test_a_store_that_is_a_link_is_locked_where_it_lies(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "two" / "store.zarr").symlink_to(tmp_path / "one" / "store.zarr")
    with reading([tmp_path / "two" / "store.zarr"], "rainsmith train"):
        for name in ("one", "two"):
            with pytest.raises(UserError, match="being read by 'rainsmith train'"):
                writing(tmp_path / name / "store.zarr", "me").__enter__()


def test_a_block_that_fails_gives_the_lock_back(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), writing(tmp_path / "new" / "made.zarr", "me"):
            raise KeyboardInterrupt
    assert left(tmp_path / "new") == []


def test_the_longest_name_has_a_lock(tmp_path: Path) -> None:
    product = tmp_path / ("ü" * 127)
    with writing(product, "me"), pytest.raises(UserError, match="is being written"):
        writing(product, "me too").__enter__()


# a file system without flock cannot be had here: the call says what it says there


@pytest.fixture
def no_flock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "try_lock", lambda descriptor, shared=False: None)


@pytest.mark.usefixtures("no_flock")
def test_without_flock_the_file_is_the_lock(tmp_path: Path) -> None:
    product = tmp_path / "made.zarr"
    with writing(product, "rainsmith sample"):
        for take in (writing(product, "me"), reading([product], "me")):
            with pytest.raises(UserError, match=f"written by 'rainsmith sample' .process {os.getpid()} on"):
                take.__enter__()
        assert left(tmp_path) == [".made.zarr.lock"]
    with reading([product], "me"):
        assert left(tmp_path) == []


@pytest.mark.usefixtures("no_flock")
@pytest.mark.parametrize(
    ("changed", "counts"),
    [({}, True), ({"process": 2**22 + 1}, False), ({"began": "1"}, False), ({"host": "another"}, True)],
    ids=["runs", "ended", "number given again", "another machine"],
)
def test_without_flock_a_lock_whose_process_has_ended_counts_for_nothing(
    tmp_path: Path, changed: dict[str, object], counts: bool
) -> None:
    product, lock = tmp_path / "made.zarr", tmp_path / ".made.zarr.lock"
    with writing(product, "rainsmith sample"):
        signed = json.loads(lock.read_text())
    lock.write_text(json.dumps(signed | changed) + "\n")
    if counts:
        with pytest.raises(UserError, match=f"if that process is gone, delete {lock}"):
            writing(product, "me").__enter__()
    else:
        with writing(product, "me"):
            assert json.loads(lock.read_text())["command"] == "me"
        assert left(tmp_path) == []
