"""Writes the climate of the demo as NetCDF files, for `rainsmith init` to find out what they are.

    python benchmarks/demo_files.py DIR

The files are the data of `configs/demo.yaml`: rain and maps on the fine grid, predictors on the coarse one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import STATIC, TIME, X, Y
from rainsmith.config import Demo, load_config
from rainsmith.data.demo.climate import DemoClimate
from rainsmith.data.demo.configuration import demo_file
from rainsmith.data.demo.weather import CHANNELS

UNITS = {"elevation": "m", "distance_to_coast": "km", "land_sea_mask": "1"}


def write_demo_files(demo: Demo, folder: Path) -> None:
    """Write rain.nc, weather.nc and maps.nc of an embedded climate."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = DemoClimate(demo).raw()
    raw.precip.rename("rain").to_netcdf(folder / "rain.nc")
    coarse = {}
    for dim, n in ((Y, demo.ny_lr), (X, demo.nx_lr)):
        axis, attrs = raw.precip[dim].values, raw.precip[dim].attrs
        first, length = axis[0] - (axis[1] - axis[0]) / 2, (axis[1] - axis[0]) * len(axis)
        coarse[dim] = (dim, first + (np.arange(n) + 0.5) * length / n, attrs)
    crs = {"crs": raw.precip["crs"]}
    fields = {
        name: ((TIME, Y, X), raw.predictors.values[:, i], {"units": unit, "grid_mapping": "crs"})
        for i, (name, unit) in enumerate(CHANNELS.items())
    }
    xr.Dataset(fields, {TIME: raw.precip[TIME], **coarse, **crs}).to_netcdf(folder / "weather.nc")
    maps = {
        name: ((Y, X), raw.statics.sel({STATIC: name}).values, {"units": unit, "grid_mapping": "crs"})
        for name, unit in UNITS.items()
    }
    fine = {dim: raw.precip[dim] for dim in (Y, X)}
    xr.Dataset(maps, {**fine, **crs}).to_netcdf(folder / "maps.nc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    with demo_file() as file:
        write_demo_files(load_config(file).data.demo, parser.parse_args().folder)


if __name__ == "__main__":
    main()
