"""Members on disk: what is no rain on the cells of the store is refused, when it is opened or when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.evaluate.member_stores import open_members
from tests.fake_run import config_of, members_of, rain, store_of


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return store_of(rain(465, 9, 8), config_of())


@pytest.fixture(scope="module")
def members(store: xr.Dataset) -> xr.Dataset:
    return members_of(store, "prior", 2).isel(time=slice(6))


def written(folder: Path, data: xr.Dataset, chunks: dict[str, int] | None = None) -> Path:
    path = folder / "flat-prior-test.zarr"
    data.chunk(chunks or {"time": 2}).to_zarr(path, zarr_format=3, consolidated=False)
    return path


def planted(members: xr.Dataset, value: float, cell: tuple[int, int]) -> xr.Dataset:
    fields = members["precip"].values.copy()
    fields[3, 1, cell[0], cell[1]] = value
    return members.assign(precip=(members["precip"].dims, fields))


@pytest.mark.parametrize("chunks", [{"time": 2}, {"time": 6, "y": 4, "x": 3}])
def test_members_come_back_as_they_are(
    store: xr.Dataset, members: xr.Dataset, tmp_path: Path, chunks: dict[str, int]
) -> None:
    opened = open_members(written(tmp_path, members, chunks), store)
    assert opened["precip"].dims == ("time", "member", "y", "x") and opened["precip"].attrs["units"] == "mm/day"
    np.testing.assert_array_equal(opened["precip"].values, members["precip"].values)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.01, -9999.0])
def test_values_that_are_no_rain_are_refused_when_they_are_read(
    store: xr.Dataset, members: xr.Dataset, tmp_path: Path, value: float
) -> None:
    opened = open_members(written(tmp_path, planted(members, value, (8, 7))), store)
    opened["precip"][:2].load()  # another chunk
    with pytest.raises(UserError, match=r"flat-prior-test.zarr holds 1 values that are no amounts of rain") as refused:
        opened["precip"].mean().compute()
    assert "\n" not in str(refused.value)


def test_values_at_invalid_cells_do_not_count(store: xr.Dataset, members: xr.Dataset, tmp_path: Path) -> None:
    assert not store["mask"].values[0, 0]
    open_members(written(tmp_path, planted(members, -5.0, (0, 0))), store)["precip"].load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.rename(precip="rain"), r"holds rain \('time', 'member', 'y', 'x'\); expected precip"),
        (lambda data: data.isel(y=0), "expected precip"),
        (lambda data: data.astype("bool"), "precip is of type bool; expected numbers"),
        (lambda data: data.isel(x=slice(1, None)), r"has \(9, 7\) cells; the store has \(9, 8\)"),
        (lambda data: data.assign_coords(y=data["y"] + 1.0), "lies elsewhere: its 'y' goes from 1 to"),
        (lambda data: data.isel(x=slice(None, None, -1)), "lies elsewhere: its 'x' goes from 70000 to 0"),
        (lambda data: data.isel(time=[0, 1, 1]), "holds 3 days, 2 of them different"),
        (lambda data: data.isel(time=[]), "holds 0 days"),
        (lambda data: data.assign_coords(time=np.arange(6.0)), "'time' is of type float64; expected dates"),
    ],
)
def test_other_contents_are_refused_when_they_are_opened(
    store: xr.Dataset, members: xr.Dataset, tmp_path: Path, change: Any, message: str
) -> None:
    path = written(tmp_path, change(members), {})
    with pytest.raises(UserError, match=rf"{message}.*; run 'rainsmith sample' again"):
        open_members(path, store)
