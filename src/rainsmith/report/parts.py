"""What the page is made of: sections that hold tables, pictures, maps of days, lists and facts, all as text.

Every section module fills these records; the template lays them out and holds no words of its own.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from rainsmith.plots.style import picture

Grade = Literal["", "fail", "minimum", "good", "excellent", "n/a"]


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: what stands in it.
        small: a second line in small type, such as an interval.
        mark: a style: best, better, worse, noise, or "".
        grade: shown as dots before the text, or "".
    """

    text: str = ""
    small: str = ""
    mark: str = ""
    grade: Grade = ""


@dataclass(frozen=True)
class Column:
    """The head of a column: its title, a second line, what a pointer shows, and how its cells are set."""

    title: str
    small: str = ""
    hint: str = ""
    kind: Literal["number", "text", "grade"] = "number"


@dataclass(frozen=True)
class Row:
    """One row: its name with unit, cells in the order of the columns, a footnote sign, and whether it is a failure."""

    title: str
    cells: Sequence[Cell]
    unit: str = ""
    sign: str = ""
    failed: bool = False


@dataclass(frozen=True)
class Table:
    """A table; ``head`` names the first column. With ``foldable``, the reader can close it, and ``shown`` opens it."""

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
    """A picture inside the page: its data URI, what it shows in words, and how to read it."""

    source: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, as many in a row as ``size`` lets fit: small, large or whole."""

    pictures: Sequence[Picture]
    size: Literal["small", "large", "whole"] = "large"
    kind: Literal["gallery"] = "gallery"


@dataclass(frozen=True)
class MapPicture:
    """One map of a day with the text above it; ``of_model`` for members of the model."""

    title: str
    note: str
    source: str
    of_model: bool


@dataclass(frozen=True)
class DayMaps:
    """All maps of a day under a title and a line of facts."""

    title: str
    facts: str
    maps: Sequence[MapPicture]


@dataclass(frozen=True)
class Days:
    """Maps of days with the colour bar that they share; ``wide`` where the domain is wider than high."""

    days: Sequence[DayMaps]
    bar: Picture
    wide: bool
    kind: Literal["days"] = "days"


@dataclass(frozen=True)
class Facts:
    """Names and what is said of them, in two columns."""

    title: str
    rows: Sequence[tuple[str, str]]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Listing:
    """Sentences as a list."""

    sentences: Sequence[str]
    kind: Literal["listing"] = "listing"


@dataclass(frozen=True)
class Verbatim:
    """Text that is shown as it is once the reader opens it."""

    title: str
    text: str
    kind: Literal["verbatim"] = "verbatim"


Part = Table | Gallery | Days | Facts | Listing | Verbatim


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        anchor: the id by which links find it.
        title: its heading.
        note: how to read it, one paragraph a text.
        parts: what it shows; without any, it says which command would make them.
    """

    anchor: str
    title: str
    note: Sequence[str] = ()
    parts: Sequence[Part] = field(default_factory=list)


def embed(figure: Figure, alt: str, caption: str = "", kind: Literal["png", "svg"] = "svg", dpi: int = 140) -> Picture:
    """A figure as a picture that needs no file beside the page."""
    text = base64.b64encode(picture(figure, kind, dpi)).decode("ascii")
    return Picture(f"data:image/{'png' if kind == 'png' else 'svg+xml'};base64,{text}", alt, caption)
