"""Records of one kind, known by their names: the one way in which rainsmith is extended.

A record says everything that the program needs to know of a thing: what it is called, what it means, what it needs and
what it does. Choices on the command line, types of the configuration, words of the report and pages of the docs are
made from the records, so that a new one takes one file (docs/extending.md).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Generic, Protocol, TypeVar

from rainsmith.base.errors import UserError


class Record(Protocol):
    """What every record has, whatever its kind."""

    @property
    def name(self) -> str:
        """The name by which configurations, files and other code know it."""

    @property
    def order(self) -> int:
        """Its place among the others: records are listed by rising order, then as they were added."""


R = TypeVar("R", bound=Record)


class Registry(Generic[R]):
    """All records of one kind.

    The modules of ``package`` are imported the first time that a record is asked for. A new file in that folder
    therefore adds its records without being named anywhere.

    Args:
        kind: what one record is called in messages, such as "baseline".
        package: dotted name of the package whose modules add records.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._records: dict[str, R] = {}
        self._complete = False

    def add(self, record: R) -> R:
        """Add a record and return it.

        Raises:
            ValueError: another record has its name.
        """
        if record.name in self._records:
            raise ValueError(f"there are two records of the {self.kind} '{record.name}'; rename one of them")
        self._records[record.name] = record
        return record

    def names(self) -> tuple[str, ...]:
        """Names of all records, in their order."""
        return tuple(record.name for record in self)

    def __iter__(self) -> Iterator[R]:
        self._import_all()
        return iter(sorted(self._records.values(), key=lambda record: record.order))

    def __len__(self) -> int:
        return len(self.names())

    def __contains__(self, name: object) -> bool:
        self._import_all()
        return name in self._records

    def __getitem__(self, name: str) -> R:
        """The record of a name.

        Raises:
            UserError: there is no such record; the message lists the names that there are.
        """
        if name not in self:
            raise UserError(f"there is no {self.kind} '{name}'; expected one of {', '.join(self.names())}")
        return self._records[name]

    def _import_all(self) -> None:
        if self._complete:
            return
        self._complete = True  # set first, because a module may ask for a record while it is imported
        try:
            for module in pkgutil.iter_modules(import_module(self.package).__path__):
                import_module(f"{self.package}.{module.name}")
        except BaseException:
            self._complete = False  # else whoever asks again would get some of the records without a word
            raise
