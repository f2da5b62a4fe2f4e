"""Static maps among the files, as far as they fit the target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import GRID
from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks import check_input
from rainsmith.data.sources.files import open_map
from rainsmith.data.sources.statics import DISTANCE_TO_COAST, stack_statics
from rainsmith.init.entries import Entry
from rainsmith.init.places import Root, pattern_of
from rainsmith.init.roles import why_no_predictor
from rainsmith.init.sources import Source

FINE_ENOUGH = 1.6
"""A map is used whose cells are at most so many times as wide as the target's."""
MOST_MAPS = 8
_COAST = re.compile(r"coast|distance.*sea|sea.*distance", re.IGNORECASE)


def choose_maps(
    maps: Sequence[Source], precip: xr.DataArray, settings: Data, target_km: float, root: Root
) -> tuple[list[Entry], list[tuple[Source, str]]]:
    """Entries of ``data.statics``, and maps that are left out with the reason.

    Args:
        maps: maps without time.
        precip: (time, y, x) [mm/day] on some days.
        settings: the section ``data`` that read them.
        target_km: [km] size of the target's cells, NaN where it is unknown.
        root: below which files are named.
    """
    valid = precip.isel(time=0).copy(data=np.isfinite(precip.values).any(axis=0)).drop_vars("time", errors="ignore")
    valid.attrs["grid_mapping"] = precip.attrs.get("grid_mapping", "")
    entries: list[Entry] = []
    left_out: list[tuple[Source, str]] = []
    names: set[str] = set()
    for source in maps:
        why, about = _look_at(source, precip, valid, settings, target_km)
        if not why and (source.name in names or len(entries) == MOST_MAPS):
            why = "another map of this name is used" if source.name in names else f"{MOST_MAPS} maps are enough"
        if why:
            left_out.append((source, why))
            continue
        names.add(source.name)
        select = {dim: values[0] for dim, values in source.first.levels.items()}
        values = {"files": pattern_of(source.paths, root), "variable": source.name}
        entries.append(Entry("", values | ({"select": select} if select else {}), (about,)))
    if valid.values.all():
        return entries, left_out
    if not any(_COAST.search(f"{name}") for name in names):
        share = 1.0 - float(valid.values.mean())
        reason = f"derived from the mask: {share:.0%} of the cells of the target never hold a value, as at sea"
        entries.append(Entry("", {"derive": DISTANCE_TO_COAST}, (reason,)))
    return entries, left_out


def _look_at(
    source: Source, precip: xr.DataArray, valid: xr.DataArray, settings: Data, target_km: float
) -> tuple[str, str]:
    """Why a map is not used, "" where it is; and what to say of it."""
    variable = source.first
    if why := why_no_predictor(variable):
        return why, ""
    if source.km > FINE_ENOUGH * target_km:
        return f"its cells are {source.km:.3g} km wide, those of the target {target_km:.3g} km", ""
    select = {dim: values[0] for dim, values in variable.levels.items()}
    try:
        given = open_map(str(variable.path), variable.name, Path("/"), select)
        checked = check_input(given, "static", "read", settings, None, precip)
        values = stack_statics([checked], valid).values[0][valid.values]
    except UserError as error:
        return str(error), ""
    if np.ptp(values) == 0:
        return f"it is {values.flat[0]:g} everywhere on the target", ""
    if valid.dims != GRID:
        return "its cells cannot be placed", ""
    about = variable.about.attrs
    name = str(about.get("long_name", about.get("standard_name", ""))).strip() or source.name
    unit = f" [{variable.units}]" if variable.units else ""
    return "", f"{name}{unit}: {values.min():.4g} to {values.max():.4g} on the target"
