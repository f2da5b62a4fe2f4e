"""The sources of a store as they were found, their extents, and their fit to the rain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.inspection.rain import measure_rain
from rainsmith.inspection.result import Inspection
from rainsmith.inspection.sources import (
    COARSE,
    extents_of,
    grouped,
    lag_correlations,
    said_by_prepare,
    sources_of,
    window_of,
)
from rainsmith.run_folder import Run
from tests.data.made import mapped, pressure, rain
from tests.fake_run import config_of, store_of
from tests.prepare.made import FILES, made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """Rain in 0.1 mm and pressure of files."""
    folder = tmp_path_factory.mktemp("files")
    pressure().to_netcdf(folder / "msl.nc")
    target = mapped(rain(units="0.1 mm"))
    return made(folder, target, predictors=FILES)


def test_units_days_and_cells_of_each_source(store: xr.Dataset) -> None:
    target, msl = sources_of(store)
    assert (target.kind, target.name, target.unit_found, target.unit) == ("target", "pr", "0.1 mm", "mm/day")
    assert target.factor == pytest.approx(0.1) and target.shape == (7, 9)
    assert target.spacing == pytest.approx((5.0, 5.0), abs=0.02)
    assert (target.first, target.last, target.days) == (20010101, 20010301, 60)
    assert (msl.kind, msl.name, msl.unit_found, msl.factor, msl.days) == ("predictor", "msl", "Pa", 1.0, 61)
    assert msl.spacing == pytest.approx((55.6, 41.4), abs=0.7)


def test_sources_that_differ_in_their_names_alone_share_a_row(store: xr.Dataset) -> None:
    target, msl = sources_of(store)
    other = replace(msl, name="z")
    rows = grouped([target, msl, other, replace(msl, name="t", unit="K")])
    assert [names for names, _ in rows] == [["pr"], ["msl", "z"], ["t"]] and rows[1][1] is msl


def test_extents_hold_the_cells_and_sources_on_one_grid_share_a_name(store: xr.Dataset) -> None:
    extents = extents_of(store, sources_of(store))
    assert list(extents) == ["pr", f"{COARSE}, msl"]
    coarse = extents[f"{COARSE}, msl"]
    np.testing.assert_allclose([coarse.min(axis=0), coarse.max(axis=0)], [[-0.25, 40.25], [3.75, 43.25]])
    inside = extents["pr"]
    assert (inside.min(axis=0) > coarse.min(axis=0)).all() and (inside.max(axis=0) < coarse.max(axis=0)).all()
    west, east, south, north = window_of(extents)
    assert west < -0.25 and east > 3.75 and south < 40.25 and north > 43.25


def test_the_map_of_a_small_target_is_not_that_of_the_whole_earth() -> None:
    target = np.array([[1.0, 50.0], [2.0, 50.0], [2.0, 51.0], [1.0, 51.0]])
    earth = np.array([[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0]])
    west, east, south, north = window_of({"rain": target, "earth": earth})
    assert -10 < west < 1 and 2 < east < 12 and 40 < south and north < 61


def test_a_store_of_arrays_has_the_extents_of_its_own_grids(found: Inspection) -> None:
    assert sources_of(found.store) == [] and extents_of(found.store, []) == {}  # without latitudes there is no map


def test_correlations_of_files_are_those_that_prepare_noted(store: xr.Dataset) -> None:
    (fit,) = lag_correlations(store, measure_rain(store, 0.1))
    noted = [float(text) for text in store.attrs["correlations_at_lags"].split()[1:]]
    assert fit.name == "msl" and list(fit.correlations) == noted
    assert fit.strength == max(abs(value) for value in noted)


def test_correlations_of_other_data_are_measured() -> None:
    store = store_of(rain_of_a_year(), config_of(), coarse_rain=False)
    measured = measure_rain(store, 0.1)
    late = np.roll(measured.mean, 1)  # the rain of the day before
    store["predictors"][:, 0] = late[:, None, None]
    first = lag_correlations(store, measured)[0]
    assert first.name == "msl_day0" and first.correlations[2] == pytest.approx(1.0)  # the day after fits
    assert abs(first.correlations[1]) < 0.5


def test_block_means_of_the_target_are_not_compared_with_it(found: Inspection) -> None:
    assert found.store.attrs["coarsen"] and lag_correlations(found.store, found.rain) == []


def test_what_prepare_said_is_kept(store: xr.Dataset) -> None:
    said = said_by_prepare(store)
    assert "0 suspect values (mask)" in said
    assert any(line.startswith("msl: correlation with the rain ") for line in said)


def test_damaged_notes_are_no_notes(store: xr.Dataset) -> None:
    assert said_by_prepare(store.assign_attrs(prepare_said="[")) == []
    assert said_by_prepare(store.assign_attrs(prepare_said="3")) == []
    for text in ('[{"kind": "target"}]', "[3]", '[{"name": []'):
        assert sources_of(store.assign_attrs(sources_found=text)) == []


def test_notes_come_back_from_the_file(tmp_path: Path, store: xr.Dataset) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    made(tmp_path, mapped(rain(units="0.1 mm")), predictors=FILES)
    again = Run(tmp_path / "run").open_store()
    assert [one.name for one in sources_of(again)] == [one.name for one in sources_of(store)]


def rain_of_a_year() -> xr.DataArray:
    from tests.fake_run import rain as field

    return field(400)
