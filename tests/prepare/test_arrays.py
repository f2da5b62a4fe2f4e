"""A store from xarray objects equals that of the same arrays in files."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr
from rainsmith.data.store import write_store
from rainsmith.prepare import arrays
from rainsmith.prepare.arrays import make_store
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import SPLITS, config, mapped, pressure, rain


def of_arrays(folder: Path, *given: Any, **options: Any) -> xr.Dataset:
    """The store of ``make_store``, written and opened as that of ``prepare``."""
    path = folder / "arrays.zarr"
    write_store(make_store(*given, splits=SPLITS, **options), path)
    return without_time_of_writing(open_zarr(path, "write it").load())


def of_files(folder: Path, **data: Any) -> xr.Dataset:
    run = Run(folder / "run")
    prepare(config(folder, **data), run)
    return without_time_of_writing(run.open_store().load())


def without_time_of_writing(store: xr.Dataset) -> xr.Dataset:
    """Also without the notes on the sources: of files, only the days of the target are read."""
    attrs = {key: value for key, value in store.attrs.items() if key != "sources_found"}
    kept = store.copy()
    kept.attrs = {**attrs, "history": store.attrs["history"].split(" ", 1)[1]}
    return kept


def in_memory(ds: xr.Dataset) -> xr.DataArray:
    """The rain of a Dataset, with its grid mapping as a coordinate."""
    return ds.set_coords("utm")["pr"]


def test_block_means_and_the_coast_as_from_files(tmp_path: Path) -> None:
    target = mapped(rain())
    target["pr"].values[3, 2, 2] = -0.01
    target.to_netcdf(tmp_path / "rain.nc")
    files = of_files(
        tmp_path,
        predictors=[{"from": "target", "coarsen": 3, "lags": [-1, 0, 1]}],
        statics=[{"derive": "distance_to_coast"}],
        heavy_quantile=0.9,
        credit="free",
    )
    store = of_arrays(
        tmp_path,
        in_memory(target),
        coarsen=3,
        lags=[-1, 0, 1],
        distance_to_coast=True,
        heavy_quantile=0.9,
        credit="free",
    )
    xr.testing.assert_identical(store, files)
    assert store.attrs["negatives_set_to_zero"] == 1 and store.attrs["days_in_gaps"] == 3


def test_predictors_rain_and_maps_as_from_files(tmp_path: Path) -> None:
    msl, target = pressure(), mapped(rain(units="mm"))
    flux = pressure(step=0.25, seed=2).rename("tp").assign_attrs(units="kg m-2 s-1", standard_name="precipitation_flux")
    flux = flux.copy(data=abs(flux.values - flux.values.mean()) / 86400 / 100)
    height = rain(days=1, name="height", sea=False)[0].drop_vars("time")
    for name, da in {"rain": target, "msl": msl, "tp": flux, "height": height}.items():
        da.to_netcdf(tmp_path / f"{name}.nc")
    files = of_files(
        tmp_path,
        predictors=[{"files": "msl.nc", "variable": "msl"}, {"files": "tp.nc", "variable": "tp", "rain": True}],
        statics=[{"files": "height.nc"}],
    )
    # in one Dataset, variables of two grids need dimensions of two names
    fields = xr.Dataset({"msl": msl, "tp": flux.rename(lat="latitude", lon="longitude")})
    store = of_arrays(tmp_path, in_memory(target), fields, height, rain=["tp"])
    xr.testing.assert_identical(store, files)
    assert store.attrs["coarse_rain_channel"] == "tp_day0"


def test_several_days_of_a_variable(tmp_path: Path) -> None:
    rain().to_netcdf(tmp_path / "rain.nc")
    pressure().to_netcdf(tmp_path / "msl.nc")
    with pytest.raises(UserError, match="cannot be related"):  # neither says where the rain lies
        make_store(rain(), pressure(), splits=SPLITS, day_offsets=[0, 1])
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    files = of_files(tmp_path, predictors=[{"files": "msl.nc", "variable": "msl", "day_offsets": [0, 1]}])
    store = of_arrays(tmp_path, in_memory(mapped(rain())), pressure(), day_offsets=[0, 1])
    xr.testing.assert_identical(store, files)
    assert list(store["channel"].values[:2]) == ["msl_day0", "msl_day+1"]


def test_an_array_with_channels_keeps_their_names() -> None:
    target = in_memory(mapped(rain()))
    by_name = make_store(target, xr.Dataset({"a": pressure(), "b": pressure(seed=2)}), splits=SPLITS)
    channels = xr.concat([pressure(), pressure(seed=2)], xr.DataArray(["a", "b"], dims="channel", name="channel"))
    statics = xr.concat(
        [target[0].drop_vars("time").fillna(0)] * 2, xr.DataArray(["p", "q"], dims="static", name="static")
    )
    stacked = make_store(target, channels.transpose("time", "channel", ...), statics, splits=SPLITS, season=False)
    assert list(stacked["channel"].values) == ["a", "b"] and list(stacked["static"].values) == ["p", "q"]
    np.testing.assert_array_equal(stacked["predictors"], by_name["predictors"][:, :2])
    with pytest.raises(UserError, match="taken as it is"):
        make_store(target, channels, splits=SPLITS, day_offsets=[1])


def test_rain_is_converted_and_taken_as_mm_where_it_has_no_unit() -> None:
    millimetres = make_store(rain(), coarsen=3, splits=SPLITS)
    metres = rain().copy(data=rain().values / 1000).assign_attrs(units="m")
    np.testing.assert_allclose(make_store(metres, coarsen=3, splits=SPLITS)["precip"], millimetres["precip"], rtol=1e-6)
    bare = make_store(rain().drop_attrs(deep=False), coarsen=3, splits=SPLITS)
    np.testing.assert_array_equal(bare["precip"], millimetres["precip"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "there are no predictors"),
        ({"coarsen": 3, "wet": 1}, "does not know 'wet'; expected one of period"),
        ({"coarsen": 3, "rain": ["tp"]}, "'rain' names 'tp'; the predictors are none"),
        ({"coarsen": 3, "heavy_area": 7}, "make_store: .*heavy_area"),
        ({"coarsen": 3, "statics": rain()[0].rename(None)}, "an array without a name"),
        ({"coarsen": 3, "suspect": "error", "predictors": rain().rename("p").isel(time=[0, 2, 1])}, "in order of time"),
    ],
)
def test_what_is_not_understood_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_store(rain(), splits=SPLITS, **options)


def test_the_example_runs() -> None:
    assert doctest.testmod(arrays).failed == 0


def test_time_bounds_of_a_dataset_say_the_day() -> None:
    target = mapped(rain())
    start = target["time"].values
    late = target.assign_coords(time=start + np.timedelta64(1, "D"))
    late["time_bnds"] = (("time", "nv"), np.stack([start, start + np.timedelta64(1, "D")], axis=1))
    by_bounds, plain = (make_store(ds, coarsen=3, splits=SPLITS) for ds in (late, target))
    np.testing.assert_array_equal(by_bounds["time"], plain["time"])
    np.testing.assert_array_equal(by_bounds["precip"], plain["precip"])
    assert "-1 day" in by_bounds.attrs["day_rule"] and "day_rule" not in plain.attrs
    with pytest.raises(UserError, match="'precip' holds pr, tas; give one variable"):
        make_store(target.assign(tas=target["pr"]), coarsen=3, splits=SPLITS)


def test_splits_that_divide_a_winter_are_warned_about() -> None:
    target = rain("2000-12-01", days=3 * 365)
    splits = {
        "train": [["2000-12-01", "2001-12-31"]],
        "validation": [["2002-01-01", "2002-11-30"]],
        "test": [["2002-12-01", "2003-12-31"]],
    }
    with pytest.warns(UserWarning, match="divide a season that goes on over New Year: 2001/02 between"):
        make_store(target, coarsen=3, splits=splits, months=[12, 1, 2])


def test_warnings_of_the_checks_are_warned() -> None:
    rng = np.random.default_rng(0)
    direction = pressure().copy(data=rng.uniform(0, 360, pressure().shape)).rename("wind_dir")
    direction = direction.assign_attrs(units="degrees", standard_name="wind_from_direction")
    with pytest.warns(UserWarning, match="'wind_dir' is a direction in degrees"):
        make_store(in_memory(mapped(rain())), direction, splits=SPLITS)
