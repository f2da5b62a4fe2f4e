"""Small made-up rain in files of many shapes, for tests of the readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.config import Config, load_config
from rainsmith.data.grids.grid import Grid


def rain(
    first: str = "2001-01-01",
    days: int = 60,
    ny: int = 7,
    nx: int = 9,
    *,
    seed: int = 0,
    calendar: str = "standard",
    hour: int = 0,
    units: str = "mm",
    name: str = "pr",
    sea: bool = True,
) -> xr.DataArray:
    """Daily rain (time, y, x) [mm] on a grid of 5 km in UTM 31 north; the first column is sea (NaN)."""
    rng = np.random.default_rng(seed)
    time = xr.date_range(
        f"{first}T{hour:02d}:00:00", periods=days, freq="D", calendar=calendar, use_cftime=calendar != "standard"
    )
    values = rng.gamma(0.5, 8.0, size=(days, ny, nx)).astype(np.float32)
    values[rng.random(values.shape) < 0.4] = 0.0
    values *= rng.choice([0.1, 0.5, 2.0], size=(days, 1, 1)).astype(np.float32)  # wet days and dry ones
    if sea:
        values[:, :, 0] = np.nan
    y, x = 4_600_000.0 + 5000.0 * np.arange(ny), 400_000.0 + 5000.0 * np.arange(nx)
    return xr.DataArray(
        values,
        dims=("time", "y", "x"),
        coords={
            "time": time,
            "y": ("y", y, {"standard_name": "projection_y_coordinate", "units": "m"}),
            "x": ("x", x, {"standard_name": "projection_x_coordinate", "units": "m"}),
        },
        name=name,
        attrs={"units": units, "standard_name": "precipitation_amount"},
    )


UTM31 = {
    "grid_mapping_name": "transverse_mercator",
    "semi_major_axis": 6378137.0,
    "inverse_flattening": 298.257223563,
    "latitude_of_projection_origin": 0.0,
    "longitude_of_central_meridian": 3.0,
    "scale_factor_at_central_meridian": 0.9996,
    "false_easting": 500000.0,
    "false_northing": 0.0,
}


def mapped(da: xr.DataArray) -> xr.Dataset:
    """The same with a CF grid mapping."""
    ds = da.assign_attrs(grid_mapping="utm").to_dataset()
    ds["utm"] = ((), np.int32(0), UTM31)
    return ds


def pressure(
    first: str = "2001-01-01", days: int = 61, *, hour: int = 12, step: float = 0.5, seed: int = 1, **axes: Any
) -> xr.DataArray:
    """A field of pressure (time, lat, lon) [Pa] that covers ``rain``, falling latitudes."""
    rng = np.random.default_rng(seed)
    lat = np.arange(43.0, 40.0, -step)
    lon = np.arange(0.0, 4.0, step)
    calendar = axes.get("calendar", "standard")
    time = xr.date_range(
        f"{first}T{hour:02d}:00:00", periods=days, freq="D", calendar=calendar, use_cftime=calendar != "standard"
    )
    values = (
        1e5
        + rng.normal(0, 500, size=(days, 1, 1))
        + 100 * lat[:, None]
        + 10 * lon
        + rng.normal(0, 5, (days, lat.size, lon.size))
    )
    return xr.DataArray(
        values,
        dims=("time", "lat", "lon"),
        coords={
            "time": time,
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
        name="msl",
        attrs={"units": "Pa", "standard_name": "air_pressure_at_mean_sea_level"},
    )


SPLITS = {
    "train": [["2001-01-01", "2001-01-31"]],
    "validation": [["2001-02-01", "2001-02-14"]],
    "test": [["2001-02-15", "2001-03-01"]],
}


def config(root: Path, **data: Any) -> Config:
    """A configuration of gridded data below ``root``; keyword arguments replace keys of ``data``."""
    section = {
        "kind": "gridded",
        "root": str(root),
        "target": {"files": "rain*.nc"},
        "predictors": [{"from": "target", "coarsen": 3, "lags": [0]}],
        "splits": SPLITS,
        **data,
    }
    return load_config(None, None, {"data": section})


def fine_map(ny: int = 7, nx: int = 9) -> xr.DataArray:
    """A map with its grid mapping."""
    ds = mapped(rain(days=1, ny=ny, nx=nx))
    da = ds["pr"].isel(time=0, drop=True).assign_coords(utm=ds["utm"])
    return da.assign_attrs(grid_mapping="utm")


def lat_lon_grid(step: float = 0.5) -> Grid:
    da = pressure(days=1, step=step).rename(lat="y", lon="x")
    da["y"].attrs["standard_name"], da["x"].attrs["standard_name"] = "latitude", "longitude"
    return Grid.of(da)


def without_axes(grid: Grid) -> Grid:
    """The same cells, known by their 2-D latitudes and longitudes alone."""
    ny, nx = grid.shape
    return Grid(np.arange(ny) * 1.0, np.arange(nx) * 1.0, None, grid.latitude, grid.longitude, has_axes=False)


def planted(value: float, index: tuple[int, int, int] = (3, 4, 5)) -> xr.DataArray:
    """Rain of at most 30 mm/day with one value of another size."""
    made = rain(days=10).clip(max=30)
    made.values[index] = value
    return made
