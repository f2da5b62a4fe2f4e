"""Facts in two columns: what was judged, and where it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, X_LR, Y_LR, X, Y, day_numbers, in_day_set, in_split
from rainsmith.base.provenance import provenance
from rainsmith.config import dump_yaml
from rainsmith.plots.cells import CellSize, cell_size
from rainsmith.report.gather import Material
from rainsmith.report.maps import date_text
from rainsmith.report.parts import Facts, Part, Section, Verbatim
from rainsmith.report.words import number

CREDITS = ("title", "source", "institution", "references", "comment", "license", "licence", "terms")
"""Attributes of the store that say whose data these are."""
MOST_NAMES = 8
"""Channels that are named one by one."""
COUNTS = {
    "days_found": "days found",
    "days_dropped": "days dropped for lack of a lag or predictor",
    "days_in_gaps": "days left as gaps between splits",
    "negatives_set_to_zero": "tiny negative values set to 0",
    "suspect_values": "suspect values",
    "suspect_action": "what was done with them",
}
"""Attributes of the store that count what preparation did."""


def facts(material: Material) -> list[tuple[str, str]]:
    """What, where, when, how judged."""
    store, data = material.store, material.config.data
    cell = cell_size(store)
    numbers, split = day_numbers(store[TIME]), store["split"].values
    periods = []
    for index, name in enumerate(SPLITS):
        inside = numbers[split == index]
        if inside.size:
            first, last = date_text(int(inside[0])), date_text(int(inside[-1]))
            periods.append((name.capitalize(), f"{first} to {last}, {inside.size} days"))
    judged = in_split(store, material.split)
    heavy = int(in_day_set(judged, "heavy").sum())
    size = f" of {cell.words}" if cell.words else ""
    p95, p99, heavy_mm = (number(float(store[name])) for name in ("p95", "p99", "heavy_threshold"))
    return [
        ("Region", region(store)),
        ("Fine grid", f"{store.sizes[Y]} x {store.sizes[X]} cells{size}, {int(store['mask'].sum())} of them valid"),
        ("Coarse input", _coarse(store, cell)),
        *periods,
        (
            "Thresholds",
            f"wet from {data.wet_mm:g} mm/day; training P95 {p95}, P99 {p99} mm/day of all cells and days",
        ),
        (
            "Heavy day",
            f"at least {100 * data.heavy_area:g} % of the cells above {heavy_mm} mm/day; "
            f"{heavy} of {judged.sizes[TIME]} {material.split} days",
        ),
        ("Model", material.config.model.summary),
        *[(f"{mode.capitalize()} members", _members(members)) for mode, members in material.samples.items()],
    ]


def title_of(material: Material) -> str:
    """The title of the data, or where they are."""
    return str(material.store.attrs.get("title", "")) or f"Daily rain, {region(material.store)}"


def subtitle(material: Material) -> str:
    """Where, when and by what, in one line under the title."""
    store, days = material.store, day_numbers(material.days[TIME])
    cell = cell_size(store).words
    grid = f"{store.sizes[Y]} x {store.sizes[X]} cells{f' of {cell}' if cell else ''}"
    period = f"{material.split} days {date_text(int(days[0]))} to {date_text(int(days[-1]))}" if days.size else ""
    where = region(store) if title_of(material) == str(store.attrs.get("title", "")) else ""
    return " \N{MIDDLE DOT} ".join(filter(None, [where, grid, period, f"model {material.model}"]))


def region(store: xr.Dataset) -> str:
    """The box that holds all valid cells, in degrees."""
    if "latitude" not in store.coords or "longitude" not in store.coords:
        return "without latitudes and longitudes"
    mask = np.asarray(store["mask"].values, dtype=bool)
    latitude, longitude = store["latitude"].values, store["longitude"].values
    if latitude.ndim == 1:
        longitude, latitude = np.meshgrid(longitude, latitude)
    return f"{_degrees(latitude[mask], 'SN')}, {_degrees(longitude[mask], 'WE')}"


def _degrees(values: np.ndarray, names: str) -> str:
    ends = [f"{abs(v):.1f}\N{DEGREE SIGN}{names[int(v >= 0)]}" for v in (np.nanmin(values), np.nanmax(values))]
    return " to ".join(ends)


def _coarse(store: xr.Dataset, cell: CellSize) -> str:
    """Channels, cells and, where the coarse grid is made of blocks of the fine one, their size."""
    block = int(store.attrs.get("coarsen", 0) or 0)
    of_block = CellSize(block * cell.height, block * cell.width, cell.unit) if block else None
    size = f" of {of_block.words}" if of_block and of_block.words else ""
    names = [str(name) for name in store["channel"].values]
    named = f": {', '.join(names)}" if len(names) <= MOST_NAMES else ""
    count = f"{len(names)} channel{'s' if len(names) > 1 else ''}"
    return f"{count} on {store.sizes[Y_LR]} x {store.sizes[X_LR]} cells{size}{named}"


def _members(members: xr.Dataset) -> str:
    attrs: dict[Any, Any] = members.attrs
    epoch = attrs.get("checkpoint_epoch")
    of_epoch = f" (epoch {int(epoch)})" if isinstance(epoch, int | np.integer) and epoch >= 1 else ""
    temperature = attrs.get("temperature", 1.0)
    warmth = temperature if isinstance(temperature, str) else f"{temperature:g}"  # a foreign store may hold any text
    networks = attrs.get("networks", 1)
    pool = f", a pool of {int(networks)} networks" if isinstance(networks, int | np.integer) and networks > 1 else ""
    return (
        f"{members.sizes['member']} a day on {members.sizes[TIME]} days, checkpoint "
        f"{attrs.get('checkpoint', 'unknown')}{of_epoch}{pool}, temperature {warmth}"
    )


def provenance_section(material: Material) -> Section:
    """Whose data these are, what made the report, and the configuration."""
    config = dump_yaml(material.config.model_dump(mode="json", by_alias=True))
    parts: list[Part] = [
        Facts("Data and model", facts(material)),
        Facts("Whose data these are", credit_rows(material)),
        Facts("This report", provenance_rows(material)),
        Verbatim("Configuration", config),
    ]
    answer = "The grid, the periods, the thresholds, whose data these are, versions, seeds and the configuration."
    return Section("provenance", "Data and provenance", parts=parts, answer=answer)


def credit_rows(material: Material) -> list[tuple[str, str]]:
    """Whose data these are, on what terms, and what preparation counted."""
    attrs, data = material.store.attrs, material.config.data
    rows = [(key.capitalize(), str(attrs[key])) for key in CREDITS if attrs.get(key)]
    if data.credit and not attrs.get("terms"):  # the store may be older than the credit
        rows.append(("Terms", data.credit))
    if not any(attrs.get(key) for key in ("source", "institution")):
        files = data.target.files
        named = files if isinstance(files, str) else ", ".join(files)
        rows.append(("Source", f"the files name none; read from {named}"))
    return rows + [(COUNTS[key].capitalize(), str(attrs[key]) or "none") for key in COUNTS if key in attrs]


def provenance_rows(material: Material) -> list[tuple[str, str]]:
    """Versions, seeds, checksums and the time of the report."""
    config, made = material.config, provenance(material.config)
    rows = [
        ("Report made", made["created"]),
        ("Configuration", f"sha256 {made['config_sha256']}"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in made["versions"].items())),
        ("Seeds", f"training {config.seed}, sampling {config.sampling.seed}"),
    ]
    for mode, members in material.samples.items():
        digest = members.attrs.get("checkpoint_sha256")
        if digest:
            rows.append((f"Checkpoint of the {mode} members", f"{members.attrs.get('checkpoint')}, sha256 {digest}"))
    prepared = material.store.attrs.get("history")
    return rows + ([("Data prepared", str(prepared).splitlines()[0])] if prepared else [])
