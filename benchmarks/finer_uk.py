"""Writes daily rain over the United Kingdom on 5 km, 290 x 180 cells, interpolated from the files on 12 km.

    python benchmarks/finer_uk.py DIR [--years 2010 ... 2020]

A grid of that size on which trainings in patches and members in tiles are tried (`docs/how-to/large-grids.md`). Rain is
linear between the centres of the 12 km cells, at the coast that of the nearest cell, and nothing finer is made up: the
files say what large grids cost, not how fine rain is. DIR takes the files and `finer-uk.yaml`, which reads them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import xarray as xr
import yaml
from scipy.ndimage import distance_transform_edt

SOURCE = "haduk-grid-12km"
EDGES_M = {"projection_y_coordinate": (-200_000.0, 290), "projection_x_coordinate": (-200_000.0, 180)}
"""The first edge and the number of 5 km cells."""
CELL_M = 5_000.0
CONFIGURATION = {
    "data": {
        "kind": "gridded",
        "target": {"files": "rain_*.nc", "variable": "rainfall"},
        "predictors": [{"from": "target", "coarsen": 16, "lags": [-1, 0, 1], "min_valid_cells": 1}],
        "season": True,
        "statics": [{"files": "height.nc", "variable": "surface_altitude"}, {"derive": "distance_to_coast"}],
        "fit": "pad",
        "splits": {"train": [2010, 2016], "validation": [2017, 2018], "test": [2019, 2020]},
        "suspect": "mask",
    },
    "model": "auto",
}


def finer(field: xr.DataArray) -> xr.DataArray:
    """A field of 12 km cells on the 5 km cells whose nearest cell has values; NaN elsewhere."""
    axes = {
        dim: xr.DataArray(first + (np.arange(n) + 0.5) * CELL_M, dims=dim, attrs=field[dim].attrs)
        for dim, (first, n) in EDGES_M.items()
    }
    valid = field.notnull()
    if "time" in valid.dims:
        valid = valid.any("time")
    nearest = distance_transform_edt(~valid.values, return_distances=False, return_indices=True)
    filled = field.copy(data=field.values[..., nearest[0], nearest[1]])
    on_land = valid.astype(np.float32).interp(axes, method="nearest", kwargs={"fill_value": 0.0}) > 0
    fine = filled.interp(axes, kwargs={"fill_value": None})
    return fine.clip(min=0.0).where(on_land).astype(np.float32).assign_attrs(field.attrs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--years", type=int, nargs="+", default=list(range(2010, 2021)))
    arguments = parser.parse_args()
    if "RAINSMITH_DATA" not in os.environ:
        parser.error(f"RAINSMITH_DATA is not set; expected the folder that holds {SOURCE}")
    source, folder = Path(os.environ["RAINSMITH_DATA"]) / SOURCE, arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    for year in arguments.years:
        with xr.open_dataset(source / f"rainfall_hadukgrid_uk_12km_day_{year}.nc") as day_by_day:
            rain = finer(day_by_day["rainfall"].drop_vars(["latitude", "longitude"]))
            packed = {"rainfall": {"zlib": True, "complevel": 1, "chunksizes": (8, *rain.shape[1:])}}
            xr.merge([rain, day_by_day["transverse_mercator"]]).to_netcdf(folder / f"rain_{year}.nc", encoding=packed)
            land = day_by_day["rainfall"][0]
    with xr.open_dataset(source / "orography_ukcp18_uk_12km.nc") as maps:
        height = finer(maps["surface_altitude"].where(land.notnull().values))
        xr.merge([height, maps["transverse_mercator"]]).to_netcdf(folder / "height.nc")
    values = CONFIGURATION | {"data": CONFIGURATION["data"] | {"root": str(folder.resolve())}}
    (folder / "finer-uk.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
