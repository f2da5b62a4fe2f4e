"""The section of the heaviest days: maps of observation, coarse input and members; and the same as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from rainsmith.base.dims import MEMBER, TIME, day_numbers
from rainsmith.base.files import atomic
from rainsmith.plots import maps, style
from rainsmith.report.gather import Material
from rainsmith.report.parts import DayMaps, Days, Section, embed
from rainsmith.report.scores import honesty
from rainsmith.report.topics import MAPS

PANELS = 8
"""Maps of a day: two rows of four."""
POSTERIOR_PANELS = 2
_MONTHS = "January February March April May June July August September October November December".split()


def maps_section(material: Material, count: int) -> Section:
    """The heaviest days as maps on one colour scale."""
    note = [
        MAPS.question,
        "The days with the largest observed mean, all maps on one scale. Prior members know only the coarse input; "
        "posterior members vary the observed storm. The first members are shown as they come. "
        f"These days were chosen for their observed rain. {honesty(material)}",
    ]
    absent = [mode for mode in material.config.sampling.modes if mode not in material.samples]
    missing = " ".join(
        f"No {mode} members of the {material.split} days yet: 'rainsmith sample --mode {mode}' draws them"
        + (" if the model can vary observed storms." if mode == "posterior" else ".")
        for mode in absent
    )
    positions = heaviest(material, count)
    if not positions:
        missing = missing or "The samples and the store have no day in common: run 'rainsmith sample' again."
        return Section(MAPS.anchor, MAPS.title, missing=missing)
    frame, scale = maps.map_frame(material.store), scale_of(material, positions)
    days = []
    for position in positions:
        pictures = [
            embed(
                maps.map_figure(panel, frame, scale),
                panel.title,
                panel.note,
                kind="png",
                of_model=panel.kind in ("prior", "posterior"),
            )
            for panel in panels_of(material, position)
        ]
        days.append(DayMaps(date_text(_day_number(material, position)), _facts(material, position), pictures))
    bar = embed(maps.bar_figure(scale), f"Colour bar: classes at {list(scale.levels[1:])} mm/day")
    return Section(MAPS.anchor, MAPS.title, note, [Days(days, bar)], missing=missing)


def write_days(material: Material, count: int, folder: Path) -> list[Path]:
    """Write one PNG for each of the heaviest days; the number in the name is the place in the order."""
    positions = heaviest(material, count)
    if not positions:
        return []
    frame, scale = maps.map_frame(material.store), scale_of(material, positions)
    paths = []
    for rank, position in enumerate(positions, start=1):
        number = _day_number(material, position)
        figure = maps.day_figure(date_text(number), panels_of(material, position), frame, scale)
        path = folder / f"{rank:03d}_{number // 10000:04d}-{number // 100 % 100:02d}-{number % 100:02d}.png"
        with atomic(path) as scratch:
            scratch.write_bytes(style.picture(figure, "png", 150))
        paths.append(path)
    return paths


def heaviest(material: Material, count: int) -> list[int]:
    """Positions in ``material.days`` of the days with the largest observed mean, among those that were sampled."""
    days = material.days
    numbers = day_numbers(days[TIME])
    is_sampled = np.ones(numbers.size, dtype=bool)
    for members in material.samples.values():
        is_sampled &= np.isin(numbers, day_numbers(members[TIME]))
    mean = days["precip"].mean(("y", "x")).values
    mean = np.where(is_sampled & np.isfinite(mean), mean, -np.inf)
    order = np.argsort(-mean, kind="stable")
    return [int(i) for i in order[:count] if np.isfinite(mean[i])]


def panels_of(material: Material, position: int) -> list[maps.Panel]:
    """Maps of the day at ``position`` of ``material.days``: observed, coarse input, prior and posterior members.

    The first members are taken as they come; none is selected. Prior members fill the places that are left.
    """
    day = material.days.isel({TIME: position})
    panels = [maps.rain_panel("Observed", "observed", day["precip"].values), maps.coarse_panel(day)]
    posterior = _members(material, "posterior", position, POSTERIOR_PANELS)
    prior = _members(material, "prior", position, PANELS - len(panels) - len(posterior))
    kinds: tuple[tuple[Literal["prior", "posterior"], np.ndarray], ...] = (("prior", prior), ("posterior", posterior))
    for mode, fields in kinds:
        panels += [maps.rain_panel(f"{mode.capitalize()} member {i + 1}", mode, one) for i, one in enumerate(fields)]
    return panels


def scale_of(material: Material, positions: Sequence[int]) -> style.RainScale:
    """One colour scale for the observed range of some days."""
    observed = material.days["precip"].isel({TIME: list(positions)}).values
    top = float(np.nanmax(observed)) if np.isfinite(observed).any() else 1.0
    return style.rain_scale(top, material.config.data.wet_mm)


def date_text(number: int) -> str:
    """20201003 as ``3 October 2020``."""
    year, month, day = number // 10000, number // 100 % 100, number % 100
    return f"{day} {_MONTHS[month - 1]} {year}"


def _day_number(material: Material, position: int) -> int:
    return int(day_numbers(material.days[TIME])[position])


def _members(material: Material, mode: str, position: int, count: int | None = None) -> np.ndarray:
    """The first ``count`` members (member, y, x) [mm/day] of a day, or all of them; none where none were drawn."""
    members = material.samples.get(mode)
    if members is None:
        return np.empty((0, 0, 0))
    at = int(np.flatnonzero(day_numbers(members[TIME]) == _day_number(material, position))[0])
    return np.asarray(members["precip"].isel({TIME: at, MEMBER: slice(count)}).values)


def _facts(material: Material, position: int) -> str:
    """What all prior members of a day say."""
    fields = _members(material, "prior", position)
    if not fields.size:
        return ""
    means, tops = np.nanmean(fields, axis=(1, 2)), np.nanmax(fields, axis=(1, 2))
    return (
        f"All {means.size} prior members: mean {means.min():.1f} to {means.max():.1f} mm, "
        f"wettest cell {tops.min():.0f} to {tops.max():.0f} mm"
    )
