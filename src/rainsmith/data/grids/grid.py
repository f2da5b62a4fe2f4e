"""Grids of cells: where they lie, whether two are the same, and how one is seen from the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyproj
import xarray as xr
from scipy import interpolate

from rainsmith.base.dims import X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError

WGS84 = pyproj.CRS.from_epsg(4326)
_NEAR = 0.01
"""[cells] Two grids are the same where no cell lies farther off than this."""
SEAM = 90.0
"""[degrees] A grid round the earth whose seam is farther from the region than this is left as it is."""
_LATITUDE = {"standard_name": "latitude", "units": "degrees_north"}
_LONGITUDE = {"standard_name": "longitude", "units": "degrees_east"}


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells with axes ``y`` and ``x``, in a known projection, or with 2-D latitudes and longitudes, or both.

    Attributes:
        y: (ny,) values of the axis, monotonic; the row number where the file has none.
        x: (nx,) likewise.
        crs: projection of the axes; WGS84 for latitudes and longitudes; None where it is unknown.
        latitude: (ny, nx) [degrees north], None where unknown.
        longitude: (ny, nx) [degrees east], None where unknown.
        axes: are ``y`` and ``x`` coordinates, and not just row numbers?
        attrs: attributes of ``y``, of ``x`` and of the grid mapping (``crs``).
    """

    y: np.ndarray
    x: np.ndarray
    crs: pyproj.CRS | None = None
    latitude: np.ndarray | None = None
    longitude: np.ndarray | None = None
    axes: bool = True
    attrs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, axis in (("y", self.y), ("x", self.x)):
            step = np.diff(axis)
            if not ((step > 0).all() or (step < 0).all()):
                raise UserError(f"axis {name} of a grid is {axis[:4]} ...; expected values that only rise or only fall")

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.y), len(self.x)

    @property
    def located(self) -> bool:
        """Are latitudes and longitudes known?"""
        return self.latitude is not None and self.longitude is not None

    @classmethod
    def of(cls, da: xr.DataArray | xr.Dataset, suffix: Literal["", "_lr"] = "") -> Grid:
        """The grid of an array with dims (y, x), or of the predictors of a store (``suffix='_lr'``).

        Latitudes and longitudes are computed from the projection where the array has none.
        """
        y, x = Y + suffix, X + suffix
        axes = y in da.coords and x in da.coords
        found = da.variables if isinstance(da, xr.Dataset) else {k: c.variable for k, c in da.coords.items()}
        attrs: dict[str, Mapping[str, Any]] = {name: dict(da[d].attrs) for name, d in (("y", y), ("x", x)) if axes}
        mapping = "crs_lr" if suffix else da.attrs.get("grid_mapping")
        if mapping in found:
            attrs["crs"] = dict(found[mapping].attrs)
        grid = cls(
            np.asarray(da[y].values if axes else np.arange(da.sizes[y]), dtype=np.float64),
            np.asarray(da[x].values if axes else np.arange(da.sizes[x]), dtype=np.float64),
            _crs(attrs) if axes else None,
            axes=axes,
            attrs=attrs,
        )
        lat, lon = (found.get(name + suffix) for name in ("latitude", "longitude"))
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
        longitude, latitude = _transform(self.crs, WGS84, x, y)
        return replace(self, latitude=latitude, longitude=longitude)

    def metres(self) -> tuple[np.ndarray, np.ndarray]:
        """(y, x) in the units of the projection: axes in km as metres, degrees as they are."""
        km = [str(self.attrs.get(a, {}).get("units", "")).lower() in ("km", "kilometre", "kilometer") for a in "yx"]
        return self.y * (1000.0 if km[0] else 1.0), self.x * (1000.0 if km[1] else 1.0)

    def coords(self) -> dict[str, Any]:
        """Coordinates of the store for predictors on this grid: axes, 2-D latitude and longitude, grid mapping."""
        found: dict[str, Any] = {
            Y_LR: (Y_LR, self.y, dict(self.attrs.get("y", {}))),
            X_LR: (X_LR, self.x, dict(self.attrs.get("x", {}))),
        }
        if self.located:
            found["latitude_lr"] = ((Y_LR, X_LR), self.latitude, _LATITUDE)
            found["longitude_lr"] = ((Y_LR, X_LR), self.longitude, _LONGITUDE)
        if "crs" in self.attrs:
            found["crs_lr"] = ((), np.int32(0), dict(self.attrs["crs"]))
        return found

    def same_as(self, other: Grid) -> bool:
        """Do both have the same cells, to a hundredth of a cell?"""
        if self.shape != other.shape:
            return False
        if _one_projection(self, other) or not (self.located and other.located):
            return self.axes and other.axes and _near(self.y, other.y) and _near(self.x, other.x)
        assert self.latitude is not None and other.latitude is not None
        assert self.longitude is not None and other.longitude is not None
        off = np.hypot(self.latitude - other.latitude, turn(self.longitude - other.longitude))
        return bool(off.max() < _NEAR * typical_step(self.latitude, self.longitude))


def around(grid: Grid, longitude: float) -> tuple[Grid, np.ndarray | None]:
    """A grid that goes all the way round the earth, begun anew where it has its seam near a longitude.

    Args:
        grid: any; only one of axes in degrees that closes a circle is changed.
        longitude: [degrees east] the middle of the region that is wanted.

    Returns:
        The grid and the order of its columns, None where it is as it was.
    """
    if not grid.axes or grid.crs is None or not grid.crs.is_geographic or len(grid.x) < 4:
        return grid, None
    step = float(np.median(np.abs(np.diff(grid.x))))
    closed = abs(np.ptp(grid.x) + step - 360.0) < 0.05 * step
    if not closed or abs(turn(np.asarray(grid.x.min() - step / 2 - longitude))) > SEAM:
        return grid, None
    x = longitude + turn(grid.x - longitude)
    order = np.argsort(x)
    known = None if grid.longitude is None else turn(grid.longitude[:, order])
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


def fractional_index(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of ``grid`` at which the cell centres of ``points`` lie; 0.0 is the centre of the first cell.

    Returns:
        (row, column), each of the shape of ``points``. Outside the grid the axes are continued linearly; a grid
        that is known by 2-D latitudes and longitudes alone gives the index of its nearest cell there.

    Raises:
        UserError: nothing relates the two grids.
    """
    row, col, _ = locate_points(grid, points)
    return row, col


def locate_points(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``fractional_index``, and whether each point lies within the cells of the grid (bool, same shape)."""
    if _one_projection(grid, points) or not (grid.located or points.located or grid.crs or points.crs):
        _expect(grid.axes and points.axes)
        y_axis, x_axis = points.metres()
        x, y = np.meshgrid(x_axis, y_axis)
    elif grid.crs is not None:
        _expect(points.located)
        assert points.latitude is not None and points.longitude is not None
        x, y = _transform(WGS84, grid.crs, points.longitude, points.latitude)
    else:
        _expect(grid.located and points.located)
        return _curvilinear(grid, points)
    y_axis, x_axis = grid.metres()
    if grid.crs is not None and grid.crs.is_geographic:
        x = x_axis.mean() + turn(x - x_axis.mean())
    row, col = axis_index(y_axis, y), axis_index(x_axis, x)
    edge = 0.5 + 1e-6
    within = (row >= -edge) & (row <= len(y_axis) - 1 + edge) & (col >= -edge) & (col <= len(x_axis) - 1 + edge)
    return row, col, within


def block_index(row: np.ndarray, col: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Number row * columns + column of the coarse cell that holds each fine cell, int32 of the shape of ``row``."""
    i = np.clip(np.rint(row), 0, shape[0] - 1)
    j = np.clip(np.rint(col), 0, shape[1] - 1)
    return np.asarray(i * shape[1] + j, dtype=np.int32)


def axis_index(axis: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Fractional index of values on a monotonic axis, continued linearly beyond its ends; 0 on an axis of one cell."""
    if len(axis) == 1:
        return np.zeros_like(values, dtype=np.float64)
    rising = axis if axis[-1] > axis[0] else axis[::-1]
    number = np.clip(np.searchsorted(rising, values) - 1, 0, len(axis) - 2)
    index = number + (values - rising[number]) / (rising[number + 1] - rising[number])
    return np.asarray(index if axis[-1] > axis[0] else len(axis) - 1 - index)


def turn(degrees: np.ndarray) -> np.ndarray:
    """Angles between -180 and 180 [degrees]."""
    return (degrees + 180.0) % 360.0 - 180.0


def typical_step(latitude: np.ndarray, longitude: np.ndarray) -> float:
    """Median distance between neighbouring cells [degrees of latitude]."""
    steps = []
    for d in (0, 1):
        if latitude.shape[d] > 1:
            along = np.cos(np.deg2rad(latitude)).take(range(latitude.shape[d] - 1), axis=d)
            steps.append(
                float(np.median(np.hypot(np.diff(latitude, axis=d), turn(np.diff(longitude, axis=d)) * along)))
            )
    return min(steps, default=1.0)


def _one_projection(a: Grid, b: Grid) -> bool:
    return a.axes and b.axes and a.crs is not None and a.crs == b.crs


def _expect(related: bool) -> None:
    if not related:
        raise UserError(
            "two grids cannot be related: one has neither latitudes and longitudes nor a known projection; "
            "add 2-D 'latitude' and 'longitude' or a CF grid mapping to its file"
        )


def _curvilinear(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index in a grid of 2-D latitudes and longitudes: linear in the triangles between its cell centres."""
    assert grid.latitude is not None and grid.longitude is not None
    assert points.latitude is not None and points.longitude is not None
    origin = grid.longitude.flat[grid.longitude.size // 2]
    shrink = np.cos(np.deg2rad(grid.latitude.mean()))
    here, there = (
        np.stack([g.latitude.ravel(), (turn(g.longitude - origin) * shrink).ravel()], axis=1)  # type: ignore[union-attr]
        for g in (grid, points)
    )
    index = np.stack([i.ravel() for i in np.indices(grid.shape)], axis=1).astype(np.float64)
    found = interpolate.LinearNDInterpolator(here, index)(there)
    outside = ~np.isfinite(found).all(axis=1)
    within = np.ones(len(there), dtype=bool)
    if outside.any():
        found[outside] = interpolate.NearestNDInterpolator(here, index)(there[outside])
        nearest = interpolate.NearestNDInterpolator(here, here)(there[outside])
        off = np.hypot(*(nearest - there[outside]).T)
        within[outside] = off <= 0.75 * typical_step(grid.latitude, grid.longitude)  # half a cell's diagonal
    shape = points.shape
    return found[:, 0].reshape(shape), found[:, 1].reshape(shape), within.reshape(shape)


def _crs(attrs: Mapping[str, Mapping[str, Any]]) -> pyproj.CRS | None:
    if attrs["y"].get("standard_name") == "latitude" and attrs["x"].get("standard_name") == "longitude":
        return WGS84
    mapping = attrs.get("crs")
    if not mapping:
        return None
    return _crs_of(tuple((k, tuple(v.tolist()) if isinstance(v, np.ndarray) else v) for k, v in mapping.items()))


@functools.lru_cache
def _crs_of(items: tuple[tuple[str, Any], ...]) -> pyproj.CRS | None:
    """Projection of a grid mapping; kept, since pyproj looks each one up in its data base for a second or so."""
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


def _transform(here: pyproj.CRS, there: pyproj.CRS, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if here == there:
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    first, second = _transformer(here, there).transform(x, y)
    return np.asarray(first), np.asarray(second)


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    step = np.abs(np.diff(a)).min() if len(a) > 1 else 1.0
    return bool(np.abs(a - b).max() <= _NEAR * step)
