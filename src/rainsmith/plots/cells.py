"""How large a cell is on the ground, north to south and east to west."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from rainsmith.base.dims import X, Y

KM_OF_A_DEGREE = 111.2
"""[km] of a degree of latitude, on a sphere of 6371 km."""
_KM = {"m": 1e-3, "metre": 1e-3, "meter": 1e-3, "metres": 1e-3, "meters": 1e-3, "km": 1.0, "kilometre": 1.0}


@dataclass(frozen=True)
class CellSize:
    """The sides of a cell in the middle of the domain.

    Attributes:
        height: from north to south, or along y.
        width: from east to west, or along x.
        unit: km, or cells where coordinates do not tell the size; then only the ratio of the sides may be known.
    """

    height: float
    width: float
    unit: Literal["km", "cells"]

    @property
    def side(self) -> float:
        """Side of a square of the same area [unit]: the length of one cell in spectra."""
        return math.sqrt(self.height * self.width) if self.unit == "km" else 1.0

    @property
    def aspect(self) -> float:
        """Height over width, 1 where that is unlikely."""
        ratio = self.height / self.width
        return ratio if 0.2 < ratio < 5 else 1.0

    @property
    def words(self) -> str:
        """``5 km``, or ``11.1 km north to south, 8.53 km east to west``; "" where it is not known."""
        if self.unit != "km":
            return ""
        if abs(self.aspect - 1) < 0.005:
            return f"{self.side:.3g} km"
        return f"{self.height:.3g} km north to south, {self.width:.3g} km east to west"


def cell_size(domain: xr.Dataset) -> CellSize:
    """The size of a cell, from the axes where they have units, else from latitudes and longitudes.

    Args:
        domain: ``y`` and ``x`` with their units, or ``latitude`` and ``longitude`` (y, x), or neither.
    """
    y, x = numeric_axis(domain, Y), numeric_axis(domain, X)
    if y is not None and x is not None:
        steps = [abs(float(np.median(np.diff(axis.values)))) for axis in (y, x)]
        units = str(y.attrs.get("units", ""))
        if units.startswith("degree") and float(abs(y).max()) < 90:
            of_latitude = math.cos(math.radians(float(y.mean())))
            return CellSize(KM_OF_A_DEGREE * steps[0], KM_OF_A_DEGREE * steps[1] * of_latitude, "km")
        if units in _KM:
            return CellSize(_KM[units] * steps[0], _KM[units] * steps[1], "km")
    places = latitudes_and_longitudes(domain)
    if places is not None:
        return _from_places(*places)
    return CellSize(1.0, 1.0, "cells") if y is None or x is None else CellSize(steps[0], steps[1], "cells")


def latitudes_and_longitudes(domain: xr.Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    """(y, x) of both [degrees], longitudes without a jump; None where they are not known everywhere."""
    if "latitude" not in domain.coords or "longitude" not in domain.coords:
        return None
    latitude, longitude = (np.asarray(domain[name].values, dtype=float) for name in ("latitude", "longitude"))
    if latitude.ndim == 1 and longitude.ndim == 1:
        longitude, latitude = np.meshgrid(longitude, latitude)
    if latitude.ndim != 2 or min(latitude.shape) < 2 or not np.isfinite([latitude, longitude]).all():
        return None
    return latitude, np.unwrap(np.unwrap(longitude, period=360, axis=0), period=360, axis=1)


def numeric_axis(domain: xr.Dataset, name: str) -> xr.DataArray | None:
    """A coordinate of two or more numbers, or None: a dimension without coordinates has no direction and no size."""
    if name not in domain.coords or domain[name].size < 2 or not np.issubdtype(domain[name].dtype, np.number):
        return None
    return domain[name]


def _from_places(latitude: np.ndarray, longitude: np.ndarray) -> CellSize:
    sides = []
    for axis in (0, 1):
        north = np.diff(latitude, axis=axis)
        east = np.diff(longitude, axis=axis) * np.cos(np.radians(latitude.take(range(1, latitude.shape[axis]), axis)))
        sides.append(KM_OF_A_DEGREE * float(np.median(np.hypot(north, east))))
    return CellSize(sides[0], sides[1], "km") if min(sides) > 0 else CellSize(1.0, 1.0, "cells")
