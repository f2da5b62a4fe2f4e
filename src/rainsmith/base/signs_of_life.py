"""Signs of life: files that a process renews while it works, so that processes of other machines know that it does.

They need nothing but a folder that all machines see. Times are those of its file system: clocks of machines differ.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rainsmith.base.locks import may_run, this_process
from rainsmith.base.scratch import scratch_folder

BEAT = 15.0
"""[s] Time between two signs of one process."""
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
"""Errors of a file system that knows no hard links."""
SILENCE = 120.0
"""[s] A process of another machine that has been silent for so long counts as ended: network disks may be late."""


@contextmanager
def shown(path: Path, command: str) -> Iterator[None]:
    """Show in this block that the process works; in the end the file is removed, unless a process has taken it over.

    Args:
        path: the file, in a folder that exists; it is overwritten.
        command: what works, for the messages of others.
    """
    own = json.dumps(this_process(command))
    with scratch_folder(path.parent, path.name) as scratch:  # never there without its text
        (scratch / "sign").write_text(own, encoding="utf-8")
        (scratch / "sign").replace(path)
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(BEAT):
            with suppress(OSError):
                os.utime(path)

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == own:
                path.unlink()


def seen(path: Path) -> Mapping[str, Any] | None:
    """Who shows a sign of life; None where nobody does, or where that process has ended.

    Args:
        path: the file of the sign.
    """
    try:
        with path.open(encoding="utf-8") as file:  # opening it asks a network disk for its true time
            text, changed = file.read(), os.fstat(file.fileno()).st_mtime
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            now = os.fstat(probe.fileno()).st_mtime
    except FileNotFoundError:
        return None
    if now - changed > SILENCE:
        return None
    try:
        holder: dict[str, Any] = json.loads(text)
    except ValueError:  # a file system without hard links, on which it is just being written
        return {"command": "rainsmith", "process": "?", "host": "another machine", "since": "now"}
    return holder if may_run(holder) else None


def claimed(path: Path, command: str) -> bool:
    """Make a sign that nobody else has made, or whose maker has ended; False where one is at work.

    Args:
        path: the file of the sign.
        command: what claims it, for the messages of others.
    """
    with scratch_folder(path.parent, path.name) as scratch:
        own = scratch / "sign"
        own.write_text(json.dumps(this_process(command)), encoding="utf-8")
        while True:
            try:
                _link(own, path)
                return True
            except FileExistsError:
                if seen(path) is not None:
                    return False
                path.unlink(missing_ok=True)


def _link(own: Path, path: Path) -> None:
    """Give a file a second name, unless that exists; where there are no hard links, write it there."""
    try:
        os.link(own, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with path.open("x", encoding="utf-8") as file:
            file.write(own.read_text(encoding="utf-8"))


def named(holder: Mapping[str, Any]) -> str:
    """Which process it is, in words."""
    return f"'{holder['command']}' (process {holder['process']} on {holder['host']}, since {holder['since']})"
