"""What a user sees while a command works: notices and progress bars, on standard error."""

from __future__ import annotations

import os
import time
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console(stderr=True)
"""Notices and progress bars are printed here. Standard output is left to results, so that they can be piped."""


def progress(*, quiet: bool = False) -> Progress:
    """Progress with the time spent and the time left, on standard error: a bar of less than 80 letters on a terminal.

    Elsewhere, such as in the file of a batch job, it is a line whenever the note changes, and at least one a minute.

    Args:
        quiet: show nothing; the environment variable ``RAINSMITH_QUIET=1`` does the same everywhere.

    Returns:
        The progress. Each of its tasks needs a field ``note``, the text at its end, of 34 letters at most.
    """
    quiet = quiet or os.environ.get("RAINSMITH_QUIET") == "1"
    if not quiet and not console.is_terminal:
        return _Lines(console=console, disable=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        disable=quiet,
        speed_estimate_period=600,
    )


class _Lines(Progress):
    """Progress as plain lines, for output that is not a terminal."""

    _AT_LEAST_EVERY = 60.0

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """See ``Progress.update``; prints a line where one is due."""
        super().update(task_id, **changes)
        self._say(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """See ``Progress.advance``; prints a line where one is due."""
        super().advance(task_id, advance)
        self._say(task_id)

    def _say(self, task_id: TaskID) -> None:
        task, now = next(task for task in self.tasks if task.id == task_id), time.monotonic()
        note, before, began = task.fields["note"], task.fields.get("said"), task.fields.setdefault("began", now)
        since = now - task.fields.get("said_at", began)
        if (note == before or not note) and since < self._AT_LEAST_EVERY:
            return
        task.fields.update(said=note, said_at=now)
        spent, total = now - began, task.total or 0
        left = f", {_clock(spent * (total - task.completed) / task.completed)} left" if task.completed else ""
        done = f"{task.completed:.4g} of {total:g}"
        console.print(
            f"{task.description}: {done} after {_clock(spent)}{left}{'; ' if note else ''}{note}", soft_wrap=True
        )


def _clock(seconds: float) -> str:
    """H:MM:SS."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
