"""The fields that are written in many disguises: rain, and pressure around it, at places with their own difficulties."""

from __future__ import annotations

import numpy as np
import xarray as xr

DAYS, NY, NX = 59, 6, 8
NUMBERS = np.arange(DAYS)
PLACES = {
    "west of Greenwich": (50.0, -5.0),
    "across Greenwich": (50.0, -0.35),
    "east of Greenwich, across the equator": (-0.2, 36.0),
    "across the date line": (-18.0, 179.65),
    "at the date line": (66.0, 179.3),
    "southern hemisphere": (-35.0, 140.0),
}
"""Latitude and longitude of the most southern and western cell."""


def made_rain(place: tuple[float, float]) -> xr.DataArray:
    """(time, lat, lon) [mm/day] in steps of 0.5 mm, so that packing loses nothing; longitudes without a jump."""
    rng = np.random.default_rng(0)
    values = np.round(2 * rng.gamma(0.5, 12.0, size=(DAYS, NY, NX)) * rng.uniform(0.1, 2, size=(DAYS, 1, 1))) / 2
    values[rng.random(values.shape) < 0.3] = 0.0
    values[:, 0, 0] = np.nan
    return _field(values, place[0] + 0.1 * np.arange(NY), place[1] + 0.1 * np.arange(NX))


def made_pressure(place: tuple[float, float]) -> xr.DataArray:
    """(time, lat, lon) [Pa] on a grid of half a degree around the rain, in steps of 2 Pa."""
    rng = np.random.default_rng(1)
    rows, columns = np.arange(4), np.arange(5)
    noise = rng.normal(0, 400, size=(DAYS, 1, 1)) + rng.normal(0, 100, size=(DAYS, 4, 5))
    values = 1e5 + 2 * np.round(noise + 25 * rows[:, None] + 10 * columns)
    return _field(values, place[0] - 0.5 + 0.5 * rows, place[1] - 0.5 + 0.5 * columns)


def _field(values: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("time", "lat", "lon"), coords={"time": NUMBERS, "lat": lat, "lon": lon})
