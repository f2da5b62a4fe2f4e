"""One field of rain and one of pressure in many legal disguises: whatever the files look like, the store is the same."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config

DAYS, NY, NX = 60, 6, 8
NUMBERS = np.arange(DAYS)
SPLITS = {
    "train": [["2001-01-01", "2001-01-31"]],
    "validation": [["2001-02-01", "2001-02-14"]],
    "test": [["2001-02-15", "2001-03-01"]],
}


@dataclass(frozen=True)
class Disguise:
    """How a file looks.

    Attributes:
        order: of the dimensions.
        falling: latitudes fall.
        east: longitudes lie in 0 to 360 instead of -180 to 180.
        units: of the rain, with the factor from mm/day.
        packed: values are integers with scale and offset.
        calendar: of the time axis.
        hour: of the stamps.
        bounds: stamps are the ends of the days, and bounds say so.
        kind: of the file.
        names: of latitude, longitude and time.
    """

    order: tuple[str, str, str] = ("time", "lat", "lon")
    falling: bool = False
    east: bool = False
    units: tuple[str, float] = ("mm/day", 1.0)
    packed: bool = False
    calendar: str = "standard"
    hour: int = 0
    bounds: bool = False
    kind: str = "NETCDF4"
    names: tuple[str, str, str] = ("lat", "lon", "time")


PLAIN = Disguise()
UNITS = (
    ("mm/day", 1.0),
    ("mm", 1.0),
    ("mm d-1", 1.0),
    ("kg m-2 s-1", 1 / 86400),
    ("kg m-2 day-1", 1.0),
    ("m", 1e-3),
    ("m/day", 1e-3),
    ("cm/day", 0.1),
    ("mm h-1", 1 / 24),
    ("mm/hr", 1 / 24),
    ("inch/day", 1 / 25.4),
)
DISGUISES = st.builds(
    Disguise,
    order=st.permutations(("time", "lat", "lon")).map(tuple),
    falling=st.booleans(),
    east=st.booleans(),
    units=st.sampled_from(UNITS),
    packed=st.booleans(),
    calendar=st.sampled_from(("standard", "proleptic_gregorian", "noleap")),
    hour=st.sampled_from((0, 9, 12)),
    bounds=st.booleans(),
    kind=st.sampled_from(("NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_64BIT", "zarr2", "zarr3")),
    names=st.sampled_from((("lat", "lon", "time"), ("latitude", "longitude", "time"), ("nav_lat", "nav_lon", "t"))),
)


def made_rain() -> xr.DataArray:
    """(time, lat, lon) [mm/day] west of Greenwich, in steps of 0.5 mm, so that packing loses nothing."""
    rng = np.random.default_rng(0)
    values = np.round(2 * rng.gamma(0.5, 12.0, size=(DAYS, NY, NX)) * rng.uniform(0.1, 2, size=(DAYS, 1, 1))) / 2
    values[rng.random(values.shape) < 0.3] = 0.0
    values[:, 0, 0] = np.nan
    lat, lon = 50 + 0.1 * np.arange(NY), -5 + 0.1 * np.arange(NX)
    return xr.DataArray(values, dims=("time", "lat", "lon"), coords={"time": NUMBERS, "lat": lat, "lon": lon})


def made_pressure() -> xr.DataArray:
    """(time, lat, lon) [Pa] on a grid of half a degree around the rain, in steps of 2 Pa."""
    rng = np.random.default_rng(1)
    lat, lon = 49.5 + 0.5 * np.arange(4), -5.5 + 0.5 * np.arange(5)
    values = 1e5 + 2 * np.round(rng.normal(0, 400, size=(DAYS, 1, 1)) + 50 * lat[:, None] + 20 * lon)
    return xr.DataArray(values, dims=("time", "lat", "lon"), coords={"time": NUMBERS, "lat": lat, "lon": lon})


def write(field: xr.DataArray, name: str, standard_name: str, look: Disguise, folder: Path) -> str:
    """Write a field in its disguise; returns the name of the file."""
    units, factor = look.units
    values = field * factor
    if look.falling:
        values = values.isel(lat=slice(None, None, -1))
    if look.east:
        values = values.assign_coords(lon=values["lon"] % 360)
    values["lat"].attrs.update(units="degrees_north", standard_name="latitude")
    values["lon"].attrs.update(units="degrees_east", standard_name="longitude")
    since = "days since 2001-01-01 00:00:00"
    stamps = NUMBERS + (1.0 if look.bounds else look.hour / 24)
    time = xr.Variable("time", stamps, {"units": since, "calendar": look.calendar, "standard_name": "time"})
    ds = values.assign_coords(time=time).transpose(*look.order).to_dataset(name=name)
    ds[name].attrs.update(units=units, standard_name=standard_name)
    if look.bounds:
        ds["time"].attrs["bounds"] = "time_bnds"
        ds["time_bnds"] = (("time", "nv"), np.stack([NUMBERS, NUMBERS + 1.0], axis=1))
    encoding: dict[str, Any] = {"_FillValue": -1.0}
    if look.packed:
        # rain in half millimetres and pressure in steps of 2 Pa about its mean, as 16-bit integers
        step, offset = (0.5 * factor, 0.0) if name == "pr" else (2.0, 1e5)
        encoding = {"dtype": "i2", "scale_factor": step, "add_offset": offset, "_FillValue": -32768}
    lat, lon, when = look.names
    ds = ds.rename({"lat": lat, "lon": lon, "time": when})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries have opinions on some of these formats
        if look.kind.startswith("zarr"):
            version = int(look.kind[-1])
            ds.to_zarr(
                folder / f"{name}.zarr", zarr_format=version, consolidated=version == 2, encoding={name: encoding}
            )
            return f"{name}.zarr"
        ds.to_netcdf(folder / f"{name}.nc", format=look.kind, encoding={name: encoding})
    return f"{name}.nc"


def store_of(rain: Disguise, pressure: Disguise) -> xr.Dataset:
    """The store of both fields in their disguises, rows and columns rising."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = write(made_rain(), "pr", "lwe_precipitation_rate", rain, folder)
        predictor = write(made_pressure(), "psl", "air_pressure_at_mean_sea_level", pressure, folder)
        run = Run(folder / "run")
        sources = [{"files": predictor, "variable": "psl"}]
        prepare(config(folder, target={"files": target}, predictors=sources, splits=SPLITS, season=False), run)
        store = run.open_store().load()
    for dim, place in (("y", "latitude"), ("x", "longitude")):
        along = store[place].mean([d for d in store[place].dims if d != dim]).values
        store = store.isel({dim: np.argsort(along)})
    for dim in ("y_lr", "x_lr"):
        store = store.isel({dim: np.argsort(store[dim].values)})
    return store


@pytest.fixture(scope="module")
def plain() -> xr.Dataset:
    return store_of(PLAIN, PLAIN)


@given(rain=DISGUISES, pressure=DISGUISES)
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_files_look_like_the_store_is_the_same(
    plain: xr.Dataset, rain: Disguise, pressure: Disguise
) -> None:
    same = replace(pressure, calendar=rain.calendar, units=("Pa", 1.0))  # both fields are of one calendar
    store = store_of(rain, same)
    np.testing.assert_allclose(store["precip"].values, plain["precip"].values, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(store["predictors"].values, plain["predictors"].values, rtol=1e-6)
    for part in ("year", "month", "day"):
        expected = getattr(plain["time"].dt, part).values
        np.testing.assert_array_equal(getattr(store["time"].dt, part).values, expected)
    for name in ("split", "category", "heavy_x", "mask"):
        np.testing.assert_array_equal(store[name].values, plain[name].values)
