"""The user's mask ``data.mask``: cells outside are left out of training and scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, X, Y, valid_cells
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import changed
from rainsmith.config import Data, Mask
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.coverage import extents_of
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.files import open_map
from rainsmith.data.sources.statics import stack_statics

WITH_MASKED = "valid_with_masked"
"""Coordinate (y, x) of a masked target: the cells that are valid in its files, whether inside the mask or not."""
INSIDE_FROM = 0.5
"""A cell is inside the mask from this value on: half the cell for a fraction, 1 for flags, any number of a region."""
_NO_NUMBER_OF_A_REGION = 1e15
_MOST_NAMED = 6


def apply_mask(precip: xr.DataArray, settings: Data, log: CheckLog | None = None) -> xr.DataArray:
    """Make all values outside ``data.mask`` missing.

    Args:
        precip: (time, y, x), checked, with 2-D latitudes and longitudes where they are known.
        settings: the section ``data`` of the configuration.
        log: takes how many cells are kept, and which values of the map count as inside.

    Returns:
        The same array where there is no mask; else the masked one, with the coordinate ``WITH_MASKED``.

    Raises:
        UserError: no valid cell is inside, the map does not cover the target, or a box needs coordinates.
    """
    mask = settings.mask
    if mask.files is None and mask.box is None:
        return precip
    grid, valid = Grid.of(precip), valid_cells(precip)
    inside = np.ones(grid.shape, dtype=bool)
    notice = ""
    if mask.box is not None:
        inside &= in_box(grid, mask.box)
    if mask.files is not None:
        from_map, notice = _in_map(mask, precip, settings)
        inside &= from_map
    kept, of = int((inside & valid.values).sum()), int(valid.sum())
    if not kept:
        box = "" if mask.box is None else f" (box: west, south, east, north {', '.join(f'{v:g}' for v in mask.box)})"
        raise UserError(
            f"data.mask holds none of the {of} valid cells of the target ({extents_of(grid)[0]}){box}; "
            "correct 'data.mask'"
        )
    if log is not None:
        log.notices.append(f"data.mask keeps {kept} of {of} valid cells{notice}")
        log.attributes |= {"mask_given": described(mask), "cells_masked": of - kept}
    masked = changed(precip, lambda block: np.where(inside, block, block.dtype.type(np.nan)))
    return masked.assign_coords({WITH_MASKED: ((Y, X), valid.values)})


def without_masked(precip: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray | None]:
    """The target without the coordinate of masked cells, and that coordinate; None where there is no mask."""
    if WITH_MASKED not in precip.coords:
        return precip, None
    valid = precip[WITH_MASKED].drop_vars([WITH_MASKED, TIME], errors="ignore")
    return precip.drop_vars(WITH_MASKED), valid


def in_box(grid: Grid, box: tuple[float, float, float, float]) -> np.ndarray:
    """Which cells have their centre in a box; its longitudes may be counted from -180 or from 0.

    Args:
        grid: the cells.
        box: west, south, east, north [degrees]; a box whose east lies west of its west crosses the date line.

    Returns:
        (y, x) bool.

    Raises:
        UserError: the grid has no latitudes and longitudes.
    """
    if grid.latitude is None or grid.longitude is None:
        raise UserError(
            "data.mask.box is in degrees, and the target has no latitudes and longitudes; add 2-D 'latitude' and "
            "'longitude' or a CF grid mapping to its file, or give the mask as a map"
        )
    west, south, east, north = box
    width = 360.0 if east - west >= 360.0 else (east - west) % 360.0
    from_west = (grid.longitude - west) % 360.0
    return np.asarray((from_west <= width) & (grid.latitude >= south) & (grid.latitude <= north))


def described(mask: Mask) -> str:
    """The mask in a few words, for the attributes of the store."""
    parts = [] if mask.files is None else [f"{mask.files}" + (f": {mask.variable}" if mask.variable else "")]
    parts += [] if mask.box is None else ["box " + " ".join(f"{value:g}" for value in mask.box)]
    return ", ".join(parts)


def _in_map(mask: Mask, precip: xr.DataArray, settings: Data) -> tuple[np.ndarray, str]:
    da = open_map(mask.files or [], mask.variable, settings.root, mask.select)
    values = da.values / (100.0 if str(da.attrs.get("units", "")) in ("%", "percent") else 1.0)
    greatest = float(np.nanmax(values, initial=0.0))
    if greatest >= _NO_NUMBER_OF_A_REGION:
        raise UserError(
            f"the mask '{da.name}' holds {greatest:g}, which looks like a missing value without '_FillValue'; "
            "expected 0 and 1, numbers of regions, or fractions; add the attribute to the file"
        )
    if greatest > 1.0 and (values[np.isfinite(values)] % 1.0 != 0.0).any():
        raise UserError(
            f"the mask '{da.name}' holds numbers between whole ones up to {greatest:g}; expected 0 and 1, numbers of "
            "regions, or fractions from 0 to 1; where they are percent, give them the attribute units '%'"
        )
    flags = da.copy(data=(values >= INSIDE_FROM).astype(np.float32))
    named = np.unique(values[values >= INSIDE_FROM])
    whole = named.size <= _MOST_NAMED and named.tolist() != [1.0]
    meanings = _meanings(da)
    listed = ", ".join(f"{v:g}{meanings.get(float(v), '')}" for v in named)
    notice = f" (values {listed} count as inside)" if whole else ""
    reference: Any = valid_cells(precip).assign_attrs(grid_mapping=precip.attrs.get("grid_mapping", ""))
    return np.asarray(stack_statics([flags], reference).values[0] >= INSIDE_FROM), notice


def _meanings(da: xr.DataArray) -> dict[float, str]:
    """What a file says of the values of its flags, such as {1.0: " sea", 2.0: " land"}."""
    values = np.atleast_1d(da.attrs.get("flag_values", []))
    words = str(da.attrs.get("flag_meanings", "")).split()
    fits = len(values) == len(words)
    return {float(value): f" {word}" for value, word in zip(values, words, strict=True)} if fits else {}
