"""Thresholds of the climate from training days."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.evaluate import climate_reference
from rainsmith.evaluate.climate_reference import reference_of
from tests.fake_run import config_of, rain, store_of


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    """730 days: two years, of which the first 200 days train."""
    return store_of(rain(730, 12, 10), config_of())


def test_thresholds_are_training_quantiles_of_each_cell(store: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = reference_of(store, 0.1)
    training = in_split(store, "train")["precip"].values.reshape(200, -1)[:, reference.cells].astype(np.float64)
    wet = np.where(training >= 1, training, np.nan)
    np.testing.assert_allclose(reference.peak_mm, np.maximum(np.quantile(training, 0.99, axis=0), 0.1), rtol=1e-6)
    np.testing.assert_allclose(reference.heavy_mm, np.nanquantile(wet, 0.95, axis=0), rtol=1e-6)
    assert reference.days_per_year == 365
    monkeypatch.setattr(climate_reference, "_BAND_BYTES", 1)
    np.testing.assert_array_equal(reference_of(store, 0.1).heavy_mm, reference.heavy_mm)


def test_gaps_in_training_days_and_a_cell_without_any(store: xr.Dataset) -> None:
    holed = store.copy()
    precip = store["precip"].values.copy()
    precip[:50, 8, 5], precip[:200, 9, 9] = np.nan, np.nan
    holed["precip"] = store["precip"].copy(data=precip)
    reference = reference_of(holed, 0.1)
    at = {cell: np.flatnonzero(reference.cells == cell)[0] for cell in (85, 99)}
    assert reference.peak_mm[at[85]] == pytest.approx(np.quantile(precip[50:200, 8, 5].astype(float), 0.99), rel=1e-6)
    assert np.isinf([reference.peak_mm[at[99]], reference.heavy_mm[at[99]]]).all()


def test_fields_lie_on_the_grid_of_the_store(store: xr.Dataset) -> None:
    reference = reference_of(store, 0.1)
    grid = reference.on_grid(np.arange(2.0 * len(reference.cells)).reshape(2, -1))
    assert grid.shape == (2, 12, 10) and grid.dtype == np.float32
    np.testing.assert_array_equal(
        grid[1].ravel()[reference.cells], np.arange(len(reference.cells), 2 * len(reference.cells))
    )
    assert np.isnan(grid[0]).sum() == 120 - len(reference.cells)
    assert set(reference.maps.coords) == {"y", "x"} and reference.days_per_year == 365


def test_winters_are_years_of_the_climate(store: xr.Dataset) -> None:
    """Two winters: one in whole (90 days from December 2001 on), and the parts before and behind it."""
    winters = store.isel(time=np.flatnonzero(store["time"].dt.month.isin([12, 1, 2])))
    reference = reference_of(winters, 0.1)
    assert (reference.days_per_year, reference.first_month) == (90, 12)
    climate = reference.climate(winters["time"], 1)
    assert climate.years.tolist() == [2001, 2002, 2003]
    rain_mm = winters["precip"].values.reshape(winters.sizes["time"], 1, -1)[:, :, reference.cells].astype(np.float32)
    climate.add(np.arange(len(rain_mm)), rain_mm, np.isfinite(rain_mm[:, 0]))
    maxima = climate.annual_maxima()[:, 0]
    assert np.isfinite(maxima[1]).all() and np.isnan(maxima[[0, 2]]).all(), "a part of a winter has no maximum"
    np.testing.assert_array_equal(maxima[1], rain_mm[59:149, 0].max(axis=0))
