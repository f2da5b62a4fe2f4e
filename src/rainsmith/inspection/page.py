"""The page: figures and tables of an inspection as one HTML file without any outside reference."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import jinja2
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from scipy.ndimage import map_coordinates

from rainsmith.base.provenance import provenance
from rainsmith.base.seasons import SEASONS
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.found import corners
from rainsmith.inspection.explained import SPLIT, chosen_days
from rainsmith.inspection.remarks import meaning_of, remarks
from rainsmith.inspection.result import Inspection
from rainsmith.inspection.sources import grouped, window_of
from rainsmith.inspection.words import amount, conversion, correlation, date, grids, percent, region
from rainsmith.plots import inspection as plots
from rainsmith.plots.maps import map_frame
from rainsmith.plots.pages import style_of_pages
from rainsmith.plots.style import picture

MOST_LAGS = 30
"""Predictors that the figure of lags shows."""


@dataclass(frozen=True)
class Picture:
    """A figure as a data URI, what it shows, a title where it has none of its own, and how to read it.

    One that is wide is not made narrower on a phone, but moved.
    """

    source: str
    alt: str
    caption: str = ""
    title: str = ""
    is_wide: bool = False


@dataclass(frozen=True)
class Table:
    """A table: heads, rows of texts, and the places of columns: those of texts, and those of texts of several lines."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: Sequence[int] = (0,)
    long: Sequence[int] = ()


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading: sentences, pictures, tables, and lists of sentences behind them.

    ``beside`` puts the tables beside the picture where there is room.
    """

    title: str
    notes: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    listed: Sequence[str] = ()
    beside: bool = False


def render(found: Inspection) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    files = resources.files("rainsmith.inspection")
    template, own = (files.joinpath(f"inspect.{ending}").read_text(encoding="utf-8") for ending in ("html.j2", "css"))
    made = provenance(found.config)
    return environment.from_string(template).render(
        title=str(found.store.attrs.get("title", "")) or f"Daily rain, {region(found.store)}",
        remarks=remarks(found),
        facts=_facts(found),
        sections=[section for section in _sections(found) if section is not None],
        style=Markup(style_of_pages() + own),  # files of this package, not text of the data
        made=f"rainsmith {made['versions']['rainsmith']}, {made['created']}",
    )


def _sections(found: Inspection) -> Iterator[Section | None]:
    yield _sources(found)
    yield _maps(found)
    yield _days(found)
    yield _explained(found)
    yield _lags(found)
    yield _largest(found)
    if found.said:
        yield Section("What prepare said", listed=found.said)


def _facts(found: Inspection) -> list[tuple[str, str]]:
    store, data = found.store, found.config.data
    fine, coarse = grids(store)
    heavy, p95, p99 = (amount(float(store[name])) for name in ("heavy_threshold", "p95", "p99"))
    periods = [
        (one.split.capitalize(), f"{date(one.first)} to {date(one.last)}, {one.days} days") for one in found.splits
    ]
    return [
        ("Region", region(store)),
        ("Fine grid", fine),
        ("Coarse input", coarse),
        *periods,
        ("Heavy day", f"at least {percent(data.heavy_area)} of the cells above {heavy} mm/day"),
        ("Rain", f"wet from {data.wet_mm:g} mm/day; training P95 {p95}, P99 {p99} mm/day of all cells and days"),
    ]


def _sources(found: Inspection) -> Section:
    pictures = []
    if found.extents:
        window = window_of(found.extents)
        figure = plots.extents(found.extents, _edge_of_cells(found), window, _coarse_centres(found))
        west, east, south, north = window
        alt = (
            f"Map of {west:.1f} to {east:.1f} degrees east and {south:.1f} to {north:.1f} degrees north with the "
            f"borders of {'; '.join(found.extents)}"
        )
        caption = "Borders of the cells of each source; thin grey lines are the edge of the valid cells."
        pictures = [picture_of(figure, alt, caption)]
    rows = [
        [
            one.kind,
            ", ".join(names),
            conversion(one.unit_found, one.unit, one.factor),
            f"{one.shape[0]} x {one.shape[1]}",
            " x ".join(amount(km) for km in one.spacing),
            f"{date(one.first)} to\n{date(one.last)}" if one.days else "",
        ]
        for names, one in grouped(found.sources)
    ]
    head = ["", "name", "unit", "cells", "spacing [km]", "days read"]
    notes = [] if rows else ["The store says nothing of its sources; borders are those of its own grids."]
    return Section(
        "Sources", notes, pictures, [Table(head, rows, (0, 1, 2, 5), (1, 2))] if rows else [], beside=bool(rows)
    )


def _maps(found: Inspection) -> Section:
    frame, rain = map_frame(found.store), found.rain
    maps = [
        ("Climatology", "mm/day", rain.climatology, "All training days."),
        ("Wet days", "share of days", rain.wet_days, f"At least {found.config.data.wet_mm:g} mm/day."),
        ("P99", "mm/day", rain.rare, "Amount that one training day in a hundred exceeds, dry days counted."),
    ]
    pictures = [
        picture_of(
            plots.field_map(field, frame, unit=unit),
            f"Map: {title} [{unit}]; {_range(field)}",
            note,
            "png",
            title=title,
        )
        for title, unit, field, note in maps
    ]
    figure = plots.field_map(rain.valid, frame, unit="share of days", colours=plots.SHARE, ends=(0, 1))
    note = "Its cells, and on how many of all days each has a value."
    pictures.append(
        picture_of(figure, f"Map of the mask: share of valid days; {_range(rain.valid)}", note, "png", title="Mask")
    )
    return Section("The target", ["Maps of the training days, and the mask."], pictures)


def _days(found: Inspection) -> Section:
    months = found.months
    figure = plots.record([int(year) for year in months.years], months.months, months.days, months.heavy, months.split)
    alt = f"Days of each month from {months.years[0]} to {months.years[-1]}, with the split and the heavy days"
    note = "Colour: split, paler where days are missing. Number: heavy days by the observed rain."
    if months.months[0] != 1:
        note += " A row is a season over New Year, with the year in which it ends."
    head = [
        "",
        "first",
        "last",
        "days",
        "heavy",
        *(f"{name}" for name in SEASONS),
        "mean [mm/day]",
        "wet",
        "largest [mm/day]",
    ]
    rows = [
        [
            one.split,
            date(one.first),
            date(one.last),
            str(one.days),
            str(one.heavy),
            *(f"{days} ({heavy})" for days, heavy in zip(one.by_season, one.heavy_by_season, strict=True)),
            amount(one.mean),
            percent(one.wet),
            amount(one.largest),
        ]
        for one in found.splits
    ]
    tables = [Table(head, rows, (0, 1, 2))]
    missing = sum(gap.days for gap in found.gaps)
    if missing:
        gaps = [[date(gap.first), date(gap.last), str(gap.days)] for gap in found.gaps[:10]]
        tables.append(Table(["gap from", "to", "days"], gaps, (0, 1)))
    said = f"{missing} days are missing between the first and the last." if missing else "No day is missing."
    notes = [f"Days of each season, and in brackets the heavy ones by the observed rain. {said}"]
    return Section("Days", notes, [picture_of(figure, alt, note, is_wide=True)], tables)


def _explained(found: Inspection) -> Section:
    rows = [[one.title, percent(one.share), amount(one.crps), percent(one.gain)] for one in found.explained]
    linear = found.method("linear")
    notes = [] if linear is None else [f"By a linear fit, {percent(linear.share)}: {meaning_of(linear.share)}."]
    notes.append(
        "Share of the variance of log1p(rain) at single cells. The fit is measured on training days that it did not "
        f"see, the others on {len(chosen_days(found.store))} days of {SPLIT}. CRPS: the error of ten members, of one "
        "where the method gives one value. Below 0 % a method is further from the rain than the mean of each cell over "
        "the training days is. A model has to be better than the best row."
    )
    head = ["", "of the variance", "CRPS [mm/day]", "below climatology"]
    return Section("How well the predictors explain the rain", notes, (), [Table(head, rows)])


def _lags(found: Inspection) -> Section | None:
    if not found.lags:
        return None
    shown = found.lags[:MOST_LAGS]
    figure = plots.lags([one.name for one in shown], np.array([one.correlations for one in shown]))
    best = shown[0]
    figures = ", ".join(map(correlation, best.correlations))
    alt = f"Correlations of {len(shown)} predictors; the best, {best.name}: {figures}"
    note = (
        "Mean rain against the mean of the predictor over the region, on training days. Where the day before or after "
        "fits much better than the same day, the days of a file may be shifted."
    )
    rows = [[one.name, *map(correlation, one.correlations)] for one in found.lags]
    table = Table(["", "day before", "same day", "day after"], rows)
    pictures = [picture_of(figure, alt, note)]
    return Section("Predictors on neighbouring days", (), pictures, [table], beside=True)


def _largest(found: Inspection) -> Section:
    head = ["day", "split", "mm/day", "median of the neighbours", "where"]
    rows = [[date(one.day), one.split, amount(one.value), amount(one.neighbours), one.where] for one in found.largest]
    action = found.store.attrs.get("suspect_action", "")
    notes = [f"Suspect values, which all their neighbours contradict (data.suspect: {action or 'keep'}): "]
    notes = [notes[0] + (f"{len(found.suspects)}." if found.suspects else "none.")]
    return Section("Largest values", notes, (), [Table(head, rows, (0, 1, 4))], found.suspects[:20])


def picture_of(
    figure: Figure,
    alt: str,
    caption: str = "",
    kind: Literal["png", "svg"] = "svg",
    *,
    title: str = "",
    is_wide: bool = False,
) -> Picture:
    """A figure as a picture that needs no file beside the page."""
    text = base64.b64encode(picture(figure, kind, dpi=130)).decode("ascii")
    return Picture(f"data:image/{'png' if kind == 'png' else 'svg+xml'};base64,{text}", alt, caption, title, is_wide)


def _edge_of_cells(found: Inspection) -> np.ndarray:
    """The edge of the valid cells, (segment, 2, 2) in longitude and latitude."""
    grid = Grid.of(found.store["precip"])
    if grid.latitude is None or grid.longitude is None:
        return np.zeros((0, 2, 2))
    places = map_frame(found.store).outline.reshape(-1, 2)[:, ::-1].T + 0.5
    both = [map_coordinates(corners(v), places, order=1, mode="nearest") for v in (grid.longitude, grid.latitude)]
    return np.stack(both, -1).reshape(-1, 2, 2)


def _coarse_centres(found: Inspection) -> np.ndarray:
    grid = Grid.of(found.store, "_lr")
    if grid.latitude is None or grid.longitude is None:
        return np.zeros((0, 2))
    return np.stack([grid.longitude.ravel(), grid.latitude.ravel()], -1)


def _range(field: np.ndarray) -> str:
    known = field[np.isfinite(field)]
    return f"{amount(float(known.min()))} to {amount(float(known.max()))}" if known.size else "no value"
