"""What the page is made of: sections that hold tables, pictures, maps of days, lists and facts, all as text.

The section modules fill these records; the template lays them out. ``kind`` tells the template which one it holds.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure

from rainsmith.plots.style import picture


@dataclass(frozen=True)
class Cell:
    """A cell: its text, a second line in small type, a style (best, better, worse, noise), and a grade for dots."""

    text: str = ""
    small: str = ""
    mark: str = ""
    grade: str = ""


@dataclass(frozen=True)
class Column:
    """The head of a column: its title, a second line, what a pointer shows, and how its cells are set."""

    title: str
    small: str = ""
    hint: str = ""
    kind: Literal["number", "text", "grade"] = "number"


@dataclass(frozen=True)
class Row:
    """A row: its name with unit and footnote sign, its cells in the order of the columns, and whether it failed."""

    title: str
    cells: Sequence[Cell]
    unit: str = ""
    sign: str = ""
    failed: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column is named ``head``; one that is foldable shows its rows at first only if ``shown``."""

    title: str
    head: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str = ""
    foldable: bool = False
    shown: bool = True
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Picture:
    """A picture inside the page: its data URI, what it shows, how to read it, and whether it is a member."""

    source: str
    alt: str
    caption: str = ""
    of_model: bool = False


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, as many in a row as ``size`` lets fit."""

    pictures: Sequence[Picture]
    size: Literal["small", "large", "whole"] = "large"
    kind: Literal["gallery"] = "gallery"


@dataclass(frozen=True)
class DayMaps:
    """All maps of a day under a title and a line of facts."""

    title: str
    facts: str
    maps: Sequence[Picture]


@dataclass(frozen=True)
class Days:
    """Maps of days with the colour bar that they share; ``wide`` where the domain is wider than high."""

    days: Sequence[DayMaps]
    bar: Picture
    wide: bool
    kind: Literal["days"] = "days"


@dataclass(frozen=True)
class Facts:
    """Names, and what is said of each."""

    title: str
    rows: Sequence[tuple[str, str]]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Verbatim:
    """Text that is shown as it is once the reader opens it."""

    title: str
    text: str
    kind: Literal["verbatim"] = "verbatim"


Part = Table | Gallery | Days | Facts | Verbatim


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        anchor: the id by which links find it.
        title: its heading.
        note: how to read it, one paragraph a text; left out where there are no parts.
        parts: what it shows.
        listed: sentences that stand as a list before the parts.
        missing: what is missing and the command that makes it, or "".
    """

    anchor: str
    title: str
    note: Sequence[str] = ()
    parts: Sequence[Part] = ()
    listed: Sequence[str] = ()
    missing: str = ""


def embed(
    figure: Figure, alt: str, caption: str = "", *, kind: Literal["png", "svg"] = "svg", of_model: bool = False
) -> Picture:
    """A figure as a picture that needs no file beside the page."""
    text = base64.b64encode(picture(figure, kind, dpi=130)).decode("ascii")
    source = f"data:image/{'png' if kind == 'png' else 'svg+xml'};base64,{text}"
    return Picture(source, alt, caption, of_model)
