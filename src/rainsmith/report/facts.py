"""Facts in two columns: what was judged, and where it comes from."""

from __future__ import annotations

from typing import Any

import numpy as np

from rainsmith.base.dims import SPLITS, TIME, day_numbers, in_day_set, in_split
from rainsmith.base.provenance import provenance
from rainsmith.report.distributions import cell_size
from rainsmith.report.gather import Material
from rainsmith.report.pictures import date_text
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
    """What, where, when, how judged: the table at the head of the page."""
    store = material.store
    cell, unit = cell_size(store)
    numbers, split = day_numbers(store[TIME]), store["split"].values
    periods = []
    for index, name in enumerate(SPLITS):
        inside = numbers[split == index]
        if inside.size:
            periods.append((name.capitalize(), f"{_date(inside[0])} to {_date(inside[-1])}, {inside.size} days"))
    judged = in_split(store, material.split)
    heavy = int(in_day_set(judged, "heavy").sum())
    rows = [
        ("Region", region(material)),
        ("Fine grid", f"{store.sizes['y']} x {store.sizes['x']} cells{f' of {cell:.3g} km' if unit == 'km' else ''}, "
                      f"{int(store['mask'].sum())} of them valid"),
        ("Coarse input", _coarse(material, cell, unit)),
        *periods,
        ("Thresholds", f"wet from {material.config.data.wet_mm:g} mm/day; training P95 {number(float(store['p95']))}, "
                       f"P99 {number(float(store['p99']))} mm/day, of all cells and days, dry ones too"),
        ("Heavy day", f"at least {100 * material.config.data.heavy_area:g} % of the cells above "
                      f"{number(float(store['heavy_threshold']))} mm/day; "
                      f"{heavy} of {judged.sizes[TIME]} {material.split} days"),
        ("Model", _model(material)),
    ]  # fmt: skip
    rows += [
        (f"{mode.capitalize()} members", _members(data.attrs, data.sizes)) for mode, data in material.samples.items()
    ]
    return rows


def _coarse(material: Material, cell: float, unit: str) -> str:
    """Channels, cells and, where the coarse grid is made of blocks of the fine one, their size."""
    store = material.store
    block = int(store.attrs.get("coarsen", 0) or 0)
    size = f" of {block * cell:.3g} km" if block and unit == "km" else ""
    names = [str(name) for name in store["channel"].values]
    named = f": {', '.join(names)}" if len(names) <= MOST_NAMES else ""
    return f"{len(names)} channels on {store.sizes['y_lr']} x {store.sizes['x_lr']} cells{size}{named}"


def region(material: Material) -> str:
    """The box that holds all valid cells, in degrees."""
    store = material.store
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


def _date(number_of_day: int) -> str:
    return date_text(int(number_of_day))


def _model(material: Material) -> str:
    model = material.config.model
    if model.name == "flat":
        return f"flat, injection {model.injection}, {model.d_z} latent dimensions, base filters {model.base_filters}"
    widths = ", ".join(map(str, model.channels))
    return f"{model.name}, {model.levels} levels of {widths} channels, mass {model.mass}"


def _members(attrs: dict[Any, Any], sizes: Any) -> str:
    epoch = attrs.get("checkpoint_epoch")
    parts = [f"{sizes['member']} a day on {sizes[TIME]} days", f"checkpoint {attrs.get('checkpoint', 'unknown')}"]
    if isinstance(epoch, int | np.integer) and epoch >= 0:
        parts[-1] += f" (epoch {int(epoch) + 1})"
    parts.append(f"temperature {attrs.get('temperature', 1.0):g}")
    return ", ".join(parts)


def credit_rows(material: Material) -> list[tuple[str, str]]:
    """Whose data these are, on what terms, and what preparation counted."""
    attrs = material.store.attrs
    rows = [(key.capitalize(), str(attrs[key])) for key in CREDITS if attrs.get(key)]
    if material.config.data.credit and not attrs.get("terms"):  # the store may be older than the credit
        rows.append(("Terms", material.config.data.credit))
    if not any(attrs.get(key) for key in ("source", "institution")):
        files = material.config.data.target.files
        named = files if isinstance(files, str) else ", ".join(files)
        rows.append(("Source", f"the files name none; read from {named}"))
    return rows + [(COUNTS[key].capitalize(), str(attrs[key]) or "none") for key in COUNTS if key in attrs]


def provenance_rows(material: Material) -> list[tuple[str, str]]:
    """Versions, seeds, checksums and the time of the report."""
    made = provenance(material.config)
    rows = [("Report made", made["created"]), ("Configuration", f"sha256 {made['config_sha256']}")]
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in made["versions"].items())))
    rows.append(("Seeds", f"training {material.config.seed}, sampling {material.config.sampling.seed}"))
    for mode, data in material.samples.items():
        digest = data.attrs.get("checkpoint_sha256")
        if digest:
            rows.append((f"Checkpoint of the {mode} members", f"{data.attrs.get('checkpoint')}, sha256 {digest}"))
    prepared = material.store.attrs.get("history")
    if prepared:
        rows.append(("Data prepared", str(prepared).splitlines()[0]))
    return rows
