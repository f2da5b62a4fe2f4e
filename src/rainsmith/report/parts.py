"""What the page is made of: sections that hold tables, pictures, maps of days, lists and facts, all as text.

The section modules fill these records; the template lays them out. ``kind`` tells the template which one it holds.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from rainsmith.plots.style import picture

PNG_DPI = 170
"""Dots an inch of pictures that are enlarged on a click."""


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
    """A table whose first column is named ``head``.

    One that is foldable shows its rows at first only if ``shown``. One that is ``stacked`` has, on a narrow page, a
    block for each row with a line for each cell, where others are moved sideways in their box.
    """

    title: str
    head: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str = ""
    foldable: bool = False
    shown: bool = True
    stacked: bool = False
    kind: Literal["table"] = "table"

    @property
    def file_name(self) -> str:
        """The name under which a reader downloads it."""
        words = re.findall(r"[a-z0-9]+", self.title.lower())
        return f"{'-'.join(words)[:60] or 'table'}.csv"

    @property
    def as_csv(self) -> str:
        """The whole table as the address of a CSV file inside the page; what stands in small type has own columns."""
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\n")
        has_unit = any(row.unit for row in self.rows)
        has_small = [any(row.cells[i].small for row in self.rows) for i in range(len(self.columns))]
        head = [self.head] + ["unit"] * has_unit
        for column, small in zip(self.columns, has_small, strict=True):
            head += [column.title, f"{column.title}, beside it"] if small else [column.title]
        writer.writerow(head)
        for row in self.rows:
            line = [row.title] + [row.unit] * has_unit
            for cell, small in zip(row.cells, has_small, strict=True):
                line += [_plain(cell.text or cell.grade)] + [_plain(cell.small)] * small
            writer.writerow(line)
        return _address("text/csv", target.getvalue().encode("utf-8"))


def _plain(text: str) -> str:
    """A figure as spreadsheets read it: an ASCII minus, and nothing where nothing is known."""
    return "" if text == "\N{EN DASH}" else text.replace("\N{MINUS SIGN}", "-")


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


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
    """Maps of days with the colour bar that they share; all but the first ``shown`` are folded."""

    days: Sequence[DayMaps]
    bar: Picture
    shown: int = 1
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
        answer: what it says, in one line that is read without opening it.
        folded: parts of a section that is open, which are shown when the reader asks for more.
    """

    anchor: str
    title: str
    note: Sequence[str] = ()
    parts: Sequence[Part] = ()
    listed: Sequence[str] = ()
    missing: str = ""
    answer: str = ""
    folded: Sequence[Part] = field(default_factory=tuple)


def embed(
    figure: Figure, alt: str, caption: str = "", *, kind: Literal["png", "svg"] = "svg", of_model: bool = False
) -> Picture:
    """A figure as a picture that needs no file beside the page."""
    address = _address("image/png" if kind == "png" else "image/svg+xml", picture(figure, kind, dpi=PNG_DPI))
    return Picture(address, alt, caption, of_model)
