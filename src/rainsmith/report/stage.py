"""The command ``report``: it gathers what a run folder holds and writes the page, or the maps of the heaviest days."""

from __future__ import annotations

from pathlib import Path

from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.scratch import remove_leftovers
from rainsmith.config import Config
from rainsmith.report.gather import gather
from rainsmith.report.maps import write_days
from rainsmith.report.page import render
from rainsmith.run_folder import Run

DAYS = 6
"""Days that the page shows unless another number is asked for."""


def report(config: Config, run: Run, *, days: int | None = None, png: Path | None = None) -> Path:
    """Write ``report.html``, or with ``png`` only one picture for each of the heaviest days.

    A part that no stage has made yet is named with the command that makes it.

    Args:
        config: the run's configuration.
        run: the run folder; at least ``prepare`` has run.
        days: how many of the heaviest days are shown (6).
        png: a folder for the pictures alone.

    Returns:
        The page, or the folder of the pictures.

    Raises:
        UserError: no store, a damaged file, or fewer than one day asked for.
    """
    count = DAYS if days is None else days
    if count < 1:
        raise UserError(f"found --days {count}; expected at least 1; name how many of the heaviest days to show")
    material = gather(config, run)
    if png is not None:
        remove_leftovers(png)
        write_days(material, count, png)
        return png
    page = run.folder / "report.html"
    text = render(material, count)
    with atomic(page) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return page
