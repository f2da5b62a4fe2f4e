"""Text in the 80 columns of a terminal."""

from __future__ import annotations

import textwrap

WIDTH = 80
"""Characters in a line."""


def wrapped(text: str, first: str = "", indent: int | None = None, *, width: int = WIDTH) -> list[str]:
    """Lines of at most 80 characters.

    Args:
        text: one paragraph.
        first: what the first line begins with.
        indent: spaces before the other lines; None takes as many as ``first`` is long.
        width: another number of characters.
    """
    spaces = " " * (len(first) if indent is None else indent)
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=spaces)
