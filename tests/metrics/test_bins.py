"""Counts in bins: their quantiles are those of the values to a tenth of a percent, and every amount has a bin."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rainsmith.metrics import bins
from rainsmith.metrics.core import Settings, pair
from tests.metrics.climate import array

amount = st.one_of(st.just(0.0), st.floats(0.0625, 1500, width=32))


@hypothesis_settings(deadline=None)
@given(st.lists(amount, min_size=1, max_size=60), st.sampled_from([0.0, 0.1, 0.5, 0.95, 0.99, 0.999, 1.0]))
def test_quantiles_from_bins_are_numpys_to_a_tenth_of_a_percent(values: list[float], q: float) -> None:
    cells = array([[values]], members=False)
    below = bins.intensities(pair(cells, cells), Settings())["below"].isel(time=0, series=-1)
    expected = np.quantile(np.asarray(values, dtype=np.float32).astype(float), q)
    assert float(bins.quantile(below, q)) == pytest.approx(expected, rel=1.01e-3, abs=1e-9)


def test_a_row_without_values_has_no_quantile_whatever_lies_beside_it() -> None:
    """A year without a heavy day beside years that have some."""
    counts = np.zeros((3, bins.N_BINS), dtype=np.float32)
    counts[1, 4000:] = 100
    counts[2] = 1
    quantiles = bins.quantile(xr.DataArray(counts, dims=("year", bins.BIN)), 0.99)
    assert np.isnan(quantiles[0]) and quantiles[1] > 1 and quantiles[2] == 0


def test_bins_cover_everything() -> None:
    values = np.array([0.0, 1e-9, 0.02, 0.06, 0.1, 1.0, 191.8, 1825.0, 1e6], dtype=np.float32)
    index = bins.bin_of(values)
    assert index[0] == 0 and index[1] == index[2] == 1 and index[-1] == bins.N_BINS - 1
    assert (np.diff(index) >= 0).all()
    inside = (values >= bins.BIN_LOWER[index] * (1 - 1e-5)) & (values <= bins.BIN_UPPER[index] * (1 + 1e-5))
    assert inside[:-1].all()
    assert np.max(bins.BIN_UPPER[2:] / bins.BIN_LOWER[2:]) < 1.0011


def test_distances_are_computed_once_for_the_same_counts_and_anew_for_others() -> None:
    rng = np.random.default_rng(3)
    one, two = (
        xr.DataArray(np.cumsum(rng.integers(0, 5, (3, 4, 7)), axis=-1).astype(np.float32), dims=("r", "series", "bin"))
        for _ in range(2)
    )
    first = bins.distances(one)
    assert bins.distances(one) is first
    other = bins.distances(two)
    assert not np.array_equal(first, other)
    assert np.array_equal(bins.distances(one), first) and np.array_equal(bins.distances(two), other)
