"""Work in pieces, shared out to processes that share nothing but a folder: shards, such as the third of eight.

A product is made of pieces that do not depend on each other. While it is made, ``<product>.done`` beside it holds what
is asked for (``request.json``), the number of shards (``of-8``), the pieces that are finished, and signs of life. Every
file there appears at once, whole. A piece depends on the request alone, so that it does not matter who makes it, nor
how often. The last shard joins the pieces; a process without a shard does what is missing, and joins.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from rainsmith.base.array_files import DAMAGE
from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.base.locks import reading, writing
from rainsmith.base.scratch import scratch_folder
from rainsmith.base.shards import Progress, Shard
from rainsmith.base.signs_of_life import claimed, named, seen, shown

_REQUEST, _JOINING, _AT_WORK, _COUNT = "request.json", "joining", "at-work-", "of-"
_THERE_ALREADY = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}


class Unfinished(Exception):
    """Other shards have not finished their pieces, or one of them joins all pieces now."""


class DamagedPiece(UserError):
    """The file of a piece is damaged; the message says what makes it again."""


class Pieces:
    """The pieces of one product.

    Args:
        product: the file or folder that they are joined to.
        request: what is asked for; everything that the pieces depend on, as values that JSON knows.
        shard: which part this process does; None does all that is missing, and has the product to itself (the caller
            holds its lock).
        command: the command, for messages.
    """

    def __init__(self, product: Path, request: Mapping[str, Any], shard: Shard | None, command: str) -> None:
        self.product, self.shard = product, shard
        self.command = command if shard is None else f"{command} --shard {shard}"
        self.folder = product.with_name(product.name + ".done")
        self.request: dict[str, Any] = json.loads(json.dumps(request, default=str))
        self.key = hashlib.sha256(json.dumps(self.request, sort_keys=True).encode()).hexdigest()[:16]
        self.names: Sequence[str] = ()
        self._until_the_end = ExitStack()

    @property
    def is_begun(self) -> bool:
        """Whether the folder of this request is there."""
        try:
            return bool(read_json(self.folder / _REQUEST) == self.request)
        except UserError:
            return False

    def begin(self) -> None:
        """Make the folder, where it is not there yet.

        Without a shard a folder of another request is replaced.

        Raises:
            UserError: it belongs to another request or to another number of shards; a shard is at work, and this
                process is none.
        """
        if self.shard is None:
            for path in sorted(self.folder.glob(f"{_AT_WORK}*")):
                if (holder := seen(path)) is not None:
                    raise UserError(f"{self.product} is being written by {named(holder)}; wait until it has ended")
            if self.folder.exists() and not self.is_begun:
                self.remove()
        if not self.folder.exists():
            self._make()
        if not self.is_begun:
            raise UserError(f"{self.folder} holds pieces of another request{self._difference()}; {self._way_out()}")
        if self.shard is not None:
            self.mark(f"{_COUNT}{self.shard.count}")
            if len(counts := self.counts()) > 1:
                other = min(count for count in counts if count != self.shard.count)
                (self.folder / f"{_COUNT}{self.shard.count}").unlink(missing_ok=True)
                raise UserError(
                    f"{self.folder} holds pieces of {other} shards, found --shard {self.shard}; expected "
                    f"--shard NUMBER/{other}; {self._way_out()}"
                )

    def counts(self) -> list[int]:
        """The numbers of shards that have begun this request; none where no shard has."""
        return [int(path.name.removeprefix(_COUNT)) for path in self.folder.glob(f"{_COUNT}*")]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Show in this block that this shard works; without a shard nothing is shown.

        Raises:
            UserError: the same shard is at work already, or a process without a shard writes the product.
        """
        with self._until_the_end as stack:
            if self.shard is not None:
                sign = self.folder / f"{_AT_WORK}{self.shard.number}"
                if (holder := seen(sign)) is not None:
                    raise UserError(f"shard {self.shard} is at work already: {named(holder)}; wait until it has ended")
                with self._while_it_is_there():
                    stack.enter_context(shown(sign, self.command))
                if seen(self.folder / _JOINING) is None:  # after the sign, so that of two one sees the other
                    with reading([self.product], self.command):
                        pass
            yield

    def share(self, names: Sequence[str]) -> list[str]:
        """The pieces that this process is to do, in order; those that are finished are left out.

        Args:
            names: of all pieces, in the same order in every shard; the dearest first.
        """
        self.names = names
        own, done = names if self.shard is None else self.shard.of(names), self.finished()
        return [name for name in own if name not in done]

    def has(self, name: str) -> bool:
        """Whether a piece is finished."""
        return (self.folder / name).exists()

    def finished(self) -> set[str]:
        """The names of the finished pieces, among names of other files; none where the folder is gone."""
        try:
            return set(os.listdir(self.folder))
        except FileNotFoundError:
            return set()

    def mark(self, name: str) -> None:
        """Say that a piece is finished whose result lies elsewhere.

        Raises:
            UserError: the folder has gone.
        """
        with self._while_it_is_there():
            (self.folder / name).touch()

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Write the file of a piece to the path that the block is given; when the block ends the piece is finished.

        Raises:
            UserError: the folder has gone.
        """
        with self._while_it_is_there(), scratch_folder(self.folder, name) as scratch:
            yield scratch / name
            (scratch / name).replace(self.folder / name)

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Read the file of a piece, whose path the block is given; a damaged one is taken back.

        Raises:
            DamagedPiece: the block has raised one of the errors of damaged files.
        """
        try:
            yield self.folder / name
        except DAMAGE as error:
            found, advice = f"{type(error).__name__}: {str(error)[:80]}", self.drop(name)
            raise DamagedPiece(f"{self.folder / name} is damaged ({found}); {advice}") from None

    def drop(self, name: str) -> str:
        """Take back a piece that turned out to be damaged, and say which command makes it again."""
        (self.folder / name).unlink(missing_ok=True)
        if self.shard is None:
            return "run the same command again, which makes it anew"
        return f"run shard {list(self.names).index(name) % self.shard.count + 1}/{self.shard.count} again"

    def joins(self) -> bool:
        """Whether every piece is there and this process is the one that joins them, until ``at_work`` ends.

        Raises:
            UserError: another command reads or writes the product.
        """
        if not self.is_begun or not self.finished().issuperset(self.names):
            return False
        if self.shard is not None:
            try:
                if not claimed(self.folder / _JOINING, self.command):
                    return False
                self._until_the_end.enter_context(shown(self.folder / _JOINING, self.command))
            except FileNotFoundError:  # another one has joined them meanwhile
                return False
            self._until_the_end.enter_context(writing(self.product, self.command))
        return True

    def join_or_leave(self) -> None:
        """Go on where this process is to join the pieces.

        Raises:
            Unfinished: it is not.
            UserError: another command reads or writes the product.
        """
        if not self.joins():
            raise Unfinished

    def remove(self) -> None:
        """Remove the folder, at once for all who look."""
        if self.folder.exists():
            with scratch_folder(self.folder.parent, self.folder.name) as scratch, suppress(FileNotFoundError):
                self.folder.rename(scratch / self.folder.name)

    def progress(self) -> Progress | None:
        """How far the shards are; None where the pieces have been joined meanwhile."""
        if self.shard is None or not self.is_begun:
            return None
        done = self.finished()
        parts = {number: Shard(number, self.shard.count).of(self.names) for number in range(1, self.shard.count + 1)}
        finished = {number for number, part in parts.items() if done.issuperset(part)}
        working = {number for number in parts if seen(self.folder / f"{_AT_WORK}{number}") is not None}
        joining = seen(self.folder / _JOINING)
        return Progress(self.shard, finished, working, "" if joining is None else named(joining))

    @contextmanager
    def _while_it_is_there(self) -> Iterator[None]:
        """Say in one line where the folder vanishes while this block needs it."""
        try:
            yield
        except FileNotFoundError:
            if self.folder.exists():
                raise
            raise UserError(
                f"{self.folder} has gone: all shards have finished meanwhile, or somebody deleted it; run the same "
                "command again"
            ) from None

    def _make(self) -> None:
        """Make the folder at once, with what says what it is for; of two who do so one is second."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(self.folder.parent, self.folder.name) as scratch:
            new = scratch / "new"
            new.mkdir()
            (new / _REQUEST).write_text(json.dumps(self.request), encoding="utf-8")
            if self.shard is not None:
                (new / f"{_COUNT}{self.shard.count}").touch()
            try:
                new.rename(self.folder)
            except OSError as error:
                if error.errno not in _THERE_ALREADY:
                    raise

    def _difference(self) -> str:
        """What of the request is another one in the folder, in words; nothing where that cannot be read."""
        try:
            there = _flat(read_json(self.folder / _REQUEST))
        except UserError:
            return ""
        here = _flat(self.request)
        for key in (key for key in here.keys() | there.keys() if here.get(key) != there.get(key)):
            old, new = (str(values.get(key, "not there"))[:40] for values in (there, here))
            return f" ({key} is {old} there and {new} here)"
        return ""

    def _way_out(self) -> str:
        return f"finish what is there, or delete {self.folder} where no shard is at work any more"


def others_go_on(waiting: Sequence[Pieces]) -> bool:
    """Whether products wait for other shards; it is said how far these are.

    Args:
        waiting: the pieces of the products of one command that this shard could not join.
    """
    known = [progress for pieces in waiting if (progress := pieces.progress()) is not None]
    if known:
        console.print(str(functools.reduce(Progress.and_of, known)), soft_wrap=True, highlight=False, markup=False)
    return bool(known)


def _flat(values: Any, key: str = "") -> dict[str, Any]:
    """Values by dotted key."""
    if not isinstance(values, dict):
        return {key: values}
    return {
        name: value for own, inner in values.items() for name, value in _flat(inner, f"{key}.{own}".strip(".")).items()
    }
