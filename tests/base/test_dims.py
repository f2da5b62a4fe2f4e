"""Days by split and by set, valid cells, and the number of a day in any calendar."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import CATEGORIES, DAY_SETS, SPLITS, day_numbers, in_day_set, in_split, valid_cells


@pytest.fixture
def days() -> xr.Dataset:
    """Six days: two of each split but the last, which has one, and one of none."""
    return xr.Dataset(
        {
            "split": ("time", [0, 1, -1, 0, 2, 1]),
            "category": ("time", [3, 0, 3, 2, 1, 3]),
            "heavy_x": ("time", [1, 0, 0, 1, 0, 0]),
        },
        coords={"time": np.arange(6)},
    )


def test_a_cell_is_valid_where_it_holds_a_value_on_any_day() -> None:
    rain = xr.DataArray([[[1.0, np.nan, np.nan]], [[np.nan, np.nan, 0.0]]], dims=("time", "y", "x"))
    assert valid_cells(rain).values.tolist() == [[True, False, True]]


def test_every_split_has_its_days_in_order(days: xr.Dataset) -> None:
    of_split = {split: in_split(days, split)["time"].values.tolist() for split in SPLITS}
    assert of_split == {"train": [0, 3], "validation": [1, 5], "test": [4]}


def test_every_set_has_its_days(days: xr.Dataset) -> None:
    of_set = {name: np.flatnonzero(in_day_set(days, name)).tolist() for name in DAY_SETS}
    assert of_set == {"all": [0, 1, 2, 3, 4, 5], "heavy": [0, 2, 5], "heavy_x": [0, 3]}
    assert CATEGORIES[3] == "heavy"
    assert all(in_day_set(days, name).dtype == bool for name in DAY_SETS)


def test_an_unknown_set_is_refused_and_never_taken_for_all_days(days: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="no set of days 'hevy'; expected one of all, heavy, heavy_x"):
        in_day_set(days, "hevy")


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_day_numbers_are_dates(calendar: str) -> None:
    time = xr.date_range("1899-12-28", periods=5, freq="D", calendar=calendar, use_cftime=True)
    expected = [int(f"{date.year:04d}{date.month:02d}{date.day:02d}") for date in time]
    numbers = day_numbers(xr.DataArray(time, dims="time"))
    assert numbers.dtype == np.int64 and numbers.tolist() == expected
    assert (18991231 in expected) == (calendar != "360_day")
