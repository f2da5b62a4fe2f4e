"""Memory of the machine, of a container, and of a piece of work."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys

import pytest

from rainsmith.base import memory as module
from rainsmith.base.memory import Memory, forget_peak, memory, peak, present

MIB = 2**20


def touch(size: int) -> None:
    """Hold so many bytes for a moment."""
    with mmap.mmap(-1, size) as held:
        for place in range(0, size, mmap.PAGESIZE):
            held[place] = 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forgets a peak")
def test_a_peak_counts_from_where_it_was_forgotten() -> None:
    touch(300 * MIB)
    before = peak()
    assert before > present() + 200 * MIB
    forget_peak()
    assert peak() < before - 200 * MIB
    touch(100 * MIB)
    assert present() + 50 * MIB < peak() < before - 100 * MIB


def test_a_container_may_hold_less_memory_than_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def machine(total: int, free: int) -> Memory:
        kilobytes = {"/proc/meminfo": [f"MemTotal: {total} kB", f"MemAvailable: {free} kB"]}
        monkeypatch.setattr(module, "_lines", lambda path: {**files, **kilobytes}.get(path, []))
        return memory()

    files = {"/sys/fs/cgroup/memory.max": ["1024000"], "/sys/fs/cgroup/memory.current": ["307200"]}
    assert machine(5000, 4000) == (1024000, 716800)
    assert machine(5000, 500) == (1024000, 512000)
    assert machine(800, 400) == (819200, 409600)
    files["/sys/fs/cgroup/memory.max"] = ["max"]
    assert machine(5000, 4000) == (5120000, 4096000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of the C library of Linux")
def test_a_worker_of_dask_uses_freed_memory_again() -> None:
    """With the setting that dask gives its workers, arrays cost a fault for each of their pages, unless it is undone."""
    code = (
        "import resource, sys, numpy\n"
        "from rainsmith.base.memory import keep_freed_memory\n"
        "if sys.argv[1] == 'keep': keep_freed_memory()\n"
        "for _ in range(500): numpy.ones(2**17)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)"
    )
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536"}

    def faults(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", code, how], env=environment, capture_output=True, check=True)
        return int(done.stdout)

    assert faults("keep") < 0.5 * faults("leave")
