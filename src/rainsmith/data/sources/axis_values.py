"""Values of the coordinates of a file: numbers, in degrees, at the middle of their cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.grids.sphere import wrap_degrees

_RADIANS = frozenset("rad radian radians".split())
_FROM_EDGE = 0.4
"""[cells] A value is at the edge of its bounds where it lies farther than this from their middle."""
_OUTSIDE = 0.51
"""[cells] A value is outside of its bounds where it lies farther than this from their middle."""
_MOST = 0.9
"""Share of the values that must lie at one edge: at the poles cells are cut, and in rounding some differ."""


def axis_values(ds: xr.Dataset, line: xr.DataArray, path: Path | str, *, degrees: bool) -> tuple[np.ndarray, str]:
    """The values of an axis, and what was assumed of them.

    Args:
        ds: the file, which holds the bounds that the axis may name.
        line: (n,) the coordinate.
        path: the file, for messages.
        degrees: True where it holds latitudes or longitudes, which may be in radians.

    Returns:
        (n,) the middles of the cells where the values are their edges by their bounds, in degrees where they were in
        radians; else the values as they are. The notice is "" where nothing was assumed.

    Raises:
        UserError: it holds text.
    """
    values, notice = _in_degrees(line, path, degrees)
    bounds = _bounds(ds, line)
    if bounds is None:
        return values, notice
    # bounds are in the unit of their coordinate
    corners = np.rad2deg(bounds.values) if notice else bounds.values
    values, second = _at_middle(values, corners, str(line.name), turns=degrees)
    return values, "; ".join(part for part in (notice, second) if part)


def plane_values(plane: xr.DataArray, path: Path | str) -> tuple[np.ndarray, str]:
    """2-D latitudes or longitudes (y, x) in degrees, which a model may repeat for each time, and what was assumed.

    Args:
        plane: (y, x), or (time, y, x) with the same values at each time.
        path: the file, for messages.

    Raises:
        UserError: they hold text, or the cells move in time.
    """
    values, notice = _in_degrees(plane, path, True)
    if values.ndim == 3:
        if not np.array_equal(np.broadcast_to(values[:1], values.shape), values, equal_nan=True):
            raise UserError(
                f"{path}: '{plane.name}' changes in time; expected cells that stay where they are; bring the field to "
                "a fixed grid first"
            )
        values = values[0]
    return values, notice


def _in_degrees(coordinate: xr.DataArray, path: Path | str, degrees: bool) -> tuple[np.ndarray, str]:
    if coordinate.dtype.kind not in "iufb":
        example = str(coordinate.values.flat[0]) if coordinate.size else ""
        raise UserError(
            f"{path}: the coordinate '{coordinate.name}' holds text or dates (such as '{example}'); expected numbers; "
            "write it as numbers"
        )
    if degrees and _is_in_radians(coordinate):
        return np.rad2deg(coordinate.values.astype(np.float64)), f"'{coordinate.name}' converted from radians"
    return coordinate.values, ""


def _is_in_radians(coordinate: xr.DataArray) -> bool:
    return str(coordinate.attrs.get("units", "")).strip().lower() in _RADIANS


def _bounds(ds: xr.Dataset, line: xr.DataArray) -> xr.DataArray | None:
    """The bounds (n, 2) that a coordinate names, None where it names none or they are missing or not numbers."""
    name = line.attrs.get("bounds", line.encoding.get("bounds"))
    if name is None or name not in ds.variables:
        return None
    bounds = ds[name]
    fits = bounds.ndim == 2 and bounds.dims[0] == line.dims[0] and bounds.shape[1] == 2 and bounds.dtype.kind in "iuf"
    return bounds if fits and np.isfinite(bounds.values).all() else None


def _at_middle(values: np.ndarray, bounds: np.ndarray, name: str, *, turns: bool) -> tuple[np.ndarray, str]:
    first = bounds[:, 0].astype(np.float64)
    width = bounds[:, 1].astype(np.float64) - first
    width = wrap_degrees(width) if turns else width
    if (width == 0).any():
        return values, ""
    middle = first + width / 2
    middle += 360.0 * np.round((values - middle) / 360.0) if turns else 0.0
    offset = (values - middle) / np.abs(width)
    if (np.abs(offset) > _OUTSIDE).any():
        return values, f"'{name}' lies outside of its bounds, which were not used"
    typical = float(np.median(offset))
    if abs(typical) > _FROM_EDGE and np.mean(np.abs(offset - typical) < 0.1) >= _MOST:
        return middle, f"'{name}' holds an edge of each cell by its bounds; the middle was taken"
    return values, ""
