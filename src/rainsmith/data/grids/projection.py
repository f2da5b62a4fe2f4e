"""Map projections of grids, from CF grid mappings, and positions from one projection in another."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyproj

WGS84 = pyproj.CRS.from_epsg(4326)
"""Latitudes and longitudes as a projection of their own."""


def projection_of(attrs: Mapping[str, Mapping[str, Any]]) -> pyproj.CRS | None:
    """The projection of a grid's axes, None where it is unknown.

    Args:
        attrs: attributes of the axes "y" and "x", and of the grid mapping ("crs") where there is one.
    """
    if attrs["y"].get("standard_name") == "latitude" and attrs["x"].get("standard_name") == "longitude":
        return WGS84
    mapping = attrs.get("crs")
    if not mapping:
        return None
    return _from_mapping(tuple((k, tuple(v.tolist()) if isinstance(v, np.ndarray) else v) for k, v in mapping.items()))


def transform(here: pyproj.CRS, there: pyproj.CRS, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of one projection in another.

    Args:
        here: the projection of the positions.
        there: the projection that is wanted.
        x: eastings [m] or longitudes [degrees], any shape.
        y: northings [m] or latitudes [degrees], same shape.

    Returns:
        x and y in the other projection, same shape.
    """
    if here == there:
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    first, second = _transformer(here, there).transform(x, y)
    return np.asarray(first), np.asarray(second)


@functools.lru_cache
def _from_mapping(items: tuple[tuple[str, Any], ...]) -> pyproj.CRS | None:
    """The projection of a grid mapping. Results are kept, because pyproj needs about a second to look one up."""
    mapping = {k: list(v) if isinstance(v, tuple) else v for k, v in items}
    cf = {k: v for k, v in mapping.items() if k not in ("crs_wkt", "spatial_ref")}
    readers: tuple[tuple[Callable[[Any], pyproj.CRS], Any], ...] = (
        (pyproj.CRS.from_wkt, mapping.get("crs_wkt")),
        (pyproj.CRS.from_wkt, mapping.get("spatial_ref")),
        (pyproj.CRS.from_cf, cf),
        (pyproj.CRS.from_user_input, mapping.get("proj4")),
    )
    for read, text in readers:
        try:
            return read(text)
        except (KeyError, ValueError, TypeError, pyproj.exceptions.CRSError):
            continue
    return None


@functools.lru_cache
def _transformer(here: pyproj.CRS, there: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(here, there, always_xy=True)
