"""Map projections of grids, from CF grid mappings, and positions from one projection in another."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyproj

from rainsmith.base.errors import UserError

WGS84 = pyproj.CRS.from_epsg(4326)
"""Latitudes and longitudes as a projection of their own."""
METRES = {name: 1.0 for name in ("m", "metre", "metres", "meter", "meters")} | {
    name: 1000.0
    for name in ("km", "kilometre", "kilometres", "kilometer", "kilometers", "1000 m", "1000m", "10^3 m", "1e3 m")
}
"""[m] Length of the units that axes of a projection are in."""
_LARGEST_KM = 20_000.0
_PROJ_KEYS = ("proj4", "proj4_params", "proj4_string", "proj4string", "proj4text", "proj_string", "epsg_code")


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
    items = tuple((k, tuple(np.ravel(v).tolist()) if np.ndim(v) else v) for k, v in mapping.items())
    in_km = all(METRES.get(_spelled(attrs[axis])) == 1000.0 for axis in "yx")
    return _from_mapping(items, in_km)


def projected_units(axis: Mapping[str, Any], crs: pyproj.CRS, mapping: Mapping[str, Any]) -> float:
    """The factor from the values of an axis to the unit of its projection.

    Args:
        axis: attributes of the axis; one without ``units`` is taken to be in the unit of the projection.
        crs: the projection.
        mapping: attributes of the grid mapping, whose ``perspective_point_height`` [m] axes in radians are multiplied
            with.

    Raises:
        UserError: the unit is not one of length.
    """
    unit = _spelled(axis)
    if not unit or not crs.is_projected:
        return 1.0
    metres = METRES.get(unit)
    if metres is None and unit in ("rad", "radian", "radians") and "perspective_point_height" in mapping:
        metres = float(mapping["perspective_point_height"])
    if metres is None:
        raise UserError(f"an axis of a projection is in '{unit}'; expected m or km; correct its 'units'")
    return float(metres / crs.axis_info[0].unit_conversion_factor)


def _spelled(attrs: Mapping[str, Any]) -> str:
    return str(attrs.get("units", "")).strip().lower()


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
def _from_mapping(items: tuple[tuple[str, Any], ...], in_km: bool = False) -> pyproj.CRS | None:
    """The projection of a grid mapping. Results are kept, because pyproj needs about a second to look one up."""
    mapping = {k: list(v) if isinstance(v, tuple) else v for k, v in items}
    cf = {k: v for k, v in mapping.items() if k not in ("crs_wkt", "spatial_ref")}
    for key in ("false_easting", "false_northing") if in_km else ():
        value: Any = cf.get(key)
        # CF gives them in the unit of the axes, many files in m; 20,000 km are half way round the earth
        if value is not None and np.ndim(value) == 0 and abs(float(value)) < _LARGEST_KM:
            cf[key] = 1000.0 * float(value)
    readers: tuple[tuple[Callable[[Any], pyproj.CRS], Any], ...] = (
        (pyproj.CRS.from_wkt, mapping.get("crs_wkt")),
        (pyproj.CRS.from_wkt, mapping.get("spatial_ref")),
        (pyproj.CRS.from_cf, cf),
        *((pyproj.CRS.from_user_input, mapping.get(key)) for key in _PROJ_KEYS),
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
