"""The whole stage on files: what the store holds, what is dropped, and every refusal."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import CATEGORIES, SPLITS, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.prepare.new_period import prepare_predictors
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, pressure, rain
from tests.prepare.made import FILES, LAGS, made

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def days_of_splits(store: xr.Dataset) -> dict[str, int]:
    return {name: int((store["split"] == i).sum()) for i, name in enumerate(SPLITS)}


def test_the_store_holds_what_the_contract_says(tmp_path: Path) -> None:
    target = rain()
    store = made(tmp_path, mapped(target), predictors=LAGS, statics=[{"derive": "distance_to_coast"}])
    assert dict(store.sizes) == {"time": 58, "y": 7, "x": 9, "channel": 5, "y_lr": 3, "x_lr": 3, "static": 1}
    np.testing.assert_array_equal(store["precip"], target[1:-1])  # the first and last day lack a lag
    assert store["precip"].attrs["units"] == "mm/day"
    assert store["precip"].attrs["standard_name"] == "lwe_precipitation_rate"
    assert store[store["precip"].attrs["grid_mapping"]].attrs["grid_mapping_name"] == "transverse_mercator"
    assert store["precip"].encoding["chunks"] == (16, 7, 9)
    assert store["latitude"].dims == store["longitude"].dims == ("y", "x")
    np.testing.assert_array_equal(store["mask"], np.isfinite(target[0]))
    assert list(store["channel"].values) == ["rain_3_lag-1", "rain_3_lag0", "rain_3_lag+1", "season_sin", "season_cos"]
    assert list(store["static"].values) == ["distance_to_coast"]
    assert store.attrs["coarse_rain_channel"] == "rain_3_lag0"
    assert (store.attrs["coarsen"], store.attrs["legacy_statistics"]) == (3, 0)
    np.testing.assert_allclose(store["coarse_row"][:, 0], (np.arange(7) + 0.5) / 3 - 0.5, rtol=1e-6)
    np.testing.assert_array_equal(store["block"][:, 0], np.arange(7) // 3 * 3)
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left == {"store.zarr", "config.yaml"}  # nothing half-written beside them


def test_channels_are_the_block_means_of_their_days(tmp_path: Path) -> None:
    target = rain()
    store = made(tmp_path, predictors=LAGS)
    blocks = target.coarsen(y=3, x=3, boundary="pad").mean().values
    for number, lag in enumerate((-1, 0, 1)):
        np.testing.assert_allclose(store["predictors"][:, number], blocks[1 + lag : 59 + lag], rtol=1e-5)
    # weighted by valid cells, the coarse rain of a day is its mean rain
    weights = np.bincount(store["block"].values[store["mask"].values], minlength=9).reshape(3, 3)
    mean = (np.nan_to_num(blocks[1:59]) * weights).sum(axis=(1, 2)) / weights.sum()
    np.testing.assert_allclose(mean, store["precip"].mean(("y", "x")), rtol=1e-5)


def test_the_season_turns_with_the_calendar(tmp_path: Path) -> None:
    for calendar, length in (("standard", 365), ("360_day", 360)):
        folder = tmp_path / calendar
        folder.mkdir()
        store = made(folder, rain(calendar=calendar))
        day = store["time"].dt.dayofyear.values
        sine, cosine = (store["predictors"].sel(channel=f"season_{n}") for n in ("sin", "cos"))
        np.testing.assert_allclose(sine[:, 1, 1], np.sin(2 * np.pi * (day - 1) / length), atol=1e-6)
        np.testing.assert_allclose(cosine[:, 2, 2], np.cos(2 * np.pi * (day - 1) / length), atol=1e-6)
        assert store["time"].dt.calendar == ("proleptic_gregorian" if calendar == "standard" else calendar)


def test_training_statistics_read_training_days_only(tmp_path: Path) -> None:
    target = rain()
    later = target.copy(data=target.values.copy())
    later.values[31:] *= 7  # validation and test
    names = (
        "log_mean",
        "log_std",
        "log_std_global",
        "p90",
        "p95",
        "p99",
        "train_max",
        "heavy_threshold",
        "climatology",
    )
    channel = tuple(f"predictor_{name}" for name in ("mean", "std", "min", "max", "log_mean", "log_std"))
    stores = []
    for number, da in enumerate((target, later)):
        (tmp_path / str(number)).mkdir()
        stores.append(made(tmp_path / str(number), da))
    for name in (*names, *channel):
        np.testing.assert_array_equal(stores[0][name], stores[1][name], err_msg=name)
    train = in_split(stores[0], "train")["precip"].values.astype(np.float64)
    valid = train[np.isfinite(train)]
    assert float(stores[0]["heavy_threshold"]) == pytest.approx(np.quantile(valid, 0.95), rel=1e-6)
    assert float(stores[0]["p99"]) == pytest.approx(np.quantile(valid, 0.99), rel=1e-6)
    assert float(stores[0]["log_std_global"]) == pytest.approx(np.log1p(valid).std(), rel=1e-6)
    cell = np.log1p(train[:, 3, 4])
    assert float(stores[0]["log_std"][3, 4]) == pytest.approx(cell.std(), rel=1e-5)
    assert float(stores[0]["log_mean"][3, 4]) == pytest.approx(cell.mean(), rel=1e-5)
    assert np.isnan(stores[0]["log_std"][3, 0]) and np.isnan(stores[0]["climatology"][3, 0])  # sea
    coarse = in_split(stores[0], "train")["predictors"][:, 0].values
    assert float(stores[0]["predictor_mean"][0]) == pytest.approx(np.nanmean(coarse), rel=1e-5)
    assert float(stores[0]["predictor_max"][0]) == pytest.approx(np.nanmax(coarse), rel=1e-6)
    assert float(stores[0]["predictor_log_mean"][0]) == pytest.approx(np.nanmean(np.log1p(coarse)), rel=1e-5)
    of_rain = np.array([str(name).startswith("rain") for name in stores[0]["channel"].values])
    np.testing.assert_array_equal(np.isfinite(stores[0]["predictor_log_std"].values), of_rain)


def test_heavy_x_has_as_many_days_as_heavy_in_each_split_and_reads_no_rain(tmp_path: Path) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    for sources in (LAGS, FILES):
        store = made(tmp_path, predictors=sources)
        heavy = store["category"] == CATEGORIES.index("heavy")
        for index in range(3):
            inside = store["split"] == index
            assert int((heavy & inside).sum()) == int((store["heavy_x"] & inside).sum()) > 0
    # from files, the rain of other days has no say in which days are chosen, only in how many
    target = rain()
    target.values[31:] = target.values[31:][::-1]
    again = made(tmp_path, mapped(target), predictors=FILES)
    assert not np.array_equal(again["category"], store["category"])
    for index in range(3):
        inside = (store["split"] == index).values
        counts = [int(s["heavy_x"][inside].sum()) for s in (store, again)]
        if counts[0] == counts[1]:
            np.testing.assert_array_equal(store["heavy_x"][inside], again["heavy_x"][inside])


def test_a_cell_that_is_missing_on_some_days_is_missing_on_those_only(tmp_path: Path) -> None:
    target = rain()
    target.values[10, 2, 3] = np.nan
    store = made(tmp_path, target)
    assert bool(store["mask"][2, 3])
    assert np.isnan(store["precip"][10, 2, 3]) and np.isfinite(store["precip"][11, 2, 3])
    assert np.isfinite(store["log_std"][2, 3])


def test_predictor_days_are_matched_by_date_and_times_are_kept(tmp_path: Path) -> None:
    msl = pressure(hour=12)
    msl.to_netcdf(tmp_path / "msl.nc")
    store = made(tmp_path, mapped(rain(hour=0)), predictors=FILES)
    assert list(store["channel"].values) == ["msl_day0", "msl_day+1", "season_sin", "season_cos"]
    assert set(store["time"].dt.hour.values) == {0}
    np.testing.assert_allclose(store["predictors"][:, 0], msl[:60], rtol=1e-6)
    np.testing.assert_allclose(store["predictors"][:, 1], msl[1:61], rtol=1e-6)
    assert store.attrs["coarse_rain_channel"] == ""
    np.testing.assert_array_equal(store["y_lr"], msl["lat"])
    np.testing.assert_allclose(store["coarse_row"], (43.0 - store["latitude"]) / 0.5, atol=1e-5)
    assert days_of_splits(store) == {"train": 31, "validation": 14, "test": 15}  # no rain in x: no gaps


def test_calendars_may_differ_between_target_and_predictors(tmp_path: Path) -> None:
    pressure("2003-12-01", days=130, calendar="noleap").to_netcdf(tmp_path / "msl.nc")
    splits = {
        "train": [["2003-12-01", "2004-01-31"]],
        "validation": [["2004-02-01", "2004-02-29"]],
        "test": [["2004-03-01", "2004-03-31"]],
    }
    store = made(tmp_path, mapped(rain("2003-12-01", days=122)), predictors=FILES, splits=splits)
    assert store.attrs["days_dropped"] == 2  # 29 February, and the 28th, whose next day it is
    assert not {20040228, 20040229} & set(day_numbers(store["time"]))


def test_days_that_read_rain_across_a_boundary_are_left_as_gaps(tmp_path: Path) -> None:
    store = made(tmp_path, predictors=LAGS)
    gaps = day_numbers(store["time"])[store["split"].values == -1]
    np.testing.assert_array_equal(gaps, [20010131, 20010201, 20010214])
    assert store.attrs["days_in_gaps"] == 3
    assert (store.attrs["days_found"], store.attrs["days_dropped"]) == (60, 2)
    # no day that is trained on, or that chooses a checkpoint, holds a test day's rain in x
    first_test = int(np.flatnonzero(store["split"].values == 2)[0])
    test_rain = store["predictors"].sel(channel="rain_3_lag0")[first_test]
    for day in np.flatnonzero(store["split"].values < 2):
        if store["split"][day] >= 0:
            for lag in ("-1", "0", "+1"):
                assert not np.allclose(
                    store["predictors"].sel(channel=f"rain_3_lag{lag}")[day], test_rain, equal_nan=True
                )


def test_months_choose_scored_days_and_lags_read_beyond_them(tmp_path: Path) -> None:
    splits = {
        "train": [["2001-01-01", "2001-01-31"]],
        "validation": [["2001-03-01", "2001-03-10"]],
        "test": [["2001-03-11", "2001-03-31"]],
    }
    store = made(tmp_path, rain(days=95), predictors=LAGS, months=[1, 3], splits=splits)
    numbers = day_numbers(store["time"])
    assert set(numbers // 100 % 100) == {1, 3}
    assert 20010301 in numbers  # its lag -1 is 28 February, which is in the files
    assert store.attrs["days_dropped"] == 1  # 1 January


def test_the_period_limits_the_scored_days_and_lags_read_beyond_it(tmp_path: Path) -> None:
    store = made(tmp_path, predictors=LAGS, period=["2001-01-10", "2001-02-25"])
    numbers = day_numbers(store["time"])
    assert (numbers[0], numbers[-1], store.attrs["days_dropped"]) == (20010110, 20010225, 0)


def test_training_days_without_rain_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected rain"):
        made(tmp_path, 0.0 * rain())


def test_negatives_and_suspects_are_counted_in_the_store(tmp_path: Path) -> None:
    target = rain().clip(max=40)
    target.values[3, 2, 2] = -0.01
    target.values[7, 4, 4] = 444.2
    store = made(tmp_path, target)
    assert store.attrs["negatives_set_to_zero"] == 1
    assert store.attrs["suspect_values"].startswith("2001-01-08 y=4.62e+06 x=420000 444.2 mm")
    assert np.isnan(store["precip"][7, 4, 4]) and np.isfinite(store["predictors"][7, 0]).all()
    assert float(made(tmp_path, target, suspect="keep")["precip"].max()) == pytest.approx(444.2)
    with pytest.raises(UserError, match="1 suspect values"):
        made(tmp_path, target, suspect="error")


def test_pad_keeps_all_cells_and_crop_drops_some(tmp_path: Path) -> None:
    for fit, shape, blocks in (("pad", (7, 9), (2, 3)), ("crop", (4, 8), (1, 2))):
        store = made(tmp_path, predictors=[{"from": "target", "coarsen": 4, "lags": [0]}], fit=fit)
        assert store["precip"].shape[1:] == shape
        assert store["predictors"].shape[2:] == blocks
    assert store["statics"].shape == (0, 4, 8)


def test_blocks_with_few_valid_cells_are_missing(tmp_path: Path) -> None:
    store = made(
        tmp_path, predictors=[{"from": "target", "coarsen": 3, "lags": [0], "min_valid_cells": 7}], season=False
    )
    found = np.isfinite(store["predictors"][0, 0].values)
    # blocks of 3 x 3 with a column of sea have six valid cells, the last row of blocks three
    np.testing.assert_array_equal(found, [[False, True, True], [False, True, True], [False, False, False]])
    with pytest.raises(UserError, match="no block of 3 x 3 cells has 50 valid cells"):
        made(tmp_path, predictors=[{"from": "target", "coarsen": 3, "min_valid_cells": 50}])


def test_sources_on_several_grids_end_on_that_of_the_first(tmp_path: Path) -> None:
    pressure(step=0.5).to_netcdf(tmp_path / "msl.nc")
    pressure(step=0.25, seed=2).rename("z").to_netcdf(tmp_path / "z.nc")
    finer = {"files": "z.nc", "variable": "z"}
    store = made(tmp_path, predictors=[*FILES, finer, LAGS[0]][:2], season=False)
    assert list(store["channel"].values) == ["msl_day0", "msl_day+1", "z_day0"]
    assert store["predictors"].shape[2:] == (6, 8)
    z = pressure(step=0.25, seed=2).sel(lat=store["y_lr"].values, lon=store["x_lr"].values)
    np.testing.assert_allclose(store["predictors"][:, 2], z[:60], rtol=1e-6)  # every second point of the finer grid
    both = made(tmp_path, predictors=[LAGS[0], *FILES], season=False)
    assert both["predictors"].shape[1:] == (5, 3, 3)
    assert (both.attrs["coarse_rain_channel"], both.attrs["coarsen"]) == ("rain_3_lag0", 3)
    expected = pressure().interp(lat=both["latitude_lr"], lon=both["longitude_lr"])
    np.testing.assert_allclose(
        both["predictors"].sel(channel="msl_day0"), expected[1:59].transpose("time", ...), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((-23.0, -20.0, 133.0, 137.0), r"'msl' covers 0% .*latitude -23 to -20.*wanted: latitude 41.5"),
        ((41.8, 44.0, 0.0, 4.0), r"'msl' covers \d\d% .*larger region"),
        ((0.0, 4.0, 40.0, 43.0), "latitude and longitude look exchanged"),
        ((-43.0, -40.0, 0.0, 4.0), "lost their sign"),
    ],
)
@pytest.mark.parametrize("second", [False, True])
def test_predictors_of_another_place_are_refused_whatever_their_place_in_the_list(
    tmp_path: Path, box: tuple[float, ...], message: str, second: bool
) -> None:
    good = pressure()
    good.to_netcdf(tmp_path / "good.nc")
    lat, lon = np.linspace(box[1], box[0], good.sizes["lat"]), np.linspace(box[2], box[3], good.sizes["lon"])
    moved = {"lat": ("lat", lat, good["lat"].attrs), "lon": ("lon", lon, good["lon"].attrs)}
    good.assign_coords(moved).to_netcdf(tmp_path / "msl.nc")
    sources = [{"files": "msl.nc", "variable": "msl"}]
    sources = [{"files": "good.nc", "variable": "msl", "name": "first"}, *sources] if second else sources
    expected = message if not second else message.split(".*wanted")[0]  # then the coarse grid is what is wanted
    with pytest.raises(UserError, match=expected):
        made(tmp_path, mapped(rain()), predictors=sources)


def test_a_target_without_coordinates_has_its_own_blocks_as_predictors(tmp_path: Path) -> None:
    target = rain()
    located = made(tmp_path, target, predictors=LAGS)
    bare = made(tmp_path, target.drop_vars(["y", "x"]), predictors=LAGS)
    np.testing.assert_array_equal(bare["predictors"], located["predictors"])
    again = prepare_predictors(config(tmp_path, predictors=LAGS), bare.drop_dims("time"))
    np.testing.assert_array_equal(again["predictors"], bare["predictors"])


def test_a_map_without_coordinates_is_matched_cell_by_cell_which_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    height = rain(days=1, sea=False).isel(time=0, drop=True).rename("h")
    for given, said in ((height, False), (height.drop_vars(["y", "x"]), True)):
        given.to_netcdf(tmp_path / "h.nc")
        store = made(tmp_path, rain(), predictors=LAGS, statics=[{"files": "h.nc"}])
        np.testing.assert_array_equal(store["statics"][0], height)
        assert ("'h' has no coordinates and was matched cell by cell" in capsys.readouterr().err) == said


def test_a_named_coarse_grid_round_the_earth_begins_far_from_the_region(tmp_path: Path) -> None:
    lat, lon = np.arange(60.0, 29.0, -2.5), np.arange(0.0, 360.0, 2.5)
    axes = {"lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
    globe = xr.DataArray(np.zeros((lat.size, lon.size)), dims=("lat", "lon"), coords=axes, name="z")
    globe.to_netcdf(tmp_path / "globe.nc")
    time = pressure()["time"]
    values = np.broadcast_to(np.cos(np.deg2rad(lon)), (time.size, lat.size, lon.size))
    msl = xr.DataArray(values, dims=("time", "lat", "lon"), coords={**axes, "time": time}, name="msl")
    msl.to_netcdf(tmp_path / "msl.nc")
    sources = [{"files": "msl.nc", "variable": "msl"}]
    store = made(tmp_path, regional(-1.5, None)["rain"], predictors=sources, coarse_grid="globe.nc", season=False)
    assert abs(float(store["coarse_col"].mean()) - 72) < 2  # in the middle of 144 columns
    wave = np.cos(np.deg2rad(store["x_lr"].values))
    np.testing.assert_allclose(store["predictors"][0, 0, 0], wave, atol=1e-6)


def regional(west: float, count_from: float | None, *, in_order: bool = False) -> dict[str, xr.DataArray]:
    """Rain, pressure and a map of a region that begins at a longitude, its longitudes counted from 0 or from -180."""

    def placed(da: xr.DataArray, first: float, step: float) -> xr.DataArray:
        lon = west + first + step * np.arange(da.sizes["lon"])
        lon = lon if count_from is None else np.round((lon - count_from) % 360.0 + count_from, 6)
        placed = da.assign_coords(lon=("lon", lon, {"units": "degrees_east"}))
        return placed.sortby("lon") if in_order else placed

    fine = rain().rename(y="lat", x="lon").drop_vars(["lat", "lon"])
    fine = fine.assign_coords(lat=("lat", 41.0 + 0.1 * np.arange(7), {"units": "degrees_north"}))
    height = fine.isel(time=0, drop=True).fillna(0.0).rename("h").assign_attrs(units="m")
    return {"rain": placed(fine, 1.2, 0.1), "h": placed(height, 1.2, 0.1), "msl": placed(pressure(), 0.0, 0.5)}


def prepared_regional(
    folder: Path, west: float, target: float | None, others: float | None, in_order: bool
) -> xr.Dataset:
    """The store of such a region; the longitudes of its rain and of its other files may be counted differently."""
    files = {**regional(west, others, in_order=in_order), "rain": regional(west, target, in_order=in_order)["rain"]}
    for name, da in files.items():
        da.to_netcdf(folder / f"{name}.nc")
    predictors, statics = ([{"files": f"{name}.nc", "variable": name}] for name in ("msl", "h"))
    return made(folder, files["rain"], predictors=predictors, statics=statics)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """The store of the region far from any seam."""
    return prepared_regional(tmp_path_factory.mktemp("elsewhere"), 60.0, None, None, False)


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("counts", [(0.0, -180.0), (-180.0, 0.0)])
@pytest.mark.parametrize("west", [-1.5, 178.5])
def test_a_region_across_a_seam_is_prepared_as_any_other(
    elsewhere: xr.Dataset, tmp_path: Path, west: float, counts: tuple[float, float], in_order: bool
) -> None:
    across = prepared_regional(tmp_path, west, *counts, in_order)
    np.testing.assert_array_equal(across["precip"], elsewhere["precip"])
    for name in ("predictors", "statics", "coarse_row", "coarse_col"):
        np.testing.assert_allclose(across[name], elsewhere[name], rtol=1e-5, atol=2e-5, err_msg=name)
    np.testing.assert_allclose((across["x"] - elsewhere["x"] - west + 60.0 + 180.0) % 360.0, 180.0, atol=1e-5)


def test_a_coarse_grid_may_be_named(tmp_path: Path) -> None:
    pressure(step=0.25).to_netcdf(tmp_path / "msl.nc")
    xr.Dataset(coords={"lat": [41.0, 41.5, 42.0], "lon": [1.0, 1.5, 2.0, 2.5]}).to_netcdf(tmp_path / "grid.nc")
    store = made(tmp_path, predictors=FILES, coarse_grid="grid.nc")
    assert store["predictors"].shape[2:] == (3, 4)
    np.testing.assert_allclose(
        store["predictors"][:, 0],
        pressure(step=0.25).sel(lat=store["y_lr"].values, lon=store["x_lr"].values)[:60],
        rtol=1e-6,
    )


def test_coarse_rain_from_files_is_converted_and_known_as_such(tmp_path: Path) -> None:
    flux = pressure().rename("tp").assign_attrs(units="kg m-2 s-1", standard_name="precipitation_flux")
    flux = flux.copy(data=abs(flux - flux.mean()) / 86400 / 100)
    flux.to_netcdf(tmp_path / "tp.nc")
    store = made(tmp_path, predictors=[{"files": "tp.nc", "rain": True}])
    assert (store.attrs["coarse_rain_channel"], store.attrs["coarsen"]) == ("tp_day0", 0)
    np.testing.assert_allclose(store["predictors"][:, 0], flux[:60] * 86400, rtol=1e-5)
    assert store.attrs["days_in_gaps"] == 0
    # rain from files may have been made from the target: the next day's makes a gap as well
    assert (
        made(tmp_path, predictors=[{"files": "tp.nc", "rain": True, "day_offsets": [0, 1]}]).attrs["days_in_gaps"] == 2
    )


def test_two_files_with_one_variable_name_make_two_channels(tmp_path: Path) -> None:
    pressure().to_netcdf(tmp_path / "a.nc")
    pressure(seed=5).to_netcdf(tmp_path / "b.nc")
    store = made(
        tmp_path, predictors=[{"files": "a.nc", "variable": "msl"}, {"files": "b.nc", "variable": "msl"}], season=False
    )
    assert list(store["channel"].values) == ["msl_day0", "msl_2_day0"]
    with pytest.raises(UserError, match="channel 'rain_3_lag0' twice"):
        made(tmp_path, predictors=[LAGS[0], {"from": "target", "coarsen": 3}])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"target": {"files": "no.nc"}}, "no file matches"),
        ({"target": {"files": "rain.nc", "variable": "rr"}}, "no variable 'rr'; it holds: pr"),
        ({"target": {"files": "rain.nc", "units": "K"}}, "target 'pr' has units 'K'"),
        ({"predictors": []}, "data.predictors is empty"),
        ({"splits": {"train": [2001, 2002], "validation": [2002, 2003], "test": [2004, 2004]}}, "overlap"),
        (
            {"splits": {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]}},
            "'validation' has no day",
        ),
        ({"period": ["2011-01-01", "2011-12-31"]}, r"no day of rain\*.nc lies within"),
        ({"months": [7]}, "no day lies within"),
        ({"statics": [{"files": "no.nc"}]}, "no file matches"),
    ],
)
def test_what_cannot_be_prepared_is_one_line_and_leaves_nothing(
    tmp_path: Path, data: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        made(tmp_path, **data)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "store.zarr").exists()


def test_too_little_disk_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1000))
    with pytest.raises(UserError, match=r"prepare needs about .* MiB .*where 0 MiB are free"):
        made(tmp_path)
    assert not (tmp_path / "run" / "store.zarr").exists()


def test_a_failed_preparation_keeps_the_store_that_was_there(tmp_path: Path) -> None:
    before = made(tmp_path)
    with pytest.raises(UserError):
        made(tmp_path, rain() * np.nan)
    xr.testing.assert_identical(Run(tmp_path / "run").open_store().load(), before)


@pytest.mark.real_data
def test_the_british_data_have_the_figures_of_their_description(real_data: Path, tmp_path: Path) -> None:
    run = Run(tmp_path)
    prepare(load_config(CONFIGS / "uk.yaml", None, {"data.root": str(real_data)}), run)
    store = run.open_store()
    rain_mm = store["precip"].values
    values = rain_mm[np.isfinite(rain_mm)]
    assert int(store["mask"].sum()) == 1707
    assert values.mean(dtype=np.float64) == pytest.approx(3.236, abs=0.002)
    assert (values >= 0.1).mean() == pytest.approx(0.646, abs=0.001)
    for share, mm in ((0.90, 9.72), (0.95, 14.76), (0.99, 28.36), (0.999, 52.07)):
        assert np.quantile(values, share) == pytest.approx(mm, abs=0.02)
    assert values.max() == pytest.approx(191.8, abs=0.05)
    wettest = int(np.nanmax(rain_mm, axis=(1, 2)).argmax())
    assert day_numbers(store["time"])[wettest] == 20151205
    assert float(store["heavy_threshold"]) == pytest.approx(14.7, abs=0.05)
    test = in_split(store, "test")
    heavy = test["category"] == CATEGORIES.index("heavy")
    assert float(heavy.mean()) == pytest.approx(0.20, abs=0.01)
    assert int(heavy.sum()) == int(test["heavy_x"].sum())
    assert store["predictors"].shape[1:] == (5, 14, 11)
    assert days_of_splits(store) == {"train": 2555, "validation": 728, "test": 730}
    assert store.attrs["suspect_values"] == ""
    assert set(store["time"].dt.hour.values) == {12}  # as in the files
    height = store["statics"].sel(static="surface_altitude").values
    assert height[store["mask"].values].max() == pytest.approx(675.5, abs=0.1)


@pytest.mark.real_data
def test_the_balearic_data_become_a_downscaling_problem(real_data: Path, tmp_path: Path) -> None:
    run = Run(tmp_path)
    settings = load_config(CONFIGS / "balearic.yaml", None, {"data.root": str(real_data)})
    prepare(settings, run)
    store = run.open_store()
    assert int(store["mask"].sum()) == 211
    assert days_of_splits(store) == {"train": 1827, "validation": 365, "test": 729}
    assert [c for c in store["channel"].values if "msl" in c] == ["msl_day0", "msl_day+1"]
    assert store["predictors"].shape[1:] == (8, 11, 13)
    found = store.attrs["suspect_values"]
    assert found.count(";") == 1 and "2001-12-15" in found and "2006-01-30" in found
    assert float(store["precip"].max()) < 320
    assert 38.5 < float(store["latitude"].min()) < float(store["latitude"].max()) < 40.5
    again = prepare_predictors(
        settings.model_copy(
            update={
                "data": settings.data.model_copy(
                    update={
                        "target": settings.data.target.model_copy(update={"files": "absent.nc"}),
                        "period": ("2006-01-01", "2007-12-31"),
                    }
                )
            }
        ),
        store.drop_dims("time").load(),
    )
    np.testing.assert_array_equal(again["predictors"], in_split(store, "test")["predictors"])
