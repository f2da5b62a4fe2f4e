"""Predictors of a period without observations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.data.checks import CheckLog
from rainsmith.prepare.new_period import prepare_predictors
from tests.data.made import config, pressure, rain
from tests.prepare.made import FILES, LAGS, made


def test_new_predictors_need_no_target(tmp_path: Path) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    store = made(tmp_path, predictors=FILES)
    (tmp_path / "rain.nc").unlink()
    domain = store.drop_dims("time")
    pressure("2051-06-01", days=40, calendar="360_day").to_netcdf(tmp_path / "msl.nc")
    found = prepare_predictors(config(tmp_path, predictors=FILES), domain)
    assert found["predictors"].shape == (39, 4, 6, 8)  # the last day has no day + 1
    assert found.attrs["days_dropped"] == 1
    assert found["time"].dt.calendar == "360_day"
    np.testing.assert_array_equal(found["channel"], domain["channel"])
    domain.drop_dims("channel").assign(predictors=found["predictors"])  # on the model's very coordinates
    one = prepare_predictors(
        config(tmp_path, predictors=FILES, months=[6], period=["2051-06-11", "2051-07-30"]), domain
    )
    assert one["predictors"].sizes["time"] == 20


def test_new_predictors_come_with_their_credits(tmp_path: Path) -> None:
    def write(name: str, **attrs: str) -> None:
        pressure().rename(name[:-3]).to_dataset().assign_attrs(attrs).to_netcdf(tmp_path / name)

    sources = [{"files": name, "variable": name[:-3]} for name in ("a.nc", "b.nc")]
    write("a.nc")
    write("b.nc")
    store = made(tmp_path, predictors=sources)
    write("a.nc", title="Scenario A", institution="Met Office", license="CC-BY")
    write("b.nc", title="Scenario B", institution="Met Office", references="doi:1")
    settings = config(tmp_path, predictors=sources, credit="Credit to A and B")
    attrs = prepare_predictors(settings, store.drop_dims("time")).attrs
    assert attrs == {
        "title": "Scenario A; Scenario B",
        "institution": "Met Office",
        "references": "doi:1",
        "license": "CC-BY",
        "terms": "Credit to A and B",
        "days_dropped": 0,
    }


def test_new_predictors_are_brought_to_the_grid_of_the_model(tmp_path: Path) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    store = made(tmp_path, predictors=FILES)
    pressure(step=0.25).to_netcdf(tmp_path / "msl.nc")
    found = prepare_predictors(config(tmp_path, predictors=FILES), store.drop_dims("time"))
    assert found["predictors"].shape[2:] == (6, 8)
    np.testing.assert_array_equal(found["y_lr"], store["y_lr"])


def test_new_predictors_from_a_target_repeat_those_of_the_store(tmp_path: Path) -> None:
    store = made(tmp_path, predictors=LAGS)
    found = prepare_predictors(config(tmp_path, predictors=LAGS), store.drop_dims("time"))
    xr.testing.assert_allclose(
        found["predictors"].drop_vars("crs_lr"), store["predictors"].drop_vars(["crs_lr", "utm"])
    )


def test_new_predictors_from_a_target_do_not_depend_on_the_order_of_its_rows(tmp_path: Path) -> None:
    store = made(tmp_path, predictors=LAGS)
    before = prepare_predictors(config(tmp_path, predictors=LAGS), store.drop_dims("time"))
    turned = xr.load_dataset(tmp_path / "rain.nc").isel(y=slice(None, None, -1), x=slice(None, None, -1))
    turned.to_netcdf(tmp_path / "rain.nc")
    found = prepare_predictors(config(tmp_path, predictors=LAGS), store.drop_dims("time"))
    xr.testing.assert_equal(found["predictors"].drop_vars("crs_lr"), before["predictors"].drop_vars("crs_lr"))


def test_a_target_that_lies_elsewhere_gives_no_new_predictors(tmp_path: Path) -> None:
    domain = made(tmp_path, predictors=LAGS).drop_dims("time")
    elsewhere = xr.load_dataset(tmp_path / "rain.nc")
    elsewhere.assign_coords(y=elsewhere["y"] + 5000.0).to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(
        UserError, match=r"cells are not those.* \(latitude 41.5904 to .* trained on latitude 41.5454 to"
    ):
        prepare_predictors(config(tmp_path, predictors=LAGS), domain)


def test_new_predictors_of_another_model_are_refused(tmp_path: Path) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    domain = made(tmp_path, predictors=FILES).drop_dims("time")
    with pytest.raises(
        UserError, match=r"predictors are msl_day0, season_sin.*; the model expects msl_day0, msl_day\+1"
    ):
        prepare_predictors(config(tmp_path, predictors=[{"files": "msl.nc", "variable": "msl"}]), domain)
    rain(ny=6).to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UserError, match="6 x 9 cells, the model was trained on 7 x 9"):
        prepare_predictors(config(tmp_path, predictors=LAGS), domain)
    with pytest.raises(UserError, match=r"need 'data.kind: gridded', found 'demo'"):
        prepare_predictors(load_config(), domain)


@pytest.mark.parametrize("axes", [{"lat": -np.arange(43.0, 40.0, -0.5)}, {"lon": 130 + np.arange(0.0, 4.0, 0.5)}])
def test_new_predictors_of_another_place_are_refused_with_both_extents(tmp_path: Path, axes: dict) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    domain = made(tmp_path, predictors=FILES).drop_dims("time")
    elsewhere = pressure()
    moved = {name: (name, values, elsewhere[name].attrs) for name, values in axes.items()}
    elsewhere.assign_coords(moved).to_netcdf(tmp_path / "msl.nc")
    with pytest.raises(UserError, match=r"'msl' covers 0% .*latitude .* wanted: latitude 40.5 to 43, longitude 0 to 3"):
        prepare_predictors(config(tmp_path, predictors=FILES), domain)


def test_new_longitudes_that_differ_by_a_whole_turn_give_the_same_values(tmp_path: Path) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    store = made(tmp_path, predictors=FILES)
    turned = pressure()
    turned.assign_coords(lon=("lon", turned["lon"].values + 360, turned["lon"].attrs)).to_netcdf(tmp_path / "msl.nc")
    again = prepare_predictors(config(tmp_path, predictors=FILES), store.drop_dims("time"))
    np.testing.assert_array_equal(again["predictors"], store["predictors"])


def _two_sources(tmp_path: Path) -> tuple[list[dict[str, object]], xr.Dataset]:
    pressure().to_netcdf(tmp_path / "msl.nc")
    pressure(seed=3).rename("z").to_netcdf(tmp_path / "z.nc")
    sources: list[dict[str, object]] = [{"files": f"{name}.nc", "variable": name} for name in ("msl", "z")]
    return sources, made(tmp_path, predictors=sources).drop_dims("time")


@pytest.mark.parametrize("first", ["msl", "z"])
def test_days_that_one_source_lacks_are_counted_whatever_its_place_in_the_list(tmp_path: Path, first: str) -> None:
    """The days used to be those of the first source, so that a gap in it was never seen."""
    sources, domain = _two_sources(tmp_path)
    ordered = sources if first == "msl" else sources[::-1]
    whole = pressure()
    whole.isel(time=[*range(20), *range(21, whole.sizes["time"])]).to_netcdf(tmp_path / "msl.nc")
    log = CheckLog()
    found = prepare_predictors(config(tmp_path, predictors=ordered), domain, log)
    assert found.attrs["days_dropped"] == 1
    assert any(
        "1 of 61 days are left out for lack of a predictor (days lacking: 'msl_day0' 1)" in n for n in log.notices
    )
    whole.isel(time=slice(0, 40)).to_netcdf(tmp_path / "msl.nc")
    with pytest.raises(UserError, match=r"21 of 61 days \(34%\) lack .*; 'msl_day0' lacks 21\)"):
        prepare_predictors(config(tmp_path, predictors=ordered), domain)


def test_a_grid_in_place_of_a_time_series_is_refused(tmp_path: Path) -> None:
    field = pressure()
    field.to_netcdf(tmp_path / "msl.nc")
    index = field.mean(field.dims[1:], keep_attrs=True)
    index.rename("nao").to_netcdf(tmp_path / "nao.nc")
    sources = [{"files": "msl.nc", "variable": "msl"}, {"files": "nao.nc", "variable": "nao"}]
    domain = made(tmp_path, predictors=sources).drop_dims("time")
    prepare_predictors(config(tmp_path, predictors=sources), domain)
    field.rename("nao").to_netcdf(tmp_path / "nao.nc")
    with pytest.raises(UserError, match="'nao' was a time series without a grid in the training, and is a field on a"):
        prepare_predictors(config(tmp_path, predictors=sources), domain)
