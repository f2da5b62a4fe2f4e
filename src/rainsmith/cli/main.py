"""The entry point: it reads a command and its options, runs it, and turns a user's mistakes into one line."""

from __future__ import annotations

import os
import sys
import types
import warnings
from typing import Annotated, Any, Union

import tyro

from rainsmith import __version__
from rainsmith.base.errors import Interrupted, UserError
from rainsmith.base.mirror_places import with_urls
from rainsmith.cli.commands import COMMANDS
from rainsmith.cli.failures import what_to_do

DESCRIPTION = (
    "rainsmith draws realistic days of extreme rain at high resolution from a conditional VAE. "
    "'rainsmith COMMAND --help' explains the options of a command; 'rainsmith --version' shows the version."
)

READER_GONE = 141
"""The exit code of a program whose output nobody reads any more, as a shell gives it."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command. The exit code is 0, 2 for a mistake in the input, or 130 where a user stopped the work.

    Args:
        arguments: the command and its options; None takes those of the process.
    """
    given = joined_sets(list(sys.argv[1:] if arguments is None else arguments))
    if given == ["--version"]:
        print(f"rainsmith {__version__}")
        return
    kinds = [Annotated[kind, tyro.conf.subcommand(name, prefix_name=False)] for name, kind in COMMANDS.items()]
    any_command: Any = Union[tuple(kinds)]
    try:
        command = tyro.cli(
            any_command,
            args=given,
            prog="rainsmith",
            description=DESCRIPTION,
        )
        _quiet_libraries()
        command.execute()
        sys.stdout.flush()
    except BrokenPipeError:  # who reads the output, such as head, has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that nothing more is written into the pipe at the exit
        sys.exit(READER_GONE)
    except UserError as error:
        sys.exit(_fail(str(error)))
    except OSError as error:
        if (message := what_to_do(error)) is None:
            raise
        sys.exit(_fail(message))
    except KeyboardInterrupt:
        sys.exit(_fail("stopped; finished parts are kept: run the same command again", 130))
    except Interrupted as stopped:
        sys.exit(_fail(str(stopped), 130))


def joined_sets(arguments: list[str]) -> list[str]:
    """Arguments in which several ``--set`` are one, since an option that is given twice would silently lose the first.

    Values of ``--set`` go on to the next option.
    """
    if arguments.count("--set") < 2:
        return arguments
    others: list[str] = []
    values: list[str] = []
    target = others
    for argument in arguments:
        if argument.startswith("-"):
            target = values if argument == "--set" else others
        if argument != "--set":
            target.append(argument)
    return [*others, "--set", *values]


def _fail(message: str, code: int = 2) -> int:
    line = " ".join(with_urls(message).split())
    # what a file or an argument holds must not move the cursor of the terminal
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    print(f"rainsmith: {shown}", file=sys.stderr)
    return code


def _quiet_libraries() -> None:
    """Silence what libraries say and a user can do nothing about."""
    warnings.filterwarnings("ignore", module=r"zarr|xarray|dask|distributed|lightning_fabric|torch")


class _Callable(types.ModuleType):
    """This module, which can be called like its function: ``from rainsmith.cli import main`` gives the module."""

    def __call__(self, arguments: list[str] | None = None) -> None:
        main(arguments)


sys.modules[__name__].__class__ = _Callable

if __name__ == "__main__":
    main()
