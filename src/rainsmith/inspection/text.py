"""The page of the terminal: 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from rainsmith.base.seasons import SEASONS
from rainsmith.base.wrapping import WIDTH, wrapped
from rainsmith.inspection.remarks import meaning_of, remarks
from rainsmith.inspection.result import Inspection
from rainsmith.inspection.shading import LETTERS, SHADES, lettered, shaded
from rainsmith.inspection.sources import grouped
from rainsmith.inspection.words import amount, conversion, correlation, date, grids, percent, region
from rainsmith.plots.maps import map_frame

MOST_SOURCES, MOST_LAGS = 8, 6
"""Sources and predictors that are listed; the page lists all."""
_MAP_COLUMNS, _MAP_ROWS = 24, 14
_PLAIN = str.maketrans({"·": ".", "░": ":", "▒": "+", "▓": "#", "█": "@", "–": "-", "\N{DEGREE SIGN}": " ", "─": "-"})


def page_of_text(found: Inspection) -> str:
    """The page as text, without a line end behind the last line."""
    parts = [_head(found), _remarks(found), _sources(found), _extents(found), _days(found)]
    parts += [_maps(found), _explained(found), _lags(found), _largest(found)]
    lines = [line.rstrip() for part in parts for line in part]
    return "\n".join([*lines, "", f"the page with maps: {found.path}"])


def plain(text: str) -> str:
    """The same page in the characters that every terminal has."""
    return text.translate(_PLAIN)


def _head(found: Inspection) -> Iterator[str]:
    store = found.store
    fine, coarse = grids(store)
    heavy, p95, p99 = (amount(float(store[name])) for name in ("heavy_threshold", "p95", "p99"))
    area = percent(found.config.data.heavy_area)
    rows = [
        ("region", region(store)),
        ("fine grid", fine),
        ("coarse input", coarse),
        ("heavy day", f"at least {area} of the cells above {heavy} mm/day"),
        ("rain", f"training P95 {p95}, P99 {p99} mm/day, of all cells"),
    ]
    yield from _pairs(rows)


def _remarks(found: Inspection) -> Iterator[str]:
    yield from _title("What to look at first")
    sentences = remarks(found)
    if not sentences:
        yield "Nothing stands out."
    for sentence in sentences:
        yield from wrapped(sentence, "- ")


def _sources(found: Inspection) -> Iterator[str]:
    if not found.sources:
        return
    yield from _title("Sources")
    rows_of_sources = grouped(found.sources)
    rows = [
        [
            one.kind,
            names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
            conversion(one.unit_found, one.unit, one.factor).replace(" times ", " x "),
            f"{one.shape[0]} x {one.shape[1]}",
            f"{date(one.first)} {date(one.last)}" if one.days else "",
        ]
        for names, one in rows_of_sources[:MOST_SOURCES]
    ]
    yield from _table(["", "name", "unit", "cells", "first and last"], rows, texts=(0, 1, 2, 4))
    if (rest := len(rows_of_sources) - MOST_SOURCES) > 0:
        yield f"{rest} more on the page"


def _extents(found: Inspection) -> Iterator[str]:
    if not found.extents:
        return
    yield from _title("Extents")
    lines = lettered(found.extents, 44, _MAP_ROWS)
    names = [f"{letter}  {name}" for letter, name in zip(LETTERS, found.extents, strict=False)]
    wide = max(map(len, lines)) + 3
    legend = [part for name in names for part in wrapped(name, indent=3, width=WIDTH - wide)]
    for place in range(max(len(lines), len(legend))):
        left = lines[place] if place < len(lines) else ""
        yield f"{left:{wide}}{legend[place] if place < len(legend) else ''}"


def _days(found: Inspection) -> Iterator[str]:
    yield from _title("Days, and heavy days behind the stroke")
    rows = [
        [
            one.split,
            f"{date(one.first)} {date(one.last)}",
            f"{one.days}/{one.heavy}",
            *(f"{days}/{heavy}" for days, heavy in zip(one.by_season, one.heavy_by_season, strict=True)),
        ]
        for one in found.splits
    ]
    yield from _table(["", "first and last", "days", *SEASONS], rows, texts=(0, 1))
    yield ""
    rows = [[one.split, amount(one.mean), percent(one.wet), amount(one.largest)] for one in found.splits]
    yield from _table(["", "mean mm/day", "wet cell-days", "largest mm/day"], rows, texts=(0,))
    missing = sum(gap.days for gap in found.gaps)
    if missing:
        named = ", ".join(f"{date(gap.first)} ({gap.days})" for gap in found.gaps[:4])
        yield from wrapped(f"missing days: {missing}, the longest gaps from {named}")
    else:
        yield "missing days: none"


def _maps(found: Inspection) -> Iterator[str]:
    frame = map_frame(found.store)
    rain = found.rain
    maps: list[tuple[str, np.ndarray, Callable[[float], str]]] = [
        ("mean mm/day", rain.climatology, amount),
        ("wet days", rain.wet_days, percent),
        ("P99 mm/day", rain.rare, amount),
    ]
    yield from _title("Maps of the training days, a fifth of the cells in each shade")
    columns, heads = [], []
    for name, field, words in maps:
        known = field[np.isfinite(field)]
        if not known.size:
            return
        heads.append([name, f"{words(float(known.min()))} to {words(float(known.max()))}"])
        columns.append(shaded(field, frame.shape, _MAP_COLUMNS, _MAP_ROWS, first_row_on_top=frame.first_row_on_top))
    width = _MAP_COLUMNS + 3
    for row in zip(*heads, strict=True):
        yield "".join(f"{text:{width}}" for text in row)
    for parts in zip(*columns, strict=True):
        yield "".join(f"{part:{width}}" for part in parts)
    yield f"{SHADES[0]} least, {SHADES[-1]} most, blank: not valid"


def _explained(found: Inspection) -> Iterator[str]:
    yield from _title("How well the predictors explain the rain")
    rows = [[one.title, percent(one.share), amount(one.crps), percent(one.gain)] for one in found.explained]
    yield from _table(["", "of variance", "CRPS mm/day", "below climatology"], rows, texts=(0,))
    if (linear := found.method("linear")) is not None:
        below = any(one.share < 0 for one in found.explained)
        text = f"{percent(linear.share)} by a linear fit: {meaning_of(linear.share)}."
        text += " Below 0 %: further from the rain than the training mean of each cell." if below else ""
        yield from wrapped(text)


def _lags(found: Inspection) -> Iterator[str]:
    if not found.lags:
        return
    yield from _title("Correlation of the mean rain with predictors")
    rows = [[one.name, *map(correlation, one.correlations)] for one in found.lags[:MOST_LAGS]]
    yield from _table(["", "day before", "same day", "day after"], rows, texts=(0,))
    if (rest := len(found.lags) - MOST_LAGS) > 0:
        yield f"{rest} more, which fit less, on the page"


def _largest(found: Inspection) -> Iterator[str]:
    yield from _title("Largest values")
    rows = [
        [date(one.day), one.split, amount(one.value), amount(one.neighbours), one.where] for one in found.largest[:4]
    ]
    yield from _table(["", "", "mm/day", "neighbours", "where"], rows, texts=(0, 1, 4))
    yield f"suspect values: {len(found.suspects) or 'none'}"


def _title(text: str) -> Iterable[str]:
    return "", f"─ {text} {'─' * (WIDTH - len(text) - 3)}"


def _pairs(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    indent = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        yield from wrapped(text, f"{name:{indent}}")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: Sequence[int]) -> Iterator[str]:
    """Lines of a table; columns of texts stand at the left, others at the right; long texts are cut."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
    if over > 0:
        longest = max(texts, key=lambda place: widths[place])
        widths[longest] = max(8, widths[longest] - over)
    for row in [head, *rows]:
        cells = [
            _cut(text, width).ljust(width) if place in texts else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
