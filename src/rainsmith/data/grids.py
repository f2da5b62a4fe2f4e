"""Fine and coarse grids: where their cells lie, how one is seen from the other, block means and regridding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyproj
import xarray as xr
import xarray_regrid  # noqa: F401  registers the accessor .regrid
from scipy import interpolate, sparse

from rainsmith.arrays import TIME, X_LR, Y_LR, X, Y
from rainsmith.config import UserError

_WGS84 = pyproj.CRS.from_epsg(4326)
_NEAR = 0.01
"""[cells] Two grids are the same where no coordinate differs by more than this share of a cell."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells of a grid with axes ``y`` and ``x``, in a known projection, or with 2-D latitudes and longitudes.

    Attributes:
        y: (ny,) values of the axis, monotonic; the row number where the file has none.
        x: (nx,) likewise.
        crs: projection of the axes; WGS84 for latitude and longitude; None where it is unknown.
        latitude: (ny, nx) [degrees north], None where unknown.
        longitude: (ny, nx) [degrees east], None where unknown.
        axes: are ``y`` and ``x`` coordinates, not just row numbers?
        attrs: attributes of ``y``, ``x`` and of the grid mapping.
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
                raise UserError(
                    f"axis {name} of a grid is not monotonic ({axis[:4]} ...); expected rising or falling values"
                )

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.y), len(self.x)

    @classmethod
    def of(cls, da: xr.DataArray | xr.Dataset, suffix: Literal["", "_lr"] = "") -> Grid:
        """The grid of an array with dims (y, x), or of the predictors of a store (``suffix='_lr'``)."""
        y, x = Y + suffix, X + suffix
        axes = y in da.coords and x in da.coords
        rows = np.asarray(da[y].values if axes else np.arange(da.sizes[y]), dtype=np.float64)
        cols = np.asarray(da[x].values if axes else np.arange(da.sizes[x]), dtype=np.float64)
        mapping = "crs_lr" if suffix else da.attrs.get("grid_mapping")
        attrs: dict[str, Mapping[str, Any]] = {}
        if axes:
            attrs = {"y": dict(da[y].attrs), "x": dict(da[x].attrs)}
        if mapping in da.coords:
            attrs["crs"] = dict(da[mapping].attrs)
        lat, lon = "latitude" + suffix, "longitude" + suffix
        known = lat in da.coords and lon in da.coords
        grid = cls(
            rows,
            cols,
            _crs(attrs) if axes else None,
            np.asarray(da[lat].values, dtype=np.float64) if known else None,
            np.asarray(da[lon].values, dtype=np.float64) if known else None,
            axes,
            attrs,
        )
        return grid if known else grid.located()

    def located(self) -> Grid:
        """The same grid with 2-D latitudes and longitudes, where its projection tells them."""
        if self.crs is None:
            return self
        x, y = np.meshgrid(self.x * _metres(self.attrs, "x"), self.y * _metres(self.attrs, "y"))
        longitude, latitude = _transform(self.crs, _WGS84, x, y)
        return Grid(self.y, self.x, self.crs, latitude, longitude, self.axes, self.attrs)

    def coords(self) -> dict[str, Any]:
        """Coordinates of the store for predictors on this grid: axes, 2-D latitude and longitude, grid mapping."""
        found: dict[str, Any] = {
            Y_LR: (Y_LR, self.y, dict(self.attrs.get("y", {}))),
            X_LR: (X_LR, self.x, dict(self.attrs.get("x", {}))),
        }
        if self.latitude is not None and self.longitude is not None:
            two = (Y_LR, X_LR)
            found["latitude_lr"] = (two, self.latitude, {"standard_name": "latitude", "units": "degrees_north"})
            found["longitude_lr"] = (two, self.longitude, {"standard_name": "longitude", "units": "degrees_east"})
        if "crs" in self.attrs:
            found["crs_lr"] = ((), np.int32(0), dict(self.attrs["crs"]))
        return found

    def same_as(self, other: Grid) -> bool:
        """Do both have the same cells (to a hundredth of a cell)?"""
        if self.shape != other.shape:
            return False
        if self.axes and other.axes and (self.crs is None or other.crs is None or self.crs == other.crs):
            return _near(self.y, other.y) and _near(self.x, other.x)
        if self.latitude is None or self.longitude is None or other.latitude is None or other.longitude is None:
            return False
        off = np.hypot(self.latitude - other.latitude, _turn(self.longitude - other.longitude))
        return bool(np.nanmax(off) < _NEAR * _typical_step(self.latitude))


def attach_lat_lon(da: xr.DataArray) -> xr.DataArray:
    """Add 2-D ``latitude`` and ``longitude`` (y, x) where they are missing and the grid mapping tells them."""
    if "latitude" in da.coords and "longitude" in da.coords:
        return da
    grid = Grid.of(da)
    if grid.latitude is None or grid.longitude is None:
        return da
    attrs = (
        {"standard_name": "latitude", "units": "degrees_north"},
        {"standard_name": "longitude", "units": "degrees_east"},
    )
    return da.assign_coords(latitude=((Y, X), grid.latitude, attrs[0]), longitude=((Y, X), grid.longitude, attrs[1]))


def fractional_index(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of ``grid`` at which the cell centres of ``points`` lie; 0.0 is the centre of the first cell.

    Returns:
        (row, column), each of the shape of ``points``; outside the grid the axes are continued linearly.

    Raises:
        UserError: nothing relates the two grids.
    """
    unknown = grid.latitude is None or points.latitude is None
    if (
        grid.axes
        and points.axes
        and (grid.crs == points.crs if not unknown else grid.crs is None and points.crs is None)
    ):
        x, y = np.meshgrid(points.x * _metres(points.attrs, "x"), points.y * _metres(points.attrs, "y"))
    elif grid.crs is not None and points.latitude is not None and points.longitude is not None:
        x, y = _transform(_WGS84, grid.crs, points.longitude, points.latitude)
    elif not unknown:
        return _curvilinear_index(grid, points)
    else:
        raise UserError(
            "predictors and target lie on different grids and one of them has neither latitudes and longitudes nor a "
            "grid mapping; add 'latitude' and 'longitude' (y, x) or a CF grid mapping to the file"
        )
    degrees = grid.crs is not None and grid.crs.is_geographic
    axis = grid.x * _metres(grid.attrs, "x")
    if degrees:
        x = axis.mean() + _turn(x - axis.mean())
    return _axis_index(grid.y * _metres(grid.attrs, "y"), y), _axis_index(axis, x)


def block_index(row: np.ndarray, col: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Number row * columns + column of the coarse cell that holds each fine cell, int32 of the shape of ``row``."""
    i = np.clip(np.rint(row), 0, shape[0] - 1)
    j = np.clip(np.rint(col), 0, shape[1] - 1)
    return np.asarray(i * shape[1] + j, dtype=np.int32)


def crop(da: xr.DataArray, factor: int) -> xr.DataArray:
    """Drop the last rows and columns so that ``factor`` divides the grid.

    Raises:
        UserError: nothing would be left.
    """
    rows, cols = (da.sizes[d] // factor * factor for d in (Y, X))
    if not rows or not cols:
        raise UserError(
            f"a grid of {da.sizes[Y]} x {da.sizes[X]} cells holds no block of {factor} x {factor}; use 'fit: pad' or a smaller 'coarsen'"
        )
    return da.isel({Y: slice(rows), X: slice(cols)})


def block_means(precip: xr.DataArray, factor: int, min_valid_cells: int = 1) -> np.ndarray:
    """Means over blocks of ``factor`` x ``factor`` cells, invalid cells left out; the last blocks may be smaller.

    Args:
        precip: (time, y, x), NaN where invalid.
        factor: side of a block [cells].
        min_valid_cells: blocks with fewer valid cells that day are NaN.

    Returns:
        (time, ceil(y / factor), ceil(x / factor)) float32.
    """
    bare = xr.DataArray(precip.values, dims=precip.dims)
    parts = []
    for start in range(0, bare.sizes[TIME], 512):  # in pieces: the count of valid cells would double the memory
        piece = bare.isel({TIME: slice(start, start + 512)})
        blocks = piece.coarsen({Y: factor, X: factor}, boundary="pad")
        total = blocks.sum().values  # type: ignore[attr-defined]
        count = piece.notnull().coarsen({Y: factor, X: factor}, boundary="pad").sum().values  # type: ignore[attr-defined]
        enough = count >= max(min_valid_cells, 1)
        parts.append(np.where(enough, total / np.maximum(count, 1), np.nan).astype(np.float32))
    return np.concatenate(parts)


def block_grid(fine: Grid, factor: int) -> Grid:
    """The grid of ``block_means``: centres of full blocks, also where the last blocks are padded."""
    ny, nx = (-(-n // factor) for n in fine.shape)
    row, col = (np.arange(n) * factor + (factor - 1) / 2 for n in (ny, nx))
    y, x = _continue(fine.y, row), _continue(fine.x, col)
    attrs = {key: {k: v for k, v in value.items() if k != "bounds"} for key, value in fine.attrs.items()}
    if fine.crs is not None or fine.latitude is None or fine.longitude is None:
        return Grid(y, x, fine.crs, axes=fine.axes, attrs=attrs).located()
    # longitudes without a projection: unwrapped around one cell, so that no block lies across the date line
    known = fine.longitude[0, 0] + _turn(fine.longitude - fine.longitude[0, 0])
    at = np.stack(np.meshgrid(row, col, indexing="ij"), axis=-1)
    index = (np.arange(fine.shape[0]), np.arange(fine.shape[1]))
    both = [
        interpolate.RegularGridInterpolator(index, two, bounds_error=False, fill_value=None)(at)
        for two in (fine.latitude, known)
    ]
    return Grid(y, x, None, both[0], both[1], fine.axes, attrs)


def _curvilinear_index(grid: Grid, points: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Index in a grid that is known by 2-D latitudes and longitudes only: linear in the triangles between its cells."""
    assert grid.latitude is not None and grid.longitude is not None
    assert points.latitude is not None and points.longitude is not None
    centre_lat, centre_lon = np.nanmean(grid.latitude), grid.longitude.flat[0]
    shrink = np.cos(np.deg2rad(centre_lat))
    here = np.stack([grid.latitude.ravel(), (_turn(grid.longitude - centre_lon) * shrink).ravel()], axis=1)
    there = np.stack([points.latitude.ravel(), (_turn(points.longitude - centre_lon) * shrink).ravel()], axis=1)
    index = np.stack([i.ravel() for i in np.indices(grid.shape)], axis=1).astype(float)
    found = interpolate.LinearNDInterpolator(here, index)(there)
    outside = ~np.isfinite(found).all(axis=1)
    if outside.any():
        near = interpolate.NearestNDInterpolator(here, index)(there[outside])
        gap = interpolate.NearestNDInterpolator(here, here)(there[outside]) - there[outside]
        far = np.hypot(gap[:, 0], gap[:, 1]) > 0.75 * _typical_step(grid.latitude)
        found[outside] = np.where(far[:, None], -1.0, near)  # -1: beyond the grid
    return found[:, 0].reshape(points.shape), found[:, 1].reshape(points.shape)


def _crs(attrs: Mapping[str, Mapping[str, Any]]) -> pyproj.CRS | None:
    if attrs["y"].get("standard_name") == "latitude" and attrs["x"].get("standard_name") == "longitude":
        return _WGS84
    mapping = attrs.get("crs")
    if not mapping:
        return None
    for read in (
        lambda: pyproj.CRS.from_wkt(mapping["crs_wkt"]),
        lambda: pyproj.CRS.from_wkt(mapping["spatial_ref"]),
        lambda: pyproj.CRS.from_cf({k: v for k, v in mapping.items() if k not in ("crs_wkt", "spatial_ref")}),
        lambda: pyproj.CRS.from_user_input(mapping["proj4"]),
    ):
        try:
            return read()
        except (KeyError, pyproj.exceptions.CRSError, ValueError, TypeError):
            continue
    return None


def _transform(here: pyproj.CRS, there: pyproj.CRS, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if here == there:
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    first, second = pyproj.Transformer.from_crs(here, there, always_xy=True).transform(x, y)
    return np.asarray(first), np.asarray(second)


def _metres(attrs: Mapping[str, Mapping[str, Any]], axis: str) -> float:
    return 1000.0 if str(attrs.get(axis, {}).get("units", "")).lower() in ("km", "kilometre", "kilometer") else 1.0


def _turn(degrees: np.ndarray) -> np.ndarray:
    return (degrees + 180.0) % 360.0 - 180.0


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    step = np.abs(np.diff(a)).min() if len(a) > 1 else 1.0
    return bool(np.abs(a - b).max() <= _NEAR * step)


def _typical_step(latitude: np.ndarray) -> float:
    return (
        float(max((np.nanmedian(np.abs(np.diff(latitude, axis=d))) if latitude.shape[d] > 1 else 0.0) for d in (0, 1)))
        or 1.0
    )


def _axis_index(axis: np.ndarray, values: np.ndarray) -> np.ndarray:
    if len(axis) == 1:
        return np.zeros_like(values)
    rising = axis if axis[-1] > axis[0] else axis[::-1]
    number = np.clip(np.searchsorted(rising, values) - 1, 0, len(axis) - 2)
    index = number + (values - rising[number]) / (rising[number + 1] - rising[number])
    return np.asarray(index if axis[-1] > axis[0] else len(axis) - 1 - index)


def _continue(axis: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Values of an axis at fractional indices, continued linearly beyond its ends."""
    if len(axis) == 1:
        return axis[0] + (index - 0.0) * 0 + np.arange(len(index)) * 1.0
    number = np.clip(np.floor(index).astype(int), 0, len(axis) - 2)
    return np.asarray(axis[number] + (index - number) * (axis[number + 1] - axis[number]))
