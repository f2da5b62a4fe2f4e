"""One pass over the rain gives what numpy gives of all of it at once."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.inspection.rain import RARE, TopValues, measure_rain
from tests.fake_run import config_of, rain, store_of


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    """400 days of which some values are missing, and one day is missing as a whole."""
    values = rain(400)
    holes = np.random.default_rng(3).random(values.shape) < 0.1
    store = store_of(values.copy(data=np.where(holes, np.nan, values.values)), config_of())
    store["precip"][5] = np.nan
    return store


def test_figures_are_those_of_the_whole_array(store: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 7 * store["precip"][:1].nbytes)
    found = measure_rain(store, 1.0)
    every, mask = store["precip"].values, store["mask"].values
    training = every[store["split"].values == 0]
    with np.errstate(invalid="ignore"):
        days = np.arange(len(every)) != 5
        np.testing.assert_allclose(found.mean[days], np.nanmean(every[days], axis=(1, 2)), rtol=1e-5)
        np.testing.assert_allclose(found.largest[days], np.nanmax(every[days], axis=(1, 2)))
        assert np.isnan(found.mean[5]) and np.isnan(found.largest[5]) and found.present[5] == 0
        np.testing.assert_allclose(found.present, np.isfinite(every[:, mask]).mean(axis=1))
        for field, expected in (
            (found.climatology, np.nanmean(training[:, mask], axis=0)),
            (found.wet_days, np.nanmean(np.where(np.isnan(training), np.nan, training >= 1.0)[:, mask], axis=0)),
            (found.rare, np.nanquantile(training[:, mask], RARE, axis=0)),
            (found.valid, np.isfinite(every[:, mask]).mean(axis=0)),
        ):
            np.testing.assert_allclose(field[mask], expected, rtol=1e-5)
            assert np.isnan(field[~mask]).all()
    places = np.nanargmax(np.where(np.isnan(every), -1, every).reshape(len(every), -1), axis=1)
    assert (found.place[days] == places[days]).all()


@pytest.mark.parametrize("days", [1, 2, 99, 101, 350])
def test_the_quantile_of_few_and_many_days(days: int) -> None:
    values = np.random.default_rng(days).gamma(0.5, 9.0, size=(days, 3)).astype(np.float32)
    values[0, 1] = -np.inf  # a missing day
    top = TopValues(3, days)
    for part in np.array_split(values, min(days, 4)):
        top.add(part)
    count = np.array([days, days - 1, days])
    found = top.quantile(count)
    for cell in range(3):
        kept = values[np.isfinite(values[:, cell]), cell]
        expected = np.quantile(kept, RARE) if kept.size else np.nan
        np.testing.assert_allclose(found[cell], expected, rtol=1e-5)
