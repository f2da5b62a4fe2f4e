"""Figures of a run as pictures: maps of its heaviest days, one file a day or one picture a panel."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.files import atomic
from rainsmith.plots import maps, style
from rainsmith.report.gather import Material, heaviest

PANELS = 8
"""Maps of a day: two rows of four."""
POSTERIOR_PANELS = 2
_MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True)
class Picture:
    """A picture inside the page: its data URI, what it shows in words, and how to read it."""

    source: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class PanelPicture:
    """One map of a day with the text that stands above it."""

    title: str
    note: str
    kind: str
    source: str


@dataclass(frozen=True)
class DayPictures:
    """All maps of a day."""

    title: str
    facts: str
    panels: list[PanelPicture]


def embed(figure: Figure, alt: str, caption: str = "", kind: Literal["png", "svg"] = "svg", dpi: int = 140) -> Picture:
    """A figure as a picture that needs no file beside the page."""
    text = base64.b64encode(style.picture(figure, kind, dpi)).decode("ascii")
    return Picture(f"data:image/{'png' if kind == 'png' else 'svg+xml'};base64,{text}", alt, caption)


def date_text(number: int) -> str:
    """20201003 as ``3 October 2020``."""
    year, month, day = number // 10000, number // 100 % 100, number % 100
    return f"{day} {_MONTHS[month - 1]} {year}"


def panels_of(material: Material, position: int) -> list[maps.Panel]:
    """Maps of the day at ``position`` of ``material.days``: observed, coarse input, posterior and prior members.

    The first members are taken as they come; none is selected. Prior members fill the places that are left.
    """
    day = material.days.isel({TIME: position})
    number = int(day_numbers(material.days[TIME])[position])
    panels = [maps.rain_panel("Observed", "observed", day["precip"].values), maps.coarse_panel(day)]
    for mode, places in (("posterior", POSTERIOR_PANELS), ("prior", PANELS)):
        members = material.samples.get(mode)
        if members is None:
            continue
        at = int(np.flatnonzero(day_numbers(members[TIME]) == number)[0])
        shown = members["precip"].isel({TIME: at, "member": slice(0, min(places, PANELS - len(panels)))}).values
        kind: Literal["prior", "posterior"] = "prior" if mode == "prior" else "posterior"
        panels += [maps.rain_panel(f"{mode.capitalize()} member {i + 1}", kind, map_) for i, map_ in enumerate(shown)]
    return panels


def scale_of(material: Material, positions: Sequence[int]) -> style.RainScale:
    """One colour scale for the observed range of some days."""
    observed = material.days["precip"].isel({TIME: list(positions)}).values
    top = float(np.nanmax(observed)) if np.isfinite(observed).any() else 1.0
    return style.rain_scale(top, material.config.data.wet_mm)


def day_pictures(material: Material, count: int) -> tuple[list[DayPictures], Picture | None]:
    """The heaviest days as single maps, and the colour bar that they share."""
    positions = heaviest(material, count)
    if not positions:
        return [], None
    place, scale = maps.geography(material.store), scale_of(material, positions)
    numbers = day_numbers(material.days[TIME])
    days = []
    for position in positions:
        pictures = []
        for panel in panels_of(material, position):
            source = embed(maps.map_figure(panel, place, scale), panel.title, kind="png", dpi=130).source
            pictures.append(PanelPicture(panel.title, panel.note, panel.kind, source))
        days.append(DayPictures(date_text(int(numbers[position])), _facts(material, position), pictures))
    return days, embed(maps.bar_figure(scale), f"colour classes at {list(scale.levels[1:])} mm/day")


def _facts(material: Material, position: int) -> str:
    """What all prior members of a day say, beside what was observed."""
    members = material.samples.get("prior")
    number = int(day_numbers(material.days[TIME])[position])
    if members is None:
        return ""
    at = int(np.flatnonzero(day_numbers(members[TIME]) == number)[0])
    fields = members["precip"].isel({TIME: at}).values
    means, tops = np.nanmean(fields, axis=(1, 2)), np.nanmax(fields, axis=(1, 2))
    return (
        f"All {means.size} prior members: mean {means.min():.1f} to {means.max():.1f} mm, "
        f"wettest cell {tops.min():.0f} to {tops.max():.0f} mm"
    )


def write_days(material: Material, count: int, folder: Path) -> list[Path]:
    """Write one PNG for each of the heaviest days; the number in the name is the place in the order."""
    positions = heaviest(material, count)
    if not positions:
        return []
    place, scale = maps.geography(material.store), scale_of(material, positions)
    numbers = day_numbers(material.days[TIME])
    written = []
    for rank, position in enumerate(positions, start=1):
        number = int(numbers[position])
        figure = maps.day_figure(date_text(number), panels_of(material, position), place, scale)
        date = f"{number // 10000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"
        path = folder / f"{rank:03d}_{date}.png"
        with atomic(path) as scratch:
            scratch.write_bytes(style.picture(figure, "png", 150))
        written.append(path)
    return written
