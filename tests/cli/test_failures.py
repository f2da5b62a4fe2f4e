"""Errors of the file system in one line, and those that nobody can mend."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rainsmith.cli.failures import what_to_do


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "the disk is full; finished parts are kept"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EACCES, "no permission for /data/run; change its permissions or its owner"),
        (errno.EPERM, "no permission for /data/run"),
        (errno.EROFS, "/data/run lies on a file system that can only be read"),
        (errno.EISDIR, "/data/run: found a folder where a file is needed"),
        (errno.EMFILE, "too many files are open at once (at /data/run)"),
        (errno.EIO, None),
        (errno.ENOENT, None),
    ],
)
def test_the_folder_is_named_where_the_file_is_a_hidden_one_of_ours(number: int, message: str | None) -> None:
    for name in ("/data/run", "/data/run/.store.zarr.lock", "/data/run/.store.zarr.x.scratch/.probe", b"/data/run"):
        said = what_to_do(OSError(number, os.strerror(number), name))
        assert said is None if message is None else said is not None and said.startswith(message)


def test_a_real_error_is_known(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for act, message in (
        (lambda: (tmp_path / "file" / "store.zarr").mkdir(), "found a file where a folder is needed"),
        (lambda: (tmp_path / ("x" * 300)).touch(), "is too long"),
        (lambda: tmp_path.open("w"), "found a folder where a file is needed"),
    ):
        with pytest.raises(OSError) as raised:
            act()
        assert message in str(what_to_do(raised.value))
