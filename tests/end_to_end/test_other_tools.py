"""CDO and GDAL read every NetCDF file that the program writes: places, days, units and values are the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.netcdf_files import read_netcdf, write_netcdf
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import describe_members
from tests.data.made import config
from tests.prepare.disguise import Disguise, write
from tests.prepare.fields import PLACES, made_rain

OF_DAYS = ["prior.nc", "posterior.nc", "application.nc", "downscaled.nc", "store.nc", "augmented.nc"]
OF_MAPS = [*OF_DAYS, "checkpoint.nc", "climate.nc"]
with_cdo = pytest.mark.skipif(shutil.which("cdo") is None, reason="CDO is not installed (apt install cdo)")
with_gdal = pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="GDAL is not installed (apt install gdal-bin)")


def cdo(*arguments: object) -> str:
    """What CDO prints; a failure says why."""
    done = subprocess.run(["cdo", "-s", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def gdal(path: Path, variable: str) -> dict[str, Any]:
    """What GDAL says of a variable."""
    command = ["gdalinfo", "-json", f"NETCDF:{path}:{variable}"]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def a_map(data: xr.Dataset) -> str:
    return "precip" if "precip" in data else "mask" if "mask" in data else "mean_observed"


@with_cdo
@pytest.mark.parametrize("name", OF_MAPS)
def test_cdo_sees_every_variable_and_the_projection(written: dict[str, Path], name: str) -> None:
    data = read_netcdf(written[name])
    named = cdo("showname", written[name]).split()
    # CDO has no variables of five dimensions, and takes a return period in years for a time
    known = [v for v in data.data_vars if data[v].dims and "return_period" not in data[v].dims]
    numeric = {str(v) for v in known if data[v].dtype.kind in "fiu"}
    assert numeric <= set(named)
    grid = cdo("griddes", "-selname," + a_map(data), written[name])
    assert "grid_mapping_name = transverse_mercator" in grid and "xsize     = 18" in grid and "ysize     = 20" in grid


@with_cdo
@pytest.mark.parametrize("name", OF_DAYS)
def test_cdo_sees_the_days_and_the_values(written: dict[str, Path], name: str) -> None:
    data = read_netcdf(written[name])
    assert (
        cdo("showdate", "-selname,precip", written[name]).split()
        == data["time"].dt.strftime("%Y-%m-%d").values.tolist()
    )
    assert "Bounds = true" in cdo("sinfo", written[name])
    first = data["precip"].isel(time=0)
    largest = [
        float(word)
        for word in cdo("outputf,%.6g", "-fldmax", "-seltimestep,1", "-selname,precip", written[name]).split()
    ]
    np.testing.assert_allclose(largest, np.atleast_1d(first.max(("y", "x")).values), rtol=1e-5)


@with_gdal
@pytest.mark.parametrize("name", OF_MAPS)
def test_gdal_sees_the_projection_and_the_cells(written: dict[str, Path], name: str) -> None:
    data = read_netcdf(written[name])
    said = gdal(written[name], a_map(data))
    assert said["size"] == [18, 20] and "UTM zone 31N" in said["coordinateSystem"]["wkt"]
    x, y, step = data["x"].values, data["y"].values, 5000.0
    np.testing.assert_allclose(said["geoTransform"], [x[0] - step / 2, step, 0, y.max() + step / 2, 0, -step])
    band = said["bands"][0]
    if a_map(data) == "precip":
        assert band["unit"] == "mm/day" and len(said["bands"]) == int(np.prod(data["precip"].shape[:-2]))
        assert np.isnan(float(band["noDataValue"]))


@pytest.fixture(scope="module", params=["west of Greenwich", "across the date line"])
def regular(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A store without static maps and members, on a grid of latitudes and longitudes."""
    folder, place = tmp_path_factory.mktemp("regular"), PLACES[request.param]
    files = write(made_rain(place), "pr", "lwe_precipitation_rate", Disguise(), folder)
    splits = {"train": [["2001-01-01", "2001-01-31"]], "validation": [["2001-02-01", "2001-02-14"]]}
    splits["test"] = [["2001-02-15", "2001-02-28"]]
    sources = [{"from": "target", "coarsen": 2, "lags": [0]}]
    run = Run(folder / "run")
    prepare(config(folder, target={"files": files}, predictors=sources, splits=splits), run)
    store = run.open_store().load()
    write_netcdf(folder / "store.nc", store)
    members = np.repeat(store["precip"].values[:, None], 2, axis=1)
    write_netcdf(folder / "members.nc", describe_members(members, store, {}))
    return {"store": folder / "store.nc", "members": folder / "members.nc"}


@with_cdo
@pytest.mark.parametrize("name", ["store", "members"])
def test_cdo_sees_a_regular_grid_and_the_time(regular: dict[str, Path], name: str) -> None:
    data, grid = read_netcdf(regular[name]), cdo("griddes", "-selname,precip", regular[name])
    values = {key: float(number) for key, number in re.findall(r"^(\w+) += (-?[\d.]+)$", grid, re.MULTILINE)}
    assert "gridtype  = lonlat" in grid
    np.testing.assert_allclose(values["xfirst"] % 360, data["longitude"].values[0, 0] % 360, atol=1e-6)
    np.testing.assert_allclose([values["yfirst"], values["xinc"]], [data["latitude"].values[0, 0], 0.1], atol=1e-6)
    assert cdo("showdate", "-selname,precip", regular[name]).split()[-1] == "2001-02-28"


@with_gdal
@pytest.mark.parametrize("name", ["store", "members"])
def test_gdal_sees_a_regular_grid(regular: dict[str, Path], name: str) -> None:
    data, said = read_netcdf(regular[name]), gdal(regular[name], "precip")
    left, top = float(data["x"].min()) - 0.05, float(data["latitude"].max()) + 0.05
    np.testing.assert_allclose(said["geoTransform"], [left, 0.1, 0, top, 0, -0.1], atol=1e-6)
    assert said["bands"][0]["unit"] == "mm/day"
