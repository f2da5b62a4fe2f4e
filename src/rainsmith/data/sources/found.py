"""What a source of data was found to be: its unit, days, cells and extent, kept with the store for ``inspect``."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.sphere import wrap_degrees
from rainsmith.data.sources.statics import EARTH_RADIUS_KM

SIDE_POINTS = 12
"""Points of an outline on each side of a grid, before those on straight lines are left out."""
ON_LINE = 0.002
"""[degrees] A point so near to the line between its neighbours lies on it; outlines are rounded to half of that."""


def found(field: xr.DataArray, kind: str, name: str, unit: str, *, factor: float = 1.0) -> dict[str, Any]:
    """What ``inspect`` says of one source, as values for JSON.

    Args:
        field: (time, y, x), or (y, x) for a static map, as it is used.
        kind: target, predictor or static.
        name: what it is called.
        unit: of the file, or that of the configuration where it replaces it; "" where none is known.
        factor: by which its values were multiplied.

    Returns:
        ``kind``, ``name``, ``unit_found``, ``unit`` (in which it is used), ``factor``, ``rows``, ``columns``,
        ``spacing`` of them [km] (empty without latitudes and longitudes), ``outline`` (longitude and latitude of its
        border, in order), and for a field of days the ``first`` and ``last`` that were read (YYYYMMDD) and ``days``.
    """
    grid = Grid.of(field)
    values: dict[str, Any] = {
        "kind": kind,
        "name": name,
        "unit_found": unit,
        "unit": str(field.attrs.get("units", "")),
        "factor": factor,
        "rows": grid.shape[0],
        "columns": grid.shape[1],
        "spacing": spacing(grid),
        "outline": outline(grid),
    }
    if TIME in field.dims:
        days = day_numbers(field[TIME])
        values |= {"first": int(days[0]), "last": int(days[-1]), "days": len(days)}
    return values


def spacing(grid: Grid) -> list[float]:
    """[km] Median distance of neighbouring rows and of neighbouring columns; empty where one of them is unknown."""
    if grid.latitude is None or grid.longitude is None or min(grid.shape) < 2:
        return []
    distances = []
    for axis in (0, 1):
        shrink = np.cos(np.deg2rad(grid.latitude)).take(range(grid.shape[axis] - 1), axis=axis)
        east = wrap_degrees(np.diff(grid.longitude, axis=axis)) * shrink
        degrees = np.hypot(np.diff(grid.latitude, axis=axis), east)
        distances.append(round(float(np.median(degrees)) * np.pi / 180 * EARTH_RADIUS_KM, 2))
    return distances


def outline(grid: Grid) -> list[list[float]]:
    """The border of the cells of a grid as [longitude, latitude] pairs [degrees]; empty where its place is unknown."""
    if grid.latitude is None or grid.longitude is None:
        return []
    middle = float(grid.longitude.flat[grid.longitude.size // 2])
    latitude = np.clip(corners(grid.latitude), -90.0, 90.0)
    longitude = corners(middle + wrap_degrees(grid.longitude - middle))
    rows, columns = (np.unique(np.linspace(0, n, SIDE_POINTS).round().astype(int)) for n in grid.shape)
    path = [
        *((0, column) for column in columns),
        *((row, -1) for row in rows),
        *((-1, column) for column in columns[::-1]),
        *((row, 0) for row in rows[::-1]),
    ]
    points = [[round(float(longitude[at]), 3), round(float(latitude[at]), 3)] for at in path]
    return _without_points_on_lines(points)


def _without_points_on_lines(points: list[list[float]]) -> list[list[float]]:
    """The same path without the points that lie between their neighbours: a box keeps its corners alone."""
    kept = points[:1]
    for point, following in pairwise(points[1:]):
        (x, y), before = point, kept[-1]
        across = (x - before[0]) * (following[1] - y) - (y - before[1]) * (following[0] - x)
        if abs(across) > ON_LINE * math.hypot(following[0] - before[0], following[1] - before[1]):
            kept.append(point)
    return [*kept, points[-1]]


def corners(centres: np.ndarray) -> np.ndarray:
    """(ny + 1, nx + 1) values at the corners of cells, from those at their centres; a single row has no height."""
    for axis in (0, 1):
        first, last = centres.take([0], axis), centres.take([-1], axis)
        if centres.shape[axis] > 1:
            first, last = 2 * first - centres.take([1], axis), 2 * last - centres.take([-2], axis)
        wider = np.concatenate([first, centres, last], axis)
        centres = (wider.take(range(wider.shape[axis] - 1), axis) + wider.take(range(1, wider.shape[axis]), axis)) / 2
    return centres
