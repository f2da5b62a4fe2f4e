"""The look that all pages share: colours, type, and what lists, tables and figures have in common."""

from __future__ import annotations

from importlib import resources


def style_of_pages() -> str:
    """The style sheet that comes before the page's own."""
    return resources.files("rainsmith.plots").joinpath("pages.css").read_text(encoding="utf-8")
