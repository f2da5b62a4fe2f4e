"""Locks: one process at a time writes a product, and nobody replaces what another one reads."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from rainsmith.base.errors import UserError

if sys.platform != "win32":
    import fcntl

_NO_LOCKS_HERE = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL, errno.EBADF}
"""Errors of a file system that knows no ``flock``."""


@contextmanager
def writing(product: Path, command: str) -> Iterator[None]:
    """Be the only process that writes a product, and keep others from reading it meanwhile.

    The lock is a file ``.<name>.lock`` beside the product, held by ``flock``: the kernel gives it back however the
    process ends. It says who holds it, and is removed in the end. Where the file system knows no ``flock``, the file
    itself is the lock, and one whose process of this machine has ended counts for nothing.

    Args:
        product: the file or folder; it need not exist.
        command: what writes, for the message of others.

    Raises:
        UserError: another process writes or reads it; the message names that process.
    """
    product.parent.mkdir(parents=True, exist_ok=True)
    with _Lock(product, command, shared=False).held():
        yield


@contextmanager
def reading(products: Iterable[Path], command: str) -> Iterator[None]:
    """Keep products from being replaced while they are read; any number of processes may read.

    Nothing is locked where no file can be written beside a product, or where the file system knows no ``flock``.

    Args:
        products: files or folders; one that is a link is locked where it lies, too.
        command: what reads, for the message of others.

    Raises:
        UserError: another process is writing one of them; the message names that process.
    """
    with ExitStack() as all_locks:
        for product in products:
            for path in dict.fromkeys((product, product.resolve())):
                all_locks.enter_context(_Lock(path, command, shared=True).held())
        yield


def try_lock(descriptor: int, *, shared: bool = False) -> bool | None:
    """Take the lock of an open file without waiting.

    Returns:
        Whether it was free; None where there are no such locks.
    """
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS_HERE:
            return None
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def this_process(command: str) -> dict[str, Any]:
    """Who this process is, for others who read it in a file."""
    return {
        "command": command,
        "process": os.getpid(),
        "host": socket.gethostname(),
        "began": _beginning_of(os.getpid()),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def may_run(holder: Mapping[str, Any]) -> bool:
    """Whether a process may still run: one of another machine may, one of this machine is looked up.

    Args:
        holder: what ``this_process`` gave there.
    """
    if holder["host"] != socket.gethostname():
        return True
    try:
        os.kill(int(holder["process"]), 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        pass
    return bool(_beginning_of(int(holder["process"])) == holder["began"])


def shortened(name: str) -> str:
    """The name of a file, cut so that something more may stand beside it: file systems allow 255 bytes."""
    return name.encode()[:200].decode(errors="ignore")


class _Lock:
    """The lock of one product.

    Args:
        product: the file or folder.
        command: what holds it.
        shared: whether others may hold it, too.
    """

    def __init__(self, product: Path, command: str, *, shared: bool) -> None:
        self.product, self.shared = product, shared
        self.path = product.with_name(f".{shortened(product.name)}.lock")
        self.holder = this_process(command) | {"use": "read" if shared else "written"}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock in this block.

        Raises:
            UserError: somebody else holds it.
        """
        try:
            descriptor = self._take()
        except OSError:
            if not self.shared:
                raise
            descriptor = None  # a reader may lack the right to write here
        try:
            yield
        finally:
            if descriptor is not None:
                self._give_back(descriptor)

    def _take(self) -> int | None:
        """The open lock file, which carries the lock; None where a reader finds no ``flock``."""
        while True:
            try:
                descriptor, is_new = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), True
            except FileExistsError:
                try:
                    descriptor, is_new = os.open(self.path, os.O_RDWR), False
                except FileNotFoundError:
                    continue  # its holder has just removed it
            try:
                taken = try_lock(descriptor, shared=self.shared)
                if taken is None:
                    taken = self._take_without_flock(is_new=is_new)
                    if taken is None:
                        os.close(descriptor)
                        return None
                if taken and _is_at(self.path, descriptor):
                    self._sign(descriptor)
                    return descriptor
                if not taken:
                    self._refuse()
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # of a lock file that has just been removed: try the next one

    def _take_without_flock(self, *, is_new: bool) -> bool | None:
        """Whether the file itself was free, which whoever makes it holds; None for a reader, who makes none."""
        if not is_new:
            holder = self._holder(patience=0.5)
            if holder is not None and may_run(holder):
                return False
            self.path.unlink(missing_ok=True)  # its process has ended; True makes the caller look for the file again
            return None if self.shared else True
        if self.shared:
            self.path.unlink(missing_ok=True)
            return None
        return True

    def _sign(self, descriptor: int) -> None:
        """Write who holds the lock; of several readers each adds a line."""
        if not self.shared:
            os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_END)
        os.write(descriptor, (json.dumps(self.holder) + "\n").encode())

    def _give_back(self, descriptor: int) -> None:
        """Remove the file, unless other readers hold it, and with it the lock."""
        with suppress(OSError):
            if try_lock(descriptor) is not False and _is_at(self.path, descriptor):
                self.path.unlink(missing_ok=True)
        os.close(descriptor)

    def _refuse(self) -> None:
        """Say who holds the lock; where he has just given it back, return."""
        holder = self._holder(patience=0.5)
        if holder is None and not self.path.exists():
            return
        who = "another process"
        if holder is not None:
            who = f"'{holder['command']}' (process {holder['process']} on {holder['host']}, since {holder['since']})"
        use = "used" if holder is None else holder["use"]
        raise UserError(
            f"{self.product} is being {use} by {who}; wait until it has ended, or give another --run folder "
            f"(if that process is gone, delete {self.path})"
        )

    def _holder(self, patience: float) -> Mapping[str, Any] | None:
        """The last of those who signed and may still run; None where nobody did within some seconds."""
        end = time.monotonic() + patience
        while True:
            with suppress(OSError, json.JSONDecodeError):
                signed = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
                for holder in filter(may_run, reversed(signed)):
                    return dict(holder)
                if signed:
                    return None
            if time.monotonic() > end:
                return None
            time.sleep(0.02)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file still has its name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _beginning_of(process: int) -> str:
    """When a process began, in ticks since the machine started; "" where the system does not say."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
