"""Predictors without a grid: indices, stations and types of weather, on every cell of the coarse grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Config, load_config
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.predictors import one_cell
from rainsmith.data.sources.series import ReadVariable, read_source
from rainsmith.data.store import build_store
from rainsmith.prepare.gridded import read_gridded
from rainsmith.prepare.new_period import prepare_predictors
from tests.data.made import config, fine_map, pressure, rain, without_axes

CONFIGS = Path(__file__).resolve().parents[3] / "configs"

DAYS = 61
TIME = rain(days=DAYS)["time"]
VALUES = np.random.default_rng(3).normal(size=(DAYS, 3)).astype(np.float32)


def read(root: Path, source: dict[str, Any]) -> list[ReadVariable]:
    settings = config(root, predictors=[source]).data
    return list(read_source(settings.predictors[0], settings, None))


def write_table(path: Path, days: int = DAYS, **columns: Any) -> None:
    dates = rain(days=days)["time"].dt.strftime("%Y-%m-%d").values
    lines = [",".join(["date", *columns]), *(",".join(map(str, row)) for row in zip(dates, *columns.values()))]  # noqa: B905
    path.write_text("\n".join(lines))


def stations(**attrs: str) -> xr.Dataset:
    ds = xr.Dataset({"t2m": (("time", "city"), VALUES, attrs), "msl": ("time", VALUES[:, 0])}, {"time": TIME})
    places = {"lat": ("city", [51.0, 48.0, 49.0]), "lon": ("city", [0.0, -4.0, 2.0])}
    return ds.assign_coords(city=["london", "le havre", "paris"], **places)


def store_of(settings: Config) -> tuple[xr.Dataset, CheckLog]:
    log = CheckLog()
    raw, counts = read_gridded(settings.data, log)
    return build_store(raw, settings.data, counts | log.attributes), log


@pytest.mark.parametrize("flipped", [False, True])
def test_each_station_is_a_series(tmp_path: Path, flipped: bool) -> None:
    ds = stations()
    (ds.transpose("city", "time") if flipped else ds).to_netcdf(tmp_path / "s.nc")
    series = read(tmp_path, {"files": "s.nc", "variable": ["t2m", "msl"]})
    assert [one.label for one in series] == ["t2m_london", "t2m_le_havre", "t2m_paris", "msl"]
    assert not any(one.has_grid for one in series)
    for number, one in enumerate(series[:3]):
        np.testing.assert_array_equal(one.values.values[:, 0, 0], VALUES[:, number])
    np.testing.assert_array_equal(series[3].values.values[:, 0, 0], VALUES[:, 0])
    assert not {"y", "x", "latitude", "longitude"} & set(series[0].values.coords)


def test_stations_are_chosen_and_named(tmp_path: Path) -> None:
    stations().to_netcdf(tmp_path / "s.nc")
    one = {"files": "s.nc", "variable": "t2m"}
    assert [s.label for s in read(tmp_path, {**one, "select": {"city": "paris"}})] == ["t2m"]
    two = read(tmp_path, {**one, "select": {"city": ["paris", "london"]}, "name": "temperature"})
    assert [s.label for s in two] == ["temperature_paris", "temperature_london"]
    np.testing.assert_array_equal(two[0].values.values[:, 0, 0], VALUES[:, 2])
    with pytest.raises(UserError, match="no city rome; it holds london, le havre, paris"):
        read(tmp_path, {**one, "select": {"city": "rome"}})


def test_stations_known_by_an_identifier_or_by_number(tmp_path: Path) -> None:
    ds = stations().rename(city="station").drop_vars("station")
    ds.to_netcdf(tmp_path / "numbers.nc")
    ds.assign(id=("station", ["A1", "B2", "C3"], {"cf_role": "timeseries_id"})).to_netcdf(tmp_path / "ids.nc")
    assert [s.label for s in read(tmp_path, {"files": "numbers.nc", "variable": "t2m"})] == ["t2m_0", "t2m_1", "t2m_2"]
    series = read(tmp_path, {"files": "ids.nc", "variable": "t2m"})
    assert [s.label for s in series] == ["t2m_A1", "t2m_B2", "t2m_C3"]
    np.testing.assert_array_equal(series[2].values.values[:, 0, 0], VALUES[:, 2])


def test_cells_in_a_row_are_no_stations(tmp_path: Path) -> None:
    xr.Dataset({"t": (("time", "cell"), np.zeros((DAYS, 300)))}, {"time": TIME}).to_netcdf(tmp_path / "s.nc")
    with pytest.raises(UserError, match="300 series along 'cell' and no grid; expected at most 200 stations"):
        read(tmp_path, {"files": "s.nc", "variable": "t"})


def test_levels_of_a_list_are_fields_of_their_own(tmp_path: Path) -> None:
    made = pressure()
    both = xr.concat([made, made + 5000], xr.Variable("plev", [50000.0, 85000.0])).rename("z")
    both.to_netcdf(tmp_path / "z.nc")
    fields = read(tmp_path, {"files": "z.nc", "variable": "z", "select": {"plev": [85000, 50000]}})
    assert [field.label for field in fields] == ["z_85000", "z_50000"] and all(field.has_grid for field in fields)
    np.testing.assert_allclose(fields[0].values.values - fields[1].values.values, 5000, atol=0.1)


def test_series_alone_lie_on_one_coarse_cell(tmp_path: Path) -> None:
    rain(days=60).to_netcdf(tmp_path / "rain.nc")
    write_table(tmp_path / "nao.csv", nao=VALUES[:, 0], ao=VALUES[:, 1])
    store, log = store_of(config(tmp_path, predictors=[{"files": "nao.csv", "day_offsets": [0, 1]}], season=False))
    assert list(store["channel"].values) == ["nao_day0", "nao_day+1", "ao_day0", "ao_day+1"]
    assert store["predictors"].shape == (60, 4, 1, 1)
    np.testing.assert_array_equal(store["predictors"].values[:, 1, 0, 0], VALUES[1:, 0])
    assert set(np.unique(store["block"].values)) == {0}
    middle = float(store["y_lr"][0]), float(store["x_lr"][0])
    assert middle == (float(store["y"].mean()), float(store["x"].mean()))
    assert store.attrs["predictors_without_grid"] == "nao, ao"
    assert "2 time series hold on all cells" in log.notices


def test_series_beside_a_grid_are_the_same_on_all_its_cells(tmp_path: Path) -> None:
    rain(days=60).to_netcdf(tmp_path / "rain.nc")
    write_table(tmp_path / "nao.csv", nao=VALUES[:, 0])
    blocks = {"from": "target", "coarsen": 3, "lags": [0]}
    store, _ = store_of(config(tmp_path, predictors=[{"files": "nao.csv"}, blocks], season=False))
    assert store["predictors"].shape == (60, 2, 3, 3)
    expected = np.broadcast_to(VALUES[:60, 0, None, None], (60, 3, 3))
    np.testing.assert_array_equal(store["predictors"].values[:, 0], expected)
    assert store.attrs["coarse_rain_channel"] == "rain_3_lag0" and store.attrs["coarsen"] == 3


def test_a_type_of_weather_becomes_channels_of_0_and_1(tmp_path: Path) -> None:
    types = np.where(np.arange(DAYS) % 3 == 0, 7, 12)
    types[50] = 3  # a validation day whose type no training day has
    write_table(tmp_path / "types.csv", lamb=types, wind=["W", "N W"] * 30 + ["W"])
    rain(days=60).to_netcdf(tmp_path / "rain.nc")
    settings = config(tmp_path, predictors=[{"files": "types.csv", "categories": ["lamb"]}], season=False)
    store, log = store_of(settings)
    names = list(store["channel"].values)
    assert names == ["lamb_is_7_day0", "lamb_is_12_day0", "wind_is_N_W_day0", "wind_is_W_day0"]
    kept = np.delete(np.arange(60), 50)
    np.testing.assert_array_equal(store["predictors"].values[:, 0, 0, 0], types[kept] == 7)
    np.testing.assert_array_equal(store["predictors"].values[:, 1, 0, 0], types[kept] == 12)
    assert any("days of type 3, unknown to the training, count as missing: 1" in notice for notice in log.notices)

    write_table(tmp_path / "types.csv", days=20, lamb=[12] * 20, wind=["W"] * 20)  # types 7 and "N W" do not occur
    new = prepare_predictors(settings, store.drop_dims("time").assign_coords(channel=names))
    assert list(new["predictors"]["channel"].values) == names
    np.testing.assert_array_equal(new["predictors"].values[0, :, 0, 0], [0, 1, 0, 1])


def test_codes_that_were_taken_as_amounts_are_said(tmp_path: Path) -> None:
    write_table(tmp_path / "types.csv", lamb=np.arange(DAYS) % 4, nao=VALUES[:, 0])
    notices = [one.notice for one in read(tmp_path, {"files": "types.csv"})]
    assert notices[0].startswith("lamb holds 4 whole numbers, taken as amounts") and notices[1] == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"variable": "ao"}, "no column 'ao'; it holds nao; correct 'variable:'"),
        ({"select": {"plev": 500}}, "is a table and has no dimensions to select from"),
        ({"categories": ["ao"]}, "'categories' names 'ao'"),
        ({"categories": ["nao"]}, "category 'nao' has 1 types on the training days; expected 2 to 100"),
    ],
)
def test_wrong_keys_of_a_table_are_refused(tmp_path: Path, source: dict[str, Any], said: str) -> None:
    write_table(tmp_path / "nao.csv", nao=["1"] * DAYS)
    with pytest.raises(UserError, match=said):
        read(tmp_path, {"files": "nao.csv", **source})


def test_several_values_a_day_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,t\n2001-01-01 00:00,1\n2001-01-01 06:00,2\n2001-01-02 00:00,3\n")
    with pytest.raises(UserError, match=r"'t' has 1 repeated or overlapping days \(first: 2001-01-01\)"):
        read(tmp_path, {"files": "a.csv"})


def test_tables_of_several_years_are_joined(tmp_path: Path) -> None:
    write_table(tmp_path / "b.csv", days=31, nao=VALUES[:31, 0])
    (tmp_path / "a.csv").write_text("nao,date\n5,2001-02-01\n6,2001-02-02\n")
    (one,) = read(tmp_path, {"files": "*.csv"})
    np.testing.assert_array_equal(one.values.values[:, 0, 0], [*VALUES[:31, 0], 5, 6])
    (tmp_path / "c.csv").write_text("ao,date\n5,2001-02-03\n6,2001-02-04\n")
    with pytest.raises(UserError, match="have different columns"):
        read(tmp_path, {"files": "*.csv"})


def test_one_cell_stands_for_a_grid_of_any_kind() -> None:
    grid = Grid.of(fine_map())
    for fine in (grid, without_axes(grid)):
        cell = one_cell(fine)
        assert cell.shape == (1, 1) and cell.latitude is not None and fine.latitude is not None
        np.testing.assert_allclose(cell.latitude, fine.latitude.mean(), atol=0.01)
    assert one_cell(Grid(np.arange(3.0), np.arange(4.0), has_axes=False)).shape == (1, 1)


@pytest.mark.real_data
def test_the_weather_of_the_united_kingdom(real_data: Path) -> None:
    overrides = {"data.root": str(real_data), "data.period": ["2015-12-01", "2017-01-31"]}
    splits = {"train": [2015, 2015], "validation": [2016, 2016], "test": [2017, 2017]}
    store, log = store_of(load_config(CONFIGS / "uk-weather.yaml", None, {**overrides, "data.splits": splits}))
    assert store.sizes["time"] == 428 and store["predictors"].shape[1:] == (53, 1, 1)
    assert "27 time series hold on all cells" in log.notices
    # noon of the day and of the next one say equally much of the rain from 09 to 09 UTC; the day before and after, less
    rain_of_day = np.sqrt(store["precip"].mean(("y", "x")).values)
    vorticity = store["predictors"].sel(channel="vorticity_day0").values[:, 0, 0]
    at_lag = [np.corrcoef(rain_of_day[1:-2], vorticity[1 + k : len(vorticity) - 2 + k])[0, 1] for k in (-1, 0, 1, 2)]
    assert min(at_lag[1:3]) > max(at_lag[0], at_lag[3]) + 0.1


def test_the_day_of_a_series_is_that_of_its_bounds(tmp_path: Path) -> None:
    end = TIME.values + np.timedelta64(1, "D")
    ds = stations().assign_coords(time=end)
    ds["time"].attrs["bounds"] = "time_bnds"
    ds["time_bnds"] = (("time", "bnds"), np.stack([TIME.values, end], axis=1))
    ds["time"].encoding["units"] = "hours since 2000-01-01"
    ds.to_netcdf(tmp_path / "s.nc")
    series = read(tmp_path, {"files": "s.nc", "variable": ["t2m", "msl"]})
    assert len(series) == 4
    for one in series:
        np.testing.assert_array_equal(day_numbers(one.values["time"]), day_numbers(TIME))


def test_the_only_variable_of_a_file_needs_no_name(tmp_path: Path) -> None:
    ds = pressure().to_dataset()
    ds["time"].attrs["bounds"] = "time_bnds"
    ds["time"].encoding["units"] = "hours since 2001-01-01"
    start = ds["time"].values - np.timedelta64(12, "h")
    ds["time_bnds"] = (("time", "nv"), np.stack([start, start + np.timedelta64(1, "D")], axis=1))
    ds.to_netcdf(tmp_path / "msl.nc")
    (one,) = read(tmp_path, {"files": "msl.nc"})
    assert one.label == "msl"
    np.testing.assert_allclose(one.values.values, pressure().values, rtol=1e-6)
    ds.assign(t2m=ds["msl"] * 2).to_netcdf(tmp_path / "two.nc")
    with pytest.raises(UserError, match=r"it holds: msl .*, t2m"):
        read(tmp_path, {"files": "two.nc"})


def test_a_column_without_a_name_is_no_predictor(tmp_path: Path) -> None:
    """A table that pandas wrote with its index has one."""
    dates = TIME.dt.strftime("%Y-%m-%d").values
    rows = [f"{number},{date},{number % 7}" for number, date in enumerate(dates)]
    (tmp_path / "i.csv").write_text("\n".join([",date,nao", *rows]))
    with pytest.raises(UserError, match="has a column without a name"):
        read(tmp_path, {"files": "i.csv"})
    (one,) = read(tmp_path, {"files": "i.csv", "variable": "nao"})
    np.testing.assert_array_equal(one.values.values.ravel(), np.arange(DAYS) % 7)


def test_text_that_is_no_type_says_so(tmp_path: Path) -> None:
    write_table(tmp_path / "i.csv", days=400, a=[f"{number / 2}%" for number in range(400)])
    settings = config(tmp_path, predictors=[{"files": "i.csv"}], splits={"train": [2001, 2001], "test": [2002, 2002]})
    with pytest.raises(UserError, match=r"'a' holds text such as '0.0%' and .*, 365 different ones .*expected numbers"):
        list(read_source(settings.data.predictors[0], settings.data, None))


def test_a_dropped_time_of_day_is_said_once(tmp_path: Path) -> None:
    dates = TIME.dt.strftime("%Y-%m-%d 23:00").values
    (tmp_path / "i.csv").write_text("\n".join(["date,a,b", *(f"{d},1.5,2" for d in dates)]))
    first, second = read(tmp_path, {"files": "i.csv"})
    assert first.values["time"].attrs["day_rule"].endswith("times of day (23:00) are dropped")
    assert not second.values["time"].attrs
