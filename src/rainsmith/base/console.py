"""What a user sees while a command works: notices and progress bars, on standard error."""

from __future__ import annotations

import os

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

console = Console(stderr=True)
"""Notices and progress bars are printed here. Standard output is left to results, so that they can be piped."""


def progress(*, quiet: bool = False) -> Progress:
    """A progress bar with the time spent and the time left, on standard error.

    Args:
        quiet: show nothing; the environment variable ``RAINSMITH_QUIET=1`` does the same for every bar.

    Returns:
        The bar. Each of its tasks needs a field ``note``, the text at its end.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        disable=quiet or os.environ.get("RAINSMITH_QUIET") == "1",
    )
