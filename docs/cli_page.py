"""The page of all commands, which holds their help as they print it; ``make_pages.py`` writes it."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
from collections.abc import Iterator

from rainsmith.cli.commands import COMMANDS
from rainsmith.cli.main import main

COLUMNS = 110
HEAD = """# Commands

Nearly every command works on a run folder, which holds all that belongs to one experiment ([file formats](files.md)).
A command that finds a mistake in its input ends with exit code 2 and one line, which says what was found, what was
expected and what to do. 130 is the code of a command that was stopped. `rainsmith COMMAND --help` prints the same text.

*This page is made from the command line by `make docs`.*
"""


def page() -> str:
    """The whole page: a table of the commands, then the help of each."""
    rows = "\n".join(f"| [`{name}`](#rainsmith-{name}) | {about(kind)} |" for name, kind in COMMANDS.items())
    return "\n".join([HEAD, f"| command | what it does |\n|---|---|\n{rows}\n", *described()])


def about(kind: type) -> str:
    """What a command does, in one sentence; names of files in it are text, not HTML."""
    sentence = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
    return sentence.replace("|", "\\|").replace("<", "\\<")


def described() -> Iterator[str]:
    """The part of the page about one command."""
    for name in COMMANDS:
        yield f"## rainsmith {name}\n\n```text\n{help_of(name)}\n```\n"


def help_of(name: str) -> str:
    """The help of a command at a fixed width, without the lines that are drawn between its groups of options."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(COLUMNS)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
            main([name, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    text = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    text = re.sub(r"^ (.+)\n -{20,}$", r"\1:", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
