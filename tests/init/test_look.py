"""What a file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.init.look import look_into
from tests.init.made import days, pressure, wide


def test_what_a_file_holds(tmp_path: Path) -> None:
    time = days(last="2001-03-31", hour=12)
    values = pressure(time, *wide()).expand_dims(plev=[500.0, 850.0]).transpose("time", "plev", "lat", "lon")
    ds = values.to_dataset(name="z").assign(
        orog=(("lat", "lon"), np.ones((values.sizes["lat"], values.sizes["lon"]))),
        date=(("time",), np.arange(time.size)),
        time_bnds=(("time", "bnds"), np.stack([time.values, time.values + np.timedelta64(1, "D")], axis=1)),
    )
    ds["time"].attrs["bounds"] = "time_bnds"
    for name in ("time", "time_bnds"):
        ds[name].encoding["units"] = "hours since 2001-01-01"
    ds.to_netcdf(tmp_path / "x.nc")
    z, orography = look_into(tmp_path / "x.nc")
    assert (z.name, z.levels, z.hour, z.days.size) == ("z", {"plev": [500.0, 850.0]}, "12:00", 90)
    assert z.grid is not None and z.grid.shape == (8, 8) and not z.is_map and not z.problem
    assert (orography.name, orography.is_map) == ("orog", True)
    (tmp_path / "index.csv").write_text("date,nao\n2001-01-01,0.5\n2001-01-02,-1\n")
    (column,) = look_into(tmp_path / "index.csv")
    assert (column.kind, column.name, column.days.tolist()) == ("column", "nao", [20010101, 20010102])
    xr.Dataset({"t": (("time", "city"), np.ones((90, 2)))}, {"time": time.values}).to_netcdf(tmp_path / "s.nc")
    (series,) = look_into(tmp_path / "s.nc")
    assert (series.kind, series.levels) == ("series", {"city": [0, 1]})
