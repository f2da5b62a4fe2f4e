"""A finished file or folder takes the place of an older one, which is there until then."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_AT_WORKING_FOLDER = -100
_EXCHANGE = 2


def replace(path: Path, new: Path, aside: Path) -> None:
    """Put ``new`` in the place of ``path``.

    A file is replaced by one rename. A folder changes places with the new one in one step where the system can do so,
    and then ``new`` is the old folder. Elsewhere it first goes into the folder ``aside``, and comes back where the rest
    fails.

    Args:
        path: where the file or folder belongs.
        new: the finished one, on the same disk.
        aside: a folder for the old one, which is made when it is needed.
    """
    if not path.is_dir():
        new.replace(path)
        return
    if exchange(path, new):
        return
    new.lstat()  # nothing is moved aside for what does not exist
    aside.mkdir()
    path.rename(aside / path.name)
    try:
        new.replace(path)
    except BaseException:
        (aside / path.name).rename(path)
        raise


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders change their names in one step (``renameat2`` of Linux); False where that fails."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    given = (_AT_WORKING_FOLDER, os.fsencode(one), _AT_WORKING_FOLDER, os.fsencode(other), _EXCHANGE)
    return bool(rename(*given) == 0)
