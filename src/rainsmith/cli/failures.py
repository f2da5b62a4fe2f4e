"""Errors of the file system that a user can mend, in one line each."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_OTHER_FOLDER = "or give another --run folder"


def what_to_do(error: OSError) -> str | None:
    """What was found and what to do, in one line; None for an error that no user can mend.

    Args:
        error: from reading or writing a file.
    """
    where = _place(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; finished parts are kept: free some space and run the same command again"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"no permission for {where}; change its permissions or its owner (ls -ld shows them), {_OTHER_FOLDER}"
    if error.errno == errno.EROFS:
        return f"{where} lies on a file system that can only be read; mount it for writing, {_OTHER_FOLDER}"
    if error.errno == errno.ENAMETOOLONG:
        return f"the name of {where} is too long for this file system; take shorter names, {_OTHER_FOLDER}"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{where}: found a file where a folder is needed; move it away, {_OTHER_FOLDER}"
    if error.errno == errno.EISDIR:
        return f"{where}: found a folder where a file is needed; move it away, {_OTHER_FOLDER}"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"too many files are open at once (at {where}); raise the limit ('ulimit -n 1024') and run again"
    return None


def _place(error: OSError) -> str:
    """The file of an error; the folder where the file is a hidden one of ours."""
    if error.filename is None:
        return "a file"
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else Path(str(error.filename))
    while path.name.startswith(".") and path.name != "..":
        path = path.parent
    return str(path)
