"""A prepared store of made-up files, for tests of the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xarray as xr

from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, rain

LAGS = [{"from": "target", "coarsen": 3, "lags": [-1, 0, 1]}]
FILES = [{"files": "msl.nc", "variable": "msl", "day_offsets": [0, 1]}]


def made(tmp_path: Path, given: xr.Dataset | xr.DataArray | None = None, /, **data: Any) -> xr.Dataset:
    """Write a target, prepare it, and open the store."""
    (mapped(rain()) if given is None else given).to_netcdf(tmp_path / "rain.nc")
    run = Run(tmp_path / "run")
    prepare(config(tmp_path, **data), run)
    return run.open_store().load()
