"""Bilinear interpolation, the climatological ratio and quantile mapping: identities of each."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, in_split
from rainsmith.baselines.registry import forecast


def test_bilinear_is_exact_for_a_plane_inside_the_centres_and_constant_outside(store: xr.Dataset) -> None:
    plane = 1.0 + 2.0 * np.arange(3)[:, None] + 3.0 * np.arange(3)
    flat = store.copy(deep=True)
    flat["predictors"][:, 1] = plane
    members = forecast("bilinear", flat, "test", 1).isel(time=0, member=0)
    expected = 1.0 + 2.0 * store["coarse_row"].clip(0, 2) + 3.0 * store["coarse_col"].clip(0, 2)
    np.testing.assert_allclose(members, expected.where(store["mask"]), rtol=1e-5)


def test_bilinear_takes_a_missing_coarse_cell_from_its_neighbour(store: xr.Dataset) -> None:
    whole = store.copy(deep=True)
    whole["predictors"][:, 1, :2] = 1.0
    whole["predictors"][:, 1, 2] = 4.0
    holed = whole.copy(deep=True)
    holed["predictors"][::2, 1, 2, 1] = np.nan  # between two cells of 4
    xr.testing.assert_allclose(forecast("bilinear", holed, "test", 1), forecast("bilinear", whole, "test", 1))


def test_ratio_has_the_training_climatology(store: xr.Dataset) -> None:
    members = forecast("ratio", store, "train", 1).mean(("time", "member"))
    np.testing.assert_allclose(members, store["climatology"], rtol=1e-4)


def test_quantile_mapping_has_the_training_distribution_of_every_cell(store: xr.Dataset) -> None:
    mapped = forecast("quantile-mapping", store, "train", 1).isel(member=0)
    observed = in_split(store, "train")["precip"]
    wet = np.sort(mapped.values, axis=0) > 0
    np.testing.assert_allclose(np.sort(mapped.values, axis=0)[wet], np.sort(observed.values, axis=0)[wet], rtol=1e-4)


def test_quantile_mapping_goes_on_beyond_the_training_maximum(store: xr.Dataset) -> None:
    wetter = store.copy(deep=True)
    test = np.flatnonzero(store["split"] == SPLITS.index("test"))
    largest = store["predictors"].isel(time=store["split"] == 0).max("time")
    wetter["predictors"][test[0]], wetter["predictors"][test[1]] = 2 * largest, 4 * largest
    members = forecast("quantile-mapping", wetter, "test", 1).isel(member=0)
    assert bool((members[0] > in_split(store, "train")["precip"].max("time")).where(store["mask"], True).all())
    np.testing.assert_allclose(members[1], 2 * members[0], rtol=1e-3)
