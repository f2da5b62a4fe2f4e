"""The embedded climate as somebody's files: other names, other units, a file a year, rows from north to south."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, X, Y
from rainsmith.config import Demo
from rainsmith.data.demo.climate import climate
from rainsmith.data.demo.weather import CHANNELS
from rainsmith.data.raw import RawData

DEMO = Demo(ny=20, nx=20, ny_lr=5, nx_lr=5, first_year=2001, years=3, seed=7)
NAMES = {
    "moisture": "HUS850",
    "zonal_wind": "U850",
    "meridional_wind": "V850",
    "temperature": "T850",
    "pressure": "PMSL",
    "coarse_rain": "TOT_PREC",
}
SECONDS = 86_400.0


def write_demo(folder: Path) -> RawData:
    """Write observations, a reanalysis and static maps; returns what they were made from."""
    raw = climate(DEMO).raw()
    crs, rows = raw.precip["crs"], raw.precip[Y]
    noon = raw.precip[TIME].values + np.timedelta64(12, "h")
    rain = raw.precip.assign_coords({TIME: noon}).isel({Y: slice(None, None, -1)}).rename("rr_day")
    rain.attrs = {"units": "kg m-2 s-1", "standard_name": "precipitation_flux", "grid_mapping": "crs"}
    observed = (rain / SECONDS).assign_attrs(rain.attrs).rename({Y: "northing", X: "easting"})
    (folder / "obs").mkdir(parents=True)
    for year, part in observed.groupby("time.year"):
        part.to_netcdf(folder / "obs" / f"gauges_v2_{year}.nc")
    block = DEMO.ny // DEMO.ny_lr
    axes = {d: (d, raw.precip[d].values.reshape(-1, block).mean(axis=1), raw.precip[d].attrs) for d in (Y, X)}
    fields = {
        NAMES[name]: ((TIME, Y, X), raw.predictors.values[:, i], {"units": CHANNELS[name], "grid_mapping": "crs"})
        for i, name in enumerate(CHANNELS)
    }
    xr.Dataset(fields, {TIME: raw.precip[TIME].values, **axes, "crs": crs}).to_netcdf(folder / "reanalysis.nc")
    height, _, land = raw.statics.values
    maps = {"HSURF": ((Y, X), height, {"units": "m"}), "FR_LAND": ((Y, X), land, {"units": "1"})}
    invariant = xr.Dataset(maps, {Y: rows, X: raw.precip[X], "crs": crs})
    invariant.to_netcdf(folder / "invariant.nc")
    return raw
