"""One field of rain and one of pressure in many legal disguises: whatever the files look like, the store is the same.

A minute covers few of the combinations. ``RAINSMITH_DISGUISES=500 pytest tests/prepare/test_disguises.py`` tries more.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from rainsmith.config import Config
from rainsmith.data.checks import CheckLog
from rainsmith.data.store import build_store
from rainsmith.prepare.gridded import read_gridded
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config
from tests.prepare.disguise import DISGUISES, Disguise, write
from tests.prepare.fields import PLACES, made_pressure, made_rain

EXAMPLES = int(os.environ.get("RAINSMITH_DISGUISES", "16"))
SPLITS = {
    "train": [["2001-01-01", "2001-01-31"]],
    "validation": [["2001-02-01", "2001-02-14"]],
    "test": [["2001-02-15", "2001-02-28"]],
}
PLAIN = Disguise()


def written(folder: Path, place: str, rain: Disguise, pressure: Disguise) -> Config:
    """A configuration of both fields in their disguises."""
    target = write(made_rain(PLACES[place]), "pr", "lwe_precipitation_rate", rain, folder)
    predictor = write(made_pressure(PLACES[place]), "psl", "air_pressure_at_mean_sea_level", pressure, folder)
    sources = [{"files": predictor, "variable": "psl"}]
    return config(folder, target={"files": target}, predictors=sources, splits=SPLITS, season=False)


def store_of(place: str, rain: Disguise, pressure: Disguise) -> xr.Dataset:
    """The store of both fields in their disguises, before it is written."""
    with tempfile.TemporaryDirectory() as name:
        made = written(Path(name), place, rain, pressure)
        raw, counts = read_gridded(made.data, CheckLog())
    return in_order(build_store(raw, made.data, counts))


def in_order(store: xr.Dataset) -> xr.Dataset:
    """The store with rows from south to north and columns from west to east."""
    for dim, place in (("y", "latitude"), ("x", "longitude"), ("y_lr", "latitude_lr"), ("x_lr", "longitude_lr")):
        where = store[place] if place in store else store[dim]
        along = where.transpose(..., dim).values.reshape(-1, store.sizes[dim])[0]
        first = along[0] if dim.startswith("y") else 180.0
        turned = along if dim.startswith("y") else (along - along[0] + first) % 360 - first
        store = store.isel({dim: np.argsort(turned)})
    return store


@cache
def plain(place: str) -> xr.Dataset:
    return store_of(place, PLAIN, PLAIN)


def check_same(store: xr.Dataset, place: str) -> None:
    """The store is that of the plain files, and lies where the fields were made."""
    expected = plain(place)
    np.testing.assert_allclose(store["precip"].values, expected["precip"].values, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(store["predictors"].values, expected["predictors"].values, rtol=1e-6)
    for part in ("year", "month", "day"):
        np.testing.assert_array_equal(getattr(store["time"].dt, part).values, getattr(expected["time"].dt, part).values)
    for name in ("split", "category", "heavy_x", "mask"):
        np.testing.assert_array_equal(store[name].values, expected[name].values)
    field = made_rain(PLACES[place])
    lon, lat = np.meshgrid(field["lon"].values, field["lat"].values)
    np.testing.assert_allclose(store["latitude"].values, lat, atol=1e-4)
    np.testing.assert_allclose((store["longitude"].values - lon + 180) % 360 - 180, 0, atol=1e-4)


@given(place=st.sampled_from(sorted(PLACES)), rain=DISGUISES, pressure=DISGUISES)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
def test_whatever_the_files_look_like_the_store_is_the_same(place: str, rain: Disguise, pressure: Disguise) -> None:
    check_same(store_of(place, rain, replace(pressure, units=("Pa", 1.0))), place)


@given(place=st.sampled_from(sorted(PLACES)), rain=DISGUISES, pressure=DISGUISES)
@settings(max_examples=max(4, EXAMPLES // 10), deadline=None, derandomize=True)
def test_and_so_it_is_once_it_was_written(place: str, rain: Disguise, pressure: Disguise) -> None:
    with tempfile.TemporaryDirectory() as name:
        run = Run(Path(name) / "run")
        prepare(written(Path(name), place, rain, replace(pressure, units=("Pa", 1.0))), run)
        check_same(in_order(run.open_store().load()), place)
