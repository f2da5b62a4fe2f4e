"""The command ``completion``: a script that lets a shell complete commands and options."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro


@dataclass(frozen=True)
class Completion:
    """Print the script that lets bash or zsh complete commands, options and choices."""

    shell: Annotated[Literal["bash", "zsh"], tyro.conf.Positional, tyro.conf.arg(help_behavior_hint="")] = "bash"
    """Shell that the script is for. Put source <(rainsmith completion bash) into ~/.bashrc, or write that for zsh into
    a file _rainsmith in a folder of $fpath."""

    def execute(self) -> None:
        print(script_of(self.shell), end="")


def script_of(shell: str) -> str:
    """The script that tyro makes, with descriptions of one line and without the choice None.

    Args:
        shell: bash or zsh.
    """
    from rainsmith.cli.main import main

    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main(["--tyro-print-completion", shell])
    return re.sub(r"^COMPLETION_SPEC = (\{.*\})$", _mended, out.getvalue(), flags=re.MULTILINE)


def _mended(found: re.Match[str]) -> str:
    return f"COMPLETION_SPEC = {_plain(ast.literal_eval(found[1]))!r}"


def _plain(part: Any) -> Any:
    """The part of the specification in which texts have one line, since a second one would be offered as a word."""
    if isinstance(part, dict):
        plain = {key: _plain(value) for key, value in part.items()}
        if "choices" in plain:
            plain["choices"] = sorted(choice for choice in plain["choices"] if choice != "None")
        return plain
    if isinstance(part, list):
        return [_plain(one) for one in part]
    return " ".join(part.split()) if isinstance(part, str) else part
