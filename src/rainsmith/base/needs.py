"""What a piece of work takes: time, memory and disk, from two sizes of it that were measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from rainsmith.base import memory
from rainsmith.base.durations import in_time


@dataclass(frozen=True)
class Needs:
    """What a stage takes on this machine.

    Attributes:
        seconds: [s] from its beginning to its end.
        memory: [bytes] of its process at the largest.
        disk: [bytes] of the files that it leaves.
        of: what it is about, such as its days and members.
    """

    seconds: float
    memory: float
    disk: float
    of: str = ""

    def __str__(self) -> str:
        of = f" ({self.of})" if self.of else ""
        return (
            f"about {in_time(self.seconds)} on this machine{of}, "
            f"{self.memory / 2**30:.1f} GiB of memory, {self.disk / 2**20:.0f} MiB on disk"
        )


@dataclass(frozen=True)
class Trend:
    """Time, memory and disk of work on any number of items, as straight lines through two numbers of them.

    Attributes:
        few, more: the two numbers; where they are equal, all that was measured counts as independent of the number.
        seconds: [s] of each.
        memory: [bytes] at the largest of each.
        disk: [bytes] that each wrote.
    """

    few: int
    more: int
    seconds: tuple[float, float]
    memory: tuple[float, float]
    disk: tuple[float, float] = (0.0, 0.0)

    @property
    def seconds_each(self) -> float:
        """[s] One more item takes so long."""
        return self._slope(self.seconds)

    @property
    def memory_each(self) -> float:
        """[bytes] One more item takes so much."""
        return self._slope(self.memory)

    def seconds_of(self, items: float) -> float:
        """[s] The time of so many items."""
        return max(0.0, self.seconds[1] + self.seconds_each * (items - self.more))

    def memory_of(self, items: float) -> float:
        """[bytes] The largest memory of so many items."""
        return self.memory[1] + self.memory_each * (items - self.more)

    def disk_of(self, items: float) -> float:
        """[bytes] The files of so many items."""
        return self.disk[1] + self._slope(self.disk) * (items - self.more)

    def _slope(self, values: tuple[float, float]) -> float:
        return max(0.0, (values[1] - values[0]) / (self.more - self.few)) if self.more > self.few else 0.0


def measured(
    work: Callable[[int], float | None],
    few: int,
    more: int,
    *,
    repeats: int = 1,
    warm_up: bool = False,
    largest: Callable[[], int] = memory.peak,
) -> Trend:
    """Do a piece of work in two sizes.

    Args:
        work: takes a number of items, and returns the size [bytes] of what it wrote, if anything.
        few, more: numbers of items.
        repeats: of each size. The median counts: where other programs use the cores, they do so afterwards, too.
        warm_up: whether each size is worked on once before, without a look at the clock.
        largest: [bytes] the largest memory since ``memory.forget_peak``.
    """
    seconds, held, written = [], [], []
    for items in (few, more):
        memory.forget_peak()
        times, size = list[float](), 0.0
        for _ in range(repeats + warm_up):
            started = time.monotonic()
            size = work(items) or 0.0
            times.append(time.monotonic() - started)
        seconds.append(statistics.median(times[warm_up:]))
        held.append(float(largest()))
        written.append(size)
    return Trend(few, more, (seconds[0], seconds[1]), (held[0], held[1]), (written[0], written[1]))
