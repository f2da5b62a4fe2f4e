"""The user's mask: a map or a box limits the cells that count, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from rainsmith.base.errors import UserError
from rainsmith.config import Mask
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.masks import in_box
from rainsmith.data.store import build_store
from rainsmith.prepare.gridded import read_gridded
from rainsmith.prepare.new_period import prepare_predictors
from tests.data.made import config, fine_map, mapped, rain

ROWS = np.arange(7)[:, None] < 4  # the southern four of seven rows


def prepared(tmp_path: Path, mask: dict[str, Any] | None = None, **data: Any) -> tuple[xr.Dataset, CheckLog]:
    if not (tmp_path / "rain.nc").exists():
        mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    log = CheckLog()
    settings = config(tmp_path, **({} if mask is None else {"mask": mask}), **data).data
    raw, counts = read_gridded(settings, log)
    return build_store(raw, settings, counts | log.attributes), log


def flags(values: np.ndarray, **attrs: Any) -> xr.Dataset:
    made = fine_map()
    full = np.broadcast_to(values, made.shape).astype(np.float32)
    return made.copy(data=full).rename("basin").assign_attrs(attrs).to_dataset()


@pytest.mark.parametrize(
    ("values", "attrs"),
    [
        (ROWS, {}),
        (np.where(ROWS, 12, 0), {}),
        (np.where(ROWS, 1.0, np.nan), {}),
        (np.where(ROWS, 1, -9999), {}),
        (np.where(ROWS, 0.5, 0.49), {}),
        (np.where(ROWS, 60, 40), {"units": "%"}),
    ],
)
def test_a_map_limits_the_cells(tmp_path: Path, values: np.ndarray, attrs: dict[str, Any]) -> None:
    flags(values, **attrs).to_netcdf(tmp_path / "mask.nc")
    whole, _ = prepared(tmp_path)
    store, log = prepared(tmp_path, {"files": "mask.nc"})
    np.testing.assert_array_equal(store["mask"].values, whole["mask"].values & ROWS)
    np.testing.assert_array_equal(store["precip"].values, whole["precip"].where(xr.DataArray(ROWS[:, 0], dims="y")))
    assert store.attrs["mask_given"] == "mask.nc" and store.attrs["cells_masked"] == 24
    assert any(notice.startswith("data.mask keeps 32 of 56 valid cells") for notice in log.notices)
    # blocks of 3 rows: the first lies inside, the third outside, and the second has one row left
    np.testing.assert_array_equal(store["predictors"].values[:, 0, 0], whole["predictors"].values[:, 0, 0])
    np.testing.assert_allclose(
        store["predictors"].values[:, 0, 1, 1], whole["precip"].values[:, 3, 3:6].mean(axis=1), rtol=1e-5
    )
    assert np.isnan(store["predictors"].values[:, 0, 2]).all()


def test_values_that_count_as_inside_are_said(tmp_path: Path) -> None:
    flags(np.where(ROWS, 1, 255)).to_netcdf(tmp_path / "mask.nc")
    _, log = prepared(tmp_path, {"files": "mask.nc"})
    assert any("(values 1, 255 count as inside)" in notice for notice in log.notices)


def test_the_distance_to_the_coast_is_that_of_all_land(tmp_path: Path) -> None:
    flags(ROWS).to_netcdf(tmp_path / "mask.nc")
    statics = [{"derive": "distance_to_coast"}]
    whole, _ = prepared(tmp_path, statics=statics)
    store, _ = prepared(tmp_path, {"files": "mask.nc"}, statics=statics)
    np.testing.assert_array_equal(store["statics"].values, whole["statics"].values)
    assert "valid_with_masked" not in store.variables


def test_map_and_box_hold_together(tmp_path: Path) -> None:
    flags(ROWS).to_netcdf(tmp_path / "mask.nc")
    whole, _ = prepared(tmp_path)
    grid = Grid.of(fine_map())
    assert grid.longitude is not None and grid.latitude is not None
    east = float(grid.longitude[:, 4].max()) + 0.01
    store, _ = prepared(tmp_path, {"files": "mask.nc", "box": [1.0, 40.0, east, 43.0]})
    np.testing.assert_array_equal(store["mask"].values, whole["mask"].values & ROWS & (np.arange(9) < 5))


@pytest.mark.parametrize(
    ("west", "east", "kept"),
    [(170, 190, [1, 1, 1, 0]), (170, -170, [1, 1, 1, 0]), (-190, -170, [1, 1, 1, 0]), (-180, 180, [1, 1, 1, 1]),
     (0, 175, [1, 0, 0, 0]), (181, 186, [0, 0, 1, 0])],
)  # fmt: skip
@pytest.mark.parametrize("turn", [0, 360])
def test_a_box_may_count_longitudes_either_way(west: float, east: float, kept: list[int], turn: int) -> None:
    longitude = np.array([[175.0, 180.0, 185.0, 195.0]]) - turn
    latitude = np.zeros((1, 4))
    grid = Grid(np.zeros(1), np.arange(4.0), None, latitude, longitude, has_axes=False)
    assert in_box(grid, (west, -10, east, 10)).astype(int).tolist() == [kept]
    assert not in_box(grid, (west, 1, east, 10)).any()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (
            {"box": [10.0, 40.0, 11.0, 43.0]},
            r"none of the 56 valid cells of the target \(latitude 41.* longitude 1.*box",
        ),
        ({"files": "empty.nc"}, "none of the 56 valid cells"),
        ({"files": "sentinel.nc"}, r"holds 1e\+20, which looks like a missing value"),
        ({"files": "small.nc"}, "covers 57% of the cells"),
    ],
)
def test_masks_that_are_mistakes_are_refused(tmp_path: Path, mask: dict[str, Any], said: str) -> None:
    flags(np.zeros((7, 9))).to_netcdf(tmp_path / "empty.nc")
    flags(np.where(ROWS, 1, 1e20)).to_netcdf(tmp_path / "sentinel.nc")
    flags(ROWS).isel(y=slice(0, 4)).to_netcdf(tmp_path / "small.nc")
    with pytest.raises(UserError, match=said):
        prepared(tmp_path, mask)


def test_a_box_in_degrees_needs_degrees(tmp_path: Path) -> None:
    rain().to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UserError, match="the target has no latitudes and longitudes"):
        prepared(tmp_path, {"box": [1.0, 40.0, 2.0, 43.0]})


@pytest.mark.parametrize("box", [[1, 43, 2, 40], [1, 40, 1, 43], [1, 40, 2, 95], [1, 40, 400, 43]])
def test_a_box_that_is_none_is_refused(box: list[float]) -> None:
    with pytest.raises(ValidationError, match=r"is no box; expected \[west, south, east, north\]"):
        Mask.model_validate({"box": box})


def test_block_means_of_a_new_period_are_those_of_the_masked_cells(tmp_path: Path) -> None:
    flags(ROWS).to_netcdf(tmp_path / "mask.nc")
    store, _ = prepared(tmp_path, {"files": "mask.nc"})
    new = prepare_predictors(config(tmp_path), store.drop_dims("time"))  # the new configuration names no mask
    np.testing.assert_array_equal(new["predictors"].values, store["predictors"].values)


def test_percent_without_their_unit_are_refused_and_flags_named_by_their_meaning(tmp_path: Path) -> None:
    """80.5 is no flag, no number of a region and no fraction."""
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    flags(np.where(ROWS, 80.5, 20.0)).to_netcdf(tmp_path / "basin.nc")
    with pytest.raises(UserError, match=r"numbers between whole ones up to 80.5; .* units '%'"):
        prepared(tmp_path, {"files": "basin.nc"})
    meant = {"flag_values": np.array([1, 2], dtype="i4"), "flag_meanings": "sea land"}
    flags(np.where(ROWS, 2, 1), **meant).to_netcdf(tmp_path / "flags.nc")
    _, log = prepared(tmp_path, {"files": "flags.nc"})
    assert any("(values 1 sea, 2 land count as inside)" in notice for notice in log.notices)
