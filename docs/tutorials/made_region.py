"""Files of a small made region, which the tutorials read: the embedded climate as NetCDF, in the place of your files.

    from made_region import write_region
    write_region("files", range(2001, 2005))

Rain lies on 16 x 16 cells of 5 km, the weather and the rain of a coarse model on a grid of 4 x 4 cells over the same
region. The coarse model has a bias of its own: its rain is not the mean of what was observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.config import Demo
from rainsmith.data.demo.climate import climate

COARSE_RAIN = "coarse_rain"


def write_region(folder: str | Path, years: Sequence[int], *, observed: bool = True) -> list[Path]:
    """Write a file of each kind for each year, and one of the elevation.

    Args:
        folder: where they are written; it is made where it does not exist.
        years: years from 2001 to 2005.
        observed: whether the observed rain is written; without it the files are those of a period that has none yet.

    Returns:
        The paths, in the order of their names.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    raw = climate(Demo(ny=16, nx=16, ny_lr=4, nx_lr=4, first_year=2001, years=5, seed=7)).raw()
    grid = {name: raw.precip[name] for name in ("y", "x", "crs")}
    coarse = {
        name: ((name,), centres(grid[name].values, raw.predictors.sizes[f"{name}_lr"]), grid[name].attrs)
        for name in ("y", "x")
    }
    units = dict(zip(raw.predictors["channel"].values, raw.predictors.attrs["channel_units"].split(", "), strict=True))
    weather = xr.Dataset({name: field(raw.predictors, name, coarse, grid, unit) for name, unit in units.items()})
    rain = (weather[COARSE_RAIN] / 1000).assign_attrs(units="m", grid_mapping="crs")
    kinds = {"weather": weather.drop_vars(COARSE_RAIN), "model-rain": xr.Dataset({"tp": rain})}
    if observed:
        target = raw.precip.reset_coords(["latitude", "longitude"], drop=True)
        kinds["observed-rain"] = xr.Dataset({"rr": target.assign_attrs(units="mm", grid_mapping="crs")})
    for kind, data in kinds.items():
        for year in years:
            data.sel(time=str(year)).to_netcdf(folder / f"{kind}-{year}.nc")
    height = raw.statics.sel(static="elevation", drop=True)
    elevation = xr.DataArray(height.values, dims=("y", "x"), coords=grid, attrs={"units": "m", "grid_mapping": "crs"})
    xr.Dataset({"elevation": elevation}).to_netcdf(folder / "elevation.nc")
    return sorted(folder.glob("*.nc"))


def centres(fine: np.ndarray, number: int) -> np.ndarray:
    """Centres of so many coarse cells that together cover the fine ones."""
    step = fine[1] - fine[0]
    edges = np.linspace(fine[0] - step / 2, fine[-1] + step / 2, number + 1)
    return (edges[:-1] + edges[1:]) / 2


def field(predictors: xr.DataArray, name: str, coarse: dict, grid: dict, unit: str) -> xr.DataArray:
    """One variable of the weather on the coarse grid."""
    values = predictors.sel(channel=name, drop=True).rename(y_lr="y", x_lr="x")
    return values.assign_coords({**coarse, "crs": grid["crs"]}).assign_attrs(units=unit, grid_mapping="crs")
