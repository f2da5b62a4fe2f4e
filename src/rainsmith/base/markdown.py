"""Tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text as one table of Markdown.

    Args:
        header: the titles of the columns.
        rows: rows of as many cells; a cell holds no line break and no ``|``.
    """
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *["| " + " | ".join(row) + " |" for row in rows]])
