"""Signs of life: a process that works is seen, one that was killed or has been silent for long is not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rainsmith.base import signs_of_life
from rainsmith.base.locks import this_process
from rainsmith.base.signs_of_life import SILENCE, claimed, named, seen, shown

SHOW = """
import sys
from pathlib import Path
from rainsmith.base.signs_of_life import shown
with shown(Path(sys.argv[1]), "rainsmith sample --shard 1/2"):
    print("shown", flush=True)
    sys.stdin.read()
"""


def elsewhere(path: Path) -> None:
    """A sign of a process of another machine."""
    path.write_text(json.dumps(this_process("rainsmith sample") | {"host": "node7", "process": 12}))


def test_a_killed_process_is_no_longer_seen(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    assert seen(sign) is None
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", SHOW, str(sign)], **pipes)  # type: ignore[call-overload]
    assert process.stdout.readline() == "shown\n"
    holder = seen(sign)
    assert holder is not None and holder["process"] == process.pid
    assert named(holder).startswith(f"'rainsmith sample --shard 1/2' (process {process.pid} on ")
    assert not claimed(sign, "rainsmith sweep")
    process.kill()
    process.wait()
    process.stdin.close(), process.stdout.close()
    assert sign.exists() and seen(sign) is None
    assert claimed(sign, "rainsmith sweep") and not claimed(sign, "rainsmith sweep")


def test_a_process_of_another_machine_is_seen_until_it_has_been_silent_for_long(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    elsewhere(sign)
    assert seen(sign) is not None and not claimed(sign, "rainsmith sweep")
    old = sign.stat().st_mtime - SILENCE - 5
    os.utime(sign, (old, old))
    assert seen(sign) is None and claimed(sign, "rainsmith sweep")


def test_the_sign_is_renewed_and_removed_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs_of_life, "BEAT", 0.01)
    sign = tmp_path / "sign"
    with shown(sign, "rainsmith sweep"):
        os.utime(sign, (0, 0))
        for _ in range(1000):
            if sign.stat().st_mtime > 0:
                break
            signs_of_life.threading.Event().wait(0.01)
        assert sign.stat().st_mtime > 0
    assert not sign.exists()


def test_a_sign_that_another_process_has_taken_over_stays(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    with shown(sign, "rainsmith sweep"):
        elsewhere(sign)
    assert seen(sign) is not None


def test_a_folder_that_is_gone_shows_nobody(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    with shown(tmp_path / "gone" / "sign", "rainsmith sweep"):
        (tmp_path / "gone" / "sign").unlink()
        (tmp_path / "gone").rmdir()
    assert seen(tmp_path / "gone" / "sign") is None


def test_a_file_system_without_hard_links_has_claims_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuses)
    assert claimed(tmp_path / "sign", "rainsmith sweep") and not claimed(tmp_path / "sign", "rainsmith sample")
    holder = seen(tmp_path / "sign")
    assert holder is not None and holder["command"] == "rainsmith sweep"
    assert [path.name for path in tmp_path.iterdir()] == ["sign"]
