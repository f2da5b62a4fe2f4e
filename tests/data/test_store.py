"""The store: what it is made of, how it is written, and its hash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Demo, parse
from rainsmith.data.demo.climate import climate
from rainsmith.data.raw import RawData
from rainsmith.data.store import CHUNK_DAYS, build_store, fingerprint_of, write_store

DAYS = 60
SETTINGS = parse(
    {
        "data": {
            "kind": "demo",
            "splits": {
                "train": [["2001-01-01", "2001-01-31"]],
                "validation": [["2001-02-01", "2001-02-14"]],
                "test": [["2001-02-15", "2001-03-01"]],
            },
        }
    }
).data


@pytest.fixture(scope="module")
def raw() -> RawData:
    whole = climate(Demo(ny=16, nx=18, ny_lr=3, nx_lr=4, years=3)).raw()
    return replace(
        whole, precip=whole.precip.isel(time=slice(DAYS)), predictors=whole.predictors.isel(time=slice(DAYS))
    )


@pytest.fixture(scope="module")
def store(raw: RawData) -> xr.Dataset:
    return build_store(raw, SETTINGS, {"negatives_set_to_zero": 3})


def test_raw_fields_and_attributes_are_in_the_store(raw: RawData, store: xr.Dataset) -> None:
    np.testing.assert_array_equal(store["precip"], raw.precip)
    np.testing.assert_array_equal(store["predictors"], raw.predictors)
    np.testing.assert_array_equal(store["split"], np.repeat([0, 1, 2], [31, 14, 15]))
    np.testing.assert_array_equal(store["mask"], np.isfinite(raw.precip.values[0]))
    assert store.attrs["negatives_set_to_zero"] == 3 and store.attrs["kind"] == "demo"
    assert store.attrs["history"].endswith("prepare")
    assert store["split"].attrs["flag_meanings"] == "train validation test"


def test_the_coarse_grid_has_coordinates_without_the_days(store: xr.Dataset) -> None:
    assert list(store.drop_dims("time")["x_lr"].values) == [0, 1, 2, 3]


def test_an_earlier_history_is_kept_below(raw: RawData) -> None:
    lines = build_store(replace(raw, attrs={"history": "measured"}), SETTINGS).attrs["history"].splitlines()
    assert len(lines) == 2 and lines[1] == "measured"


def test_splits_and_statistics_of_the_files_go_before_our_own(raw: RawData) -> None:
    split = np.repeat([0, 1, 2], [20, 20, 20]).astype(np.int8)
    mean = xr.DataArray(np.full((16, 18), 0.5), dims=("y", "x"))
    given = build_store(replace(raw, split=split, log_mean=mean, log_std=2 * mean), SETTINGS)
    np.testing.assert_array_equal(given["split"], split)
    assert given.attrs["legacy_statistics"] == 1
    mask = given["mask"].values
    assert (given["log_mean"].values[mask] == 0.5).all() and (given["log_std"].values[mask] == 1.0).all()
    assert np.isnan(given["log_mean"].values[~mask]).all()


def test_without_coarse_rain_heavy_x_is_chosen_by_analogs(raw: RawData, store: xr.Dataset) -> None:
    blind = build_store(replace(raw, coarse_rain_channel=""), SETTINGS)
    for index in range(3):
        inside = store["split"].values == index
        assert int(blind["heavy_x"][inside].sum()) == int(store["heavy_x"][inside].sum())
    assert blind["heavy_x"].any() and blind.attrs["coarse_rain_channel"] == ""
    few = np.where(np.arange(DAYS) < 3, 0, np.where(np.arange(DAYS) < 30, 1, 2)).astype(np.int8)
    with pytest.raises(UserError, match="heavy_x cannot be chosen"):  # three neighbouring days have no analogs
        build_store(replace(raw, coarse_rain_channel="", split=few), SETTINGS)


def test_where_most_days_are_dry_a_heavy_day_still_needs_rain(raw: RawData) -> None:
    dry = raw.precip.copy(data=np.where(raw.precip > 30, raw.precip, 0 * raw.precip))
    assert float(build_store(replace(raw, precip=dry), SETTINGS)["heavy_threshold"]) == SETTINGS.wet_mm
    with pytest.raises(UserError, match="the most that falls on a training day is 0 mm/day; expected rain"):
        build_store(replace(raw, precip=0 * raw.precip), SETTINGS)


def test_a_written_store_is_whole_and_in_short_chunks(store: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "run" / "store.zarr"
    write_store(store, path)
    write_store(store, path)  # replaces
    back = open_zarr(path, "prepare")
    xr.testing.assert_equal(back.load(), store)
    assert back["precip"].encoding["chunks"] == (CHUNK_DAYS, 16, 18)
    assert [p.name for p in path.parent.iterdir()] == ["store.zarr"]


@pytest.mark.parametrize("in_memory", [2**26, 0])
def test_a_large_grid_is_written_in_squares(
    store: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    """The same values, and a chunk for each square, also where days are written block by block."""
    monkeypatch.setattr("rainsmith.data.store.CHUNK_CELLS", 7)
    monkeypatch.setattr("rainsmith.base.large_arrays.IN_MEMORY", in_memory)
    write_store(store, tmp_path / "store.zarr")
    back = open_zarr(tmp_path / "store.zarr", "run it again")
    assert back["precip"].encoding["chunks"] == (CHUNK_DAYS, 7, 7)
    squares = {path.name for path in (tmp_path / "store.zarr" / "precip" / "c" / "0").iterdir()}
    assert squares == {"0", "1", "2"}
    np.testing.assert_array_equal(back["precip"].values, store["precip"].values)


def test_the_hash_changes_with_what_matters_and_with_nothing_else(
    store: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint_of(store)
    write_store(store, tmp_path / "store.zarr")
    assert fingerprint_of(xr.open_zarr(tmp_path / "store.zarr")) == before
    assert fingerprint_of(store.assign_attrs(history="later")) == before
    with monkeypatch.context() as few:
        few.setattr("rainsmith.base.large_arrays.BLOCK_BYTES", 3 * store["precip"][0].nbytes)
        assert fingerprint_of(store) == fingerprint_of(xr.open_zarr(tmp_path / "store.zarr")) == before
    rained = store["precip"].copy(deep=True)
    rained[-1, -1, 0] = rained[-1, -1, 0] + 1e-3
    changed = [
        store.assign(precip=rained),
        store.isel(time=slice(1, None)),
        store.assign(heavy_x=~store["heavy_x"]),
        store.assign_coords(channel=[f"{name}_" for name in store["channel"].values]),
        store.assign(log_std=2 * store["log_std"]),
    ]
    assert len({before, *map(fingerprint_of, changed)}) == 6
