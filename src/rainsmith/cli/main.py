"""The command line: reads the options of a command, runs it, and turns mistakes of the user into one line."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Annotated, Any, Union

import tyro

from rainsmith import __version__
from rainsmith.base.errors import Interrupted, UserError
from rainsmith.cli.commands import COMMANDS


def main(arguments: list[str] | None = None) -> None:
    """Entry point: exit code 0, 2 for a mistake in the input, 130 where a training was stopped by Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        print(f"rainsmith {__version__}")
        return
    kinds = [Annotated[kind, tyro.conf.subcommand(name, prefix_name=False)] for name, kind in COMMANDS.items()]
    any_command: Any = Union[tuple(kinds)]
    command = tyro.cli(
        any_command,
        args=given,
        prog="rainsmith",
        description="Realistic days of extreme rain at high resolution, from a conditional VAE.",
    )
    _quiet_libraries()
    try:
        command.execute()
    except UserError as error:
        sys.exit(_fail(str(error)))
    except OSError as error:
        if error.errno == 28:
            sys.exit(_fail("the disk is full; finished parts are kept: free some space and run the same command again"))
        raise
    except KeyboardInterrupt:
        sys.exit(_fail("stopped", 130))
    except Interrupted as stopped:
        sys.exit(_fail(str(stopped), 130))


def _fail(message: str, code: int = 2) -> int:
    print(f"rainsmith: {' '.join(message.split())}", file=sys.stderr)
    return code


def _quiet_libraries() -> None:
    """Warnings and chatter of libraries that a user can do nothing about."""
    warnings.filterwarnings("ignore", module=r"zarr|xarray|dask|lightning_fabric|torch")
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)


if __name__ == "__main__":
    main()
