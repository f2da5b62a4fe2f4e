"""The command ``inspect``: a look at prepared data before any training."""

from __future__ import annotations

from rainsmith.base.files import atomic
from rainsmith.config import Config
from rainsmith.inspection.page import render
from rainsmith.inspection.result import Inspection, look_at
from rainsmith.run_folder import Run


def inspect(config: Config, run: Run) -> Inspection:
    """Look at the store of a run, and write ``inspect.html``.

    Args:
        config: the run's configuration.
        run: the run folder, prepared.

    Returns:
        What was found; its ``text()`` is the page of the terminal.

    Raises:
        UserError: ``prepare`` has not run here, or its store is damaged.
    """
    found = look_at(config, run)
    text = render(found)
    with atomic(found.path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return found
