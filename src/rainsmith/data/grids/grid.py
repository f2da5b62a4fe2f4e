"""Grids of cells: where they lie, and whether two are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyproj
import xarray as xr

from rainsmith.base.dims import X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.data.grids.projection import METRES, WGS84, projected_units, projection_of, transform
from rainsmith.data.grids.sphere import typical_step, wrap_degrees

SAME_CELL = 0.01
"""[cells] Two grids are the same where no cell of one lies farther than this from that of the other."""
SEAM_DISTANCE = 90.0
"""[degrees] A grid round the earth is begun anew where its seam is nearer than this to the middle of the region."""
_LATITUDE = {"standard_name": "latitude", "units": "degrees_north"}
_LONGITUDE = {"standard_name": "longitude", "units": "degrees_east"}


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells with axes ``y`` and ``x``, in a known projection, or with 2-D latitudes and longitudes, or both.

    Attributes:
        y: (ny,) values of the axis, monotonic; the row number where the file has none.
        x: (nx,) values of the axis, monotonic; the column number where the file has none.
        crs: projection of the axes; WGS84 for latitudes and longitudes; None where it is unknown.
        latitude: (ny, nx) [degrees north], None where unknown.
        longitude: (ny, nx) [degrees east], None where unknown.
        has_axes: True where ``y`` and ``x`` are coordinates, False where they are row and column numbers.
        attrs: attributes of ``y``, of ``x`` and of the grid mapping (``crs``).

    Raises:
        UserError: an axis is not monotonic.
    """

    y: np.ndarray
    x: np.ndarray
    crs: pyproj.CRS | None = None
    latitude: np.ndarray | None = None
    longitude: np.ndarray | None = None
    has_axes: bool = True
    attrs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, axis in (("y", self.y), ("x", self.x)):
            step = np.diff(axis)
            if not ((step > 0).all() or (step < 0).all()):
                raise UserError(f"axis {name} of a grid is {axis[:4]} ...; expected values that only rise or only fall")

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return len(self.y), len(self.x)

    @property
    def located(self) -> bool:
        """True where latitudes and longitudes are known."""
        return self.latitude is not None and self.longitude is not None

    @classmethod
    def of(cls, da: xr.DataArray | xr.Dataset, suffix: Literal["", "_lr"] = "") -> Grid:
        """The grid of an array with dims (y, x), or of the predictors of a store (``suffix='_lr'``).

        Latitudes and longitudes are computed from the projection where the array has none.
        """
        y, x = Y + suffix, X + suffix
        has_axes = y in da.coords and x in da.coords
        known = da.variables if isinstance(da, xr.Dataset) else {k: c.variable for k, c in da.coords.items()}
        attrs: dict[str, Mapping[str, Any]] = {name: dict(da[d].attrs) for name, d in (("y", y), ("x", x)) if has_axes}
        mapping = "crs_lr" if suffix else da.attrs.get("grid_mapping")
        if mapping in known:
            attrs["crs"] = dict(known[mapping].attrs)
        grid = cls(
            np.asarray(da[y].values if has_axes else np.arange(da.sizes[y]), dtype=np.float64),
            np.asarray(da[x].values if has_axes else np.arange(da.sizes[x]), dtype=np.float64),
            projection_of(attrs) if has_axes else None,
            has_axes=has_axes,
            attrs=attrs,
        )
        lat, lon = (known.get(name + suffix) for name in ("latitude", "longitude"))
        if lat is not None and lon is not None and lat.ndim == lon.ndim == 2:
            both = [np.asarray(v.values, dtype=np.float64) for v in (lat, lon)]
            if np.isfinite(both).all():
                return replace(grid, latitude=both[0], longitude=both[1])
        return grid.locate()

    def locate(self) -> Grid:
        """The same grid with the latitudes and longitudes that its projection gives it, if any."""
        if self.crs is None:
            return self
        x, y = np.meshgrid(*self.metres()[::-1])
        longitude, latitude = transform(self.crs, WGS84, x, y)
        return replace(self, latitude=latitude, longitude=longitude)

    def metres(self) -> tuple[np.ndarray, np.ndarray]:
        """(y, x) in the unit of the projection, in m where it is unknown; degrees as they are.

        Raises:
            UserError: axes of a projection have a unit that is not one of length.
        """
        factors = []
        for axis in "yx":
            attrs = self.attrs.get(axis, {})
            if self.crs is not None:
                factors.append(projected_units(attrs, self.crs, self.attrs.get("crs", {})))
            else:
                factors.append(METRES.get(str(attrs.get("units", "")).strip().lower(), 1.0))
        return self.y * factors[0], self.x * factors[1]

    def coords(self) -> dict[str, Any]:
        """Coordinates of the store for predictors on this grid: axes, 2-D latitude and longitude, grid mapping."""
        coordinates: dict[str, Any] = {
            Y_LR: (Y_LR, self.y, dict(self.attrs.get("y", {}))),
            X_LR: (X_LR, self.x, dict(self.attrs.get("x", {}))),
        }
        if self.located:
            coordinates["latitude_lr"] = ((Y_LR, X_LR), self.latitude, _LATITUDE)
            coordinates["longitude_lr"] = ((Y_LR, X_LR), self.longitude, _LONGITUDE)
        if "crs" in self.attrs:
            coordinates["crs_lr"] = ((), np.int32(0), dict(self.attrs["crs"]))
        return coordinates

    def same_as(self, other: Grid) -> bool:
        """True where both have the same cells, to a hundredth of a cell."""
        if self is other:
            return True
        if self.shape != other.shape:
            return False
        if share_projection(self, other) or not (self.located and other.located):
            x = other.x
            if self.crs is not None and other.crs is not None and self.crs.is_geographic:
                x = x + 360.0 * np.round((self.x[0] - x[0]) / 360.0)  # 350 degrees east are 10 degrees west
            # grids without any place, such as blocks of a target without coordinates, are told by their numbers
            comparable = (self.has_axes and other.has_axes) or not (self.located or other.located)
            return comparable and _near(self.y, other.y) and _near(self.x, x)
        assert self.latitude is not None and other.latitude is not None
        assert self.longitude is not None and other.longitude is not None
        off = np.hypot(self.latitude - other.latitude, wrap_degrees(self.longitude - other.longitude))
        return bool(off.max() < SAME_CELL * typical_step(self.latitude, self.longitude))


def move_seam_away(grid: Grid, longitude: float) -> tuple[Grid, np.ndarray | None]:
    """Reorder the columns of a grid that goes round the earth, so that its first and last lie far from a region.

    Args:
        grid: any grid; it is changed only where its axis is in degrees, closes a circle and begins near the region.
        longitude: [degrees east] the middle of the region that is wanted.

    Returns:
        The grid, and the order of its columns or None where nothing was changed.
    """
    if not grid.has_axes or grid.crs is None or not grid.crs.is_geographic or len(grid.x) < 4:
        return grid, None
    step = float(np.median(np.abs(np.diff(grid.x))))
    closed = abs(np.ptp(grid.x) + step - 360.0) < 0.05 * step
    if not closed or abs(wrap_degrees(np.asarray(grid.x.min() - step / 2 - longitude))) > SEAM_DISTANCE:
        return grid, None
    x = longitude + wrap_degrees(grid.x - longitude)
    order = np.argsort(x)
    known = None if grid.longitude is None else wrap_degrees(grid.longitude[:, order])
    latitude = None if grid.latitude is None else grid.latitude[:, order]
    return replace(grid, x=x[order], latitude=latitude, longitude=known), order


def attach_lat_lon(da: xr.DataArray) -> xr.DataArray:
    """Add 2-D ``latitude`` and ``longitude`` (y, x) where they are missing and the projection gives them."""
    if "latitude" in da.coords and "longitude" in da.coords:
        return da
    grid = Grid.of(da)
    if not grid.located:
        return da
    return da.assign_coords(latitude=((Y, X), grid.latitude, _LATITUDE), longitude=((Y, X), grid.longitude, _LONGITUDE))


def share_projection(a: Grid, b: Grid) -> bool:
    """True where the axes of both grids are coordinates of one known projection."""
    return a.has_axes and b.has_axes and a.crs is not None and a.crs == b.crs


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    step = np.abs(np.diff(a)).min() if len(a) > 1 else 1.0
    return bool(np.abs(a - b).max() <= SAME_CELL * step)
