"""A file of each kind that the program writes, judged by the checker of IOOS for the CF conventions."""

from __future__ import annotations

import copy
import functools
import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.run_folder import Run

SAMPLES = ["prior.zarr", "prior.nc", "posterior.zarr", "posterior.nc", "application.zarr", "application.nc"]
FORECASTS = [*SAMPLES, "downscaled.zarr", "downscaled.nc"]
STORES = ["store.zarr", "store.nc", "augmented.zarr", "augmented.nc", "checkpoint.nc"]
RESULTS = ["curves.nc", "climate.nc"]
# CF wants coordinates of numbers. Zarr has no arrays of characters, and the checker itself fails on text.
_TEXT_COORDINATES = "check_coordinate_variables_strict_monotonicity"
# A synthetic day has the date of its source. In the Zarr store the failure above hides it.
_REPEATED_DATES = 'Coordinate variable "time" must be strictly monotonic'


def as_netcdf(path: Path, folder: Path) -> Path:
    """A NetCDF file with the attributes of a Zarr store, and nothing more: the checker does not read Zarr 3."""
    if path.suffix == ".nc":
        return path
    data = xr.open_zarr(path, decode_cf=False).load()
    for variable in data.variables.values():
        variable.encoding = {"_FillValue": variable.attrs.pop("_FillValue", None)}
        if "flag_values" in variable.attrs:  # JSON knows one kind of whole number
            variable.attrs["flag_values"] = np.asarray(variable.attrs["flag_values"], variable.dtype)
    target = folder / f"{path.stem}.nc"
    data.to_netcdf(target)
    return target


def once(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same function, which is called once for each dataset."""
    known = functools.cache(function)
    return lambda dataset: copy.copy(known(dataset))


def complaints(path: Path) -> tuple[list[str], list[str]]:
    """What the checker says of a NetCDF file, but for the order of dimensions; and checks that fail by themselves."""
    runner = pytest.importorskip("compliance_checker.runner", reason="compliance-checker is not installed")
    util = importlib.import_module("compliance_checker.cf.util")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:  # warnings of the checker are its own
        warnings.simplefilter("ignore")
        for name in ("coordinate_dimension_matrix", "get_geophysical_variables"):  # asked for again and again
            patch.setattr(util, name, once(getattr(util, name)))
        suite = runner.CheckSuite()
        suite.load_all_available_checkers()
        results, failures = suite.run_all(suite.load_dataset(str(path)), ["cf:1.11"])["cf:1.11"]
    not_met = [
        r for r in results if r.value is not True and not (isinstance(r.value, tuple) and r.value[0] == r.value[1])
    ]
    said = [message for result in not_met for message in result.msgs or []]
    return [text for text in said if "not in the recommended order" not in text], sorted(failures)


@pytest.mark.parametrize("name", [*FORECASTS, *STORES, *RESULTS])
def test_the_checker_of_cf_has_no_complaint(written: dict[str, Path], name: str, tmp_path: Path) -> None:
    said, failures = complaints(as_netcdf(written[name], tmp_path))
    assert said == ([_REPEATED_DATES] if name == "augmented.nc" else [])
    assert failures == ([_TEXT_COORDINATES] if name in ("store.zarr", "augmented.zarr") else [])


def test_the_checker_finds_what_is_wrong(written: dict[str, Path], tmp_path: Path) -> None:
    """The oracle of the test above says something of a file as plain xarray writes it."""
    with xr.open_dataset(written["prior.nc"]) as opened:
        spoiled = opened.load().drop_encoding().drop_vars("time_bnds")
    del spoiled["time"].attrs["bounds"]
    del spoiled.attrs["history"], spoiled["member"].attrs["units"]
    spoiled.to_netcdf(tmp_path / "spoiled.nc")
    said = " ".join(complaints(tmp_path / "spoiled.nc")[0])
    assert "history" in said and "_FillValue" in said and "member" in said


@pytest.mark.parametrize("name", [*FORECASTS, *STORES])
def test_places_are_real_and_there_is_one_grid_mapping(written: dict[str, Path], name: str, prepared: Run) -> None:
    """The plain openers of xarray: no warning, and the latitudes and longitudes of the store."""
    path, store = written[name], prepared.open_store()
    with xr.open_zarr(path) if path.suffix == ".zarr" else xr.open_dataset(path) as opened:
        for place in ("latitude", "longitude"):
            np.testing.assert_array_equal(opened[place].values, store[place].values)
        mappings = [str(v) for v in opened.variables if "grid_mapping_name" in opened[v].attrs]
        assert mappings == ["crs"]
        if name in FORECASTS:
            assert not [v for v in opened.variables if str(v).endswith("_lr")]
            assert opened["precip"].attrs["cell_methods"] == "time: mean"
            assert opened["time"].attrs["bounds"] == "time_bnds" and "time_bnds" in opened


@pytest.mark.parametrize("name", [*FORECASTS, *RESULTS])
def test_a_file_says_what_made_it_and_whose_data_it_rests_on(written: dict[str, Path], name: str) -> None:
    path = written[name]
    with xr.open_zarr(path) if path.suffix == ".zarr" else xr.open_dataset(path) as opened:
        attrs = opened.attrs
    assert attrs["terms"] == "Apache-2.0, part of rainsmith"
    assert len(attrs["history"].split("\n")) == 2 and "prepare" in attrs["history"]
    assert "Embedded stochastic rain climate" in attrs["source"]
    if name in FORECASTS:
        assert attrs["checkpoint_sha256"] in attrs["source"] and len(attrs["checkpoint_sha256"]) == 64


def test_weights_are_readable_by_those_who_read_the_other_files(written: dict[str, Path]) -> None:
    domain = written["checkpoint.nc"]
    assert domain.with_suffix(".safetensors").stat().st_mode == domain.with_suffix(".json").stat().st_mode
