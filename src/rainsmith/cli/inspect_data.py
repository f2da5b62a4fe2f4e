"""The command ``inspect``, which takes its configuration by position, too, and prepares the store if need be."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Annotated

import tyro

from rainsmith.cli.options import Common, OptionalFile


@dataclass(frozen=True)
class Inspect(Common):
    """Look at the data before any training, print a page of what was found, and write inspect.html."""

    file: Annotated[OptionalFile, tyro.conf.Positional, tyro.conf.arg(metavar="CONFIG", help_behavior_hint="")] = None
    """The same as --config. The store is prepared where the run folder has none of this configuration."""

    def execute(self) -> None:
        from rainsmith import pipeline
        from rainsmith.base.errors import UserError

        if self.file is not None and self.config is not None:
            raise UserError(f"found {self.file} and --config {self.config}; expected one configuration; leave one out")
        named = replace(self, config=self.file or self.config, file=None)
        config, folder = named.open()
        is_given = bool(named.config or self.model_config or self.set)
        text = pipeline.inspect(config, folder, as_it_is=not is_given).text()
        print(printable(text, sys.stdout.encoding or "ascii"))


def printable(text: str, encoding: str) -> str:
    """The page in characters that the terminal has."""
    from rainsmith.inspection.text import plain

    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return plain(text).encode(encoding, "replace").decode(encoding)
    return text
