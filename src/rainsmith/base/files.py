"""Files: nothing is left half-written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rainsmith.base.errors import UserError
from rainsmith.base.replacing import replace
from rainsmith.base.scratch import ASIDE, scratch_folder


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Write a file or a folder whole or not at all.

    The block writes to the path that it is given. When the block ends without an error, that file or folder takes the
    place of ``path``; otherwise ``path`` stays as it was. Nothing else is left on the disk, except by a process that is
    killed (``remove_leftovers``). The permissions of a file are those that the umask gives.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(path.parent, path.name) as scratch:
        yield scratch / path.name
        _give_usual_permissions(scratch / path.name)
        replace(path, scratch / path.name, scratch / ASIDE)


def _give_usual_permissions(new: Path) -> None:
    """Let others read a file where the umask does: safetensors makes its files for their owner alone."""
    if new.is_file():
        probe = new.with_name(".probe")
        probe.touch()
        new.chmod(probe.stat().st_mode & 0o777)


def size_of(path: Path) -> int:
    """[bytes] The size of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def check_disk(folder: Path, needed_bytes: float, stage: str) -> None:
    """Refuse to begin what would not fit on the disk.

    Args:
        folder: where the files will lie; it need not exist.
        needed_bytes: [bytes] their size; a tenth more must be free.
        stage: what needs them, for the message.

    Raises:
        UserError: there is too little space.
    """
    existing = next(parent for parent in [folder, *folder.resolve().parents] if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < 1.1 * needed_bytes:
        raise UserError(
            f"{stage} needs about {needed_bytes / 2**20:.0f} MiB in {folder}, where {free / 2**20:.0f} MiB are free; "
            "free some space or give another --run folder"
        )
