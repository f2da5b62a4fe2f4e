"""Small made files of rain and weather that go together, with the names, units, places and days that a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

LAT0, LON0 = 46.0, 7.0
"""South-western cell of the rain."""


def days(
    first: str = "2001-01-01", last: str = "2004-12-31", calendar: str = "standard", hour: int = 0
) -> xr.DataArray:
    """(time,) one stamp a day."""
    time = xr.date_range(
        f"{first} {hour:02d}:00", f"{last} {hour:02d}:00", freq="D", calendar=calendar, use_cftime=True
    )
    return xr.DataArray(time if calendar != "standard" else time.to_datetimeindex(time_unit="ns"), dims="time")


def in_months(time: xr.DataArray, months: Sequence[int]) -> xr.DataArray:
    """The days of some months."""
    return time[np.isin(time.dt.month.values, months)]


def weather(time: xr.DataArray, seed: int = 1) -> np.ndarray:
    """(time,) how wet each day is, a standard normal value that fades over two days."""
    rng = np.random.default_rng(seed)
    noise, state = rng.normal(size=time.size), np.zeros(time.size)
    for day in range(time.size):
        state[day] = 0.5 * state[day - 1] * (day > 0) + noise[day]
    return state / state.std()


def rain(
    time: xr.DataArray,
    *,
    shape: tuple[int, int] = (12, 14),
    step: float = 0.1,
    units: str | None = "mm",
    factor: float = 1.0,
    name: str = "pr",
    falling: bool = False,
    sea: bool = True,
    lag: int = 0,
) -> xr.DataArray:
    """(time, lat, lon) rain of the weather of the day, or of ``lag`` days later; NaN at sea in the south-west."""
    rng = np.random.default_rng(2)
    ny, nx = shape
    wet = np.roll(weather(time), -lag)
    amounts = np.exp(1.2 * wet)[:, None, None] * rng.gamma(1.5, 1.5, size=(time.size, ny, nx))
    amounts = np.where(amounts > 1.0, amounts, 0.0) * np.linspace(0.8, 1.4, ny)[:, None]
    if sea:
        amounts[:, : ny // 4, : nx // 4] = np.nan
    lat, lon = LAT0 + step * np.arange(ny), LON0 + step * np.arange(nx)
    attrs = {"units": units} if units is not None else {}
    return field((amounts * factor).astype("f4"), time, lat, lon, name, attrs, falling=falling)


def pressure(
    time: xr.DataArray,
    lat: np.ndarray,
    lon: np.ndarray,
    *,
    name: str = "msl",
    units: str = "Pa",
    falling: bool = True,
    seed: int = 3,
) -> xr.DataArray:
    """(time, lat, lon) pressure that is low on wet days."""
    rng = np.random.default_rng(seed)
    values = 101_300.0 - 700.0 * weather(time)[:, None, None] + rng.normal(0, 300, size=(time.size, lat.size, lon.size))
    return field(values.astype("f4"), time, lat, lon, name, {"units": units}, falling=falling)


def field(
    values: np.ndarray,
    time: xr.DataArray,
    lat: np.ndarray,
    lon: np.ndarray,
    name: str,
    attrs: dict[str, str],
    *,
    falling: bool = False,
) -> xr.DataArray:
    """A field on latitudes and longitudes."""
    coords = {
        "time": ("time", time.values),
        "lat": ("lat", lat, {"units": "degrees_north"}),
        "lon": ("lon", lon, {"units": "degrees_east"}),
    }
    da = xr.DataArray(values, dims=("time", "lat", "lon"), coords=coords, name=name, attrs=attrs)
    return da.isel(lat=slice(None, None, -1)) if falling else da


def wide(step: float = 1.0, margin: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes around the rain."""
    return np.arange(LAT0 - margin, LAT0 + 1.2 + margin, step), np.arange(LON0 - margin, LON0 + 1.4 + margin, step)


def by_year(da: xr.DataArray, folder: Path, pattern: str) -> None:
    """Write a file a year, whose name has the year in the place of braces."""
    folder.mkdir(parents=True, exist_ok=True)
    for year, part in da.groupby("time.year"):
        part.to_netcdf(folder / pattern.format(year))
