"""Fields that the baselines share: gaps, interpolation, the library of training days."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from rainsmith.base import large_arrays
from rainsmith.base.errors import UserError
from rainsmith.baselines.fields import (
    as_forecast,
    coarse_rain,
    fill_nearest,
    has_coarse_rain,
    library_of,
    training_days,
)
from tests.baselines.made import NX, NY, without_coarse_rain


def test_fill_nearest_leaves_values_alone_and_empty_days_empty() -> None:
    fields = np.full((3, 4, 5), np.nan)
    fields[0, 1, 1], fields[0, 3, 4] = 2.0, 7.0
    fields[1] = np.arange(20.0).reshape(4, 5)
    filled = fill_nearest(fields)
    assert filled[0, 0, 0] == 2.0 and filled[0, 2, 4] == 7.0 and np.isfinite(filled[0]).all()
    np.testing.assert_array_equal(filled[1], fields[1])
    assert np.isnan(filled[2]).all()


def test_bilinear_interpolation_is_scipys(store: xr.Dataset) -> None:
    coarse = coarse_rain(store)
    at = np.stack([coarse.row, coarse.col])
    for field, values in zip(coarse.fields[:5], coarse.at_cells(coarse.fields[:5]), strict=True):
        np.testing.assert_allclose(values, ndimage.map_coordinates(field, at, order=1, mode="nearest"), rtol=1e-12)


def test_block_values_are_those_of_each_cells_own_block(store: xr.Dataset) -> None:
    coarse = coarse_rain(store)
    numbers = np.arange(9.0).reshape(1, 3, 3)
    np.testing.assert_array_equal(coarse.block_values(numbers)[0], store["block"].values[store["mask"].values])
    assert coarse.exact and coarse.share.sum() == int(store["mask"].sum()) and coarse.share[8] == 0
    assert has_coarse_rain(store) and not has_coarse_rain(without_coarse_rain(store))


def test_the_library_holds_training_days_that_have_rain_values(store: xr.Dataset) -> None:
    holed = store.copy(deep=True)
    holed["precip"][0] = np.nan
    holed["precip"][1, 5, 5] = np.nan
    days, fields = training_days(holed)
    assert days[0] == 1 and (store["split"].values[days] == 0).all() and np.isfinite(fields).all()
    mask = store["mask"].values
    gap = np.flatnonzero(np.flatnonzero(mask) == 5 * NX + 5).item()
    near = [holed["precip"].values[1, row, column] for row, column in ((4, 5), (6, 5), (5, 4), (5, 6))]
    assert fields[0, gap] in near
    np.testing.assert_array_equal(np.delete(fields[0], gap), np.delete(store["precip"].values[1][mask], gap))
    with pytest.raises(UserError, match="no training day with a rain value"):
        training_days(store.assign(split=store["split"].where(store["split"] != 0, -1)))


@pytest.mark.parametrize("block_days", [1, 7, 10_000])
def test_chosen_days_of_the_library_are_those_of_the_whole(
    store: xr.Dataset, block_days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many days are read at once, however often a day is chosen, in memory or lazily."""
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 4 * NY * NX * block_days)
    holed = store.copy(deep=True)
    holed["precip"][::5, 5, 5] = np.nan
    days, fields = training_days(holed)
    chosen = np.random.default_rng(0).integers(len(days), size=(9, 4))
    for one in (holed, holed.chunk(time=16)):
        library = library_of(one)
        np.testing.assert_array_equal(library.days, days)
        np.testing.assert_array_equal(library.fields(chosen), fields[chosen])
        np.testing.assert_array_equal(library.by_cell(), fields.T)


def test_a_forecast_lies_on_the_grid_and_days_of_the_store(store: xr.Dataset) -> None:
    cells = np.arange(2.0 * int(store["mask"].sum())).reshape(1, 2, -1)
    made = as_forecast(cells, store, np.array([7]), "any")
    assert made.shape == (1, 2, NY, NX) and made["time"].item() == store["time"][7].item()
    np.testing.assert_array_equal(made.values[:, :, store["mask"].values], cells)
    assert np.isnan(made.values[:, :, ~store["mask"].values]).all()
    assert made.attrs["units"] == "mm/day" and made.attrs["standard_name"] == "lwe_precipitation_rate"
