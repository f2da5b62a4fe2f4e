"""How much memory there is, and how much a piece of work takes."""

from __future__ import annotations

import ctypes
import functools
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_KEPT = 256 * 2**20
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4  # names of malloc.h


class Memory(NamedTuple):
    """Memory [bytes] of this machine, or of the container that the process runs in; 0 where it is unknown."""

    total: int
    free: int


def memory() -> Memory:
    """Memory in all, and what programs may still take without harm to others."""
    kept = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in _lines("/proc/meminfo") if " kB" in line}
    total, free = kept.get("MemTotal", 0), kept.get("MemAvailable", 0)
    limit, used = (_number("".join(_lines(f"/sys/fs/cgroup/memory.{name}"))) for name in ("max", "current"))
    if not limit or (total and limit >= total):
        return Memory(total, free)
    return Memory(limit, min(free or limit, max(limit - used, 0)))


def give_back() -> None:
    """Give memory that was freed and kept for later back to the system, where the C library can."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def forget_peak() -> None:
    """Let ``peak`` count from now on, where the system can; elsewhere it counts from the start of the process.

    Memory that was freed and kept for later is given back before, so that it does not count.
    """
    give_back()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


@functools.cache
def keep_freed_memory() -> None:
    """Let this process use the memory of freed arrays again, where its C library can, at most ``_KEPT`` bytes of it.

    Workers of dask are started with a setting that gives all of it back at once. The system then clears each page anew
    for the next array, which takes as long as the work on it.
    """
    _set_malloc({_M_MMAP_THRESHOLD: _KEPT // 8, _M_TRIM_THRESHOLD: _KEPT})


def keep_buffers_mapped() -> None:
    """Let this process use the memory of all freed arrays again, where its C library can, however much it is.

    A step of a training on a CPU frees and takes hundreds of MB; page faults would cost up to a fifth of its time.
    """
    _set_malloc({_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: 2**31 - 1})


def _set_malloc(options: Mapping[int, int]) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL("libc.so.6")
            for name, value in options.items():
                library.mallopt(name, value)


def peak() -> int:
    """The largest memory [bytes] of this process since ``forget_peak``."""
    if kept := _of_process("VmHWM"):
        return kept
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else 1024 * largest


def present() -> int:
    """Memory [bytes] that this process holds now; 0 where it is unknown."""
    return _of_process("VmRSS")


def _of_process(name: str) -> int:
    found = (line.split()[1] for line in _lines("/proc/self/status") if line.startswith(f"{name}:"))
    return 1024 * int(next(found, 0))


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0
