"""Shards: equal parts of a command's work, such as the third of eight, and how far all of them are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from rainsmith.base.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """One of several equal parts of a command's work.

    Attributes:
        number: of this part, from 1.
        count: of all parts.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that a text such as ``3/8`` names.

        Raises:
            UserError: it is no such text.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
        number, count = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= count:
            raise UserError(
                f"--shard {text[:40]!r} is not one of several parts; expected NUMBER/COUNT with a number from 1 to the "
                "count, such as --shard 3/8, the third of eight"
            )
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def of(self, items: Sequence[T]) -> Sequence[T]:
        """What this shard takes of some items: every ``count``-th."""
        return items[self.number - 1 :: self.count]


@dataclass(frozen=True)
class Progress:
    """How far the shards of a command are.

    Attributes:
        shard: the one that says so.
        finished: numbers of the shards whose pieces are all there.
        working: numbers of the shards that show a sign of life.
        joining: which process joins the pieces; empty where none does.
    """

    shard: Shard
    finished: set[int]
    working: set[int]
    joining: str

    def and_of(self, other: Progress) -> Progress:
        """The progress of a command with several products."""
        working, joining = self.working | other.working, self.joining or other.joining
        return Progress(self.shard, self.finished & other.finished, working, joining)

    def __str__(self) -> str:
        count = self.shard.count
        to_go = [number for number in range(1, count + 1) if number not in self.finished]
        text = f"shard {self.shard} has finished; {len(self.finished)} of {count} finished"
        if not to_go:
            return f"{text}; {self.joining or 'another process'} joins them"
        working = [f"{number}/{count}" for number in to_go if number in self.working]
        idle = [f"{number}/{count}" for number in to_go if number not in self.working]
        parts = [f"{text}; {len(to_go)} to go"]
        if working:
            parts.append(f"at work: {', '.join(working)}")
        if idle:
            parts.append(
                f"not at work: {', '.join(idle)}; run the same command with --shard {idle[0]}"
                + (" and so on" if idle[1:] else "")
                + ", or without --shard for all that is missing"
            )
        return "; ".join(parts)
