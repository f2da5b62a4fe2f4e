"""What a user sees while a command works: notices and progress bars, on standard error."""

from __future__ import annotations

import os

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

console = Console(stderr=True)
"""Where progress and notices go; results go to files."""


def progress(*, quiet: bool = False) -> Progress:
    """A progress bar with time spent and time left, on standard error."""
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
