"""Amounts, quantiles from bins, the wet share in mm, and the distance of distributions."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rainsmith.metrics import pooled
from rainsmith.metrics.core import Settings, pair
from tests.metrics.climate import array

amount = st.one_of(st.just(0.0), st.floats(0.0625, 1500, width=32))


@hypothesis_settings(deadline=None)
@given(st.lists(amount, min_size=1, max_size=60), st.sampled_from([0.0, 0.1, 0.5, 0.95, 0.99, 0.999, 1.0]))
def test_quantiles_from_bins_are_numpys_to_a_tenth_of_a_percent(values: list[float], q: float) -> None:
    cells = array([[values]], members=False)
    below = pooled.intensities(pair(cells, cells), Settings())["below"].isel(time=0, series=-1)
    expected = np.quantile(np.asarray(values, dtype=np.float32).astype(float), q)
    assert float(pooled.quantile(below, q)) == pytest.approx(expected, rel=1.01e-3, abs=1e-9)


def test_a_row_without_values_has_no_quantile_whatever_lies_beside_it() -> None:
    """A year without a heavy day beside years that have some."""
    counts = np.zeros((3, pooled.N_BINS), dtype=np.float32)
    counts[1, 4000:] = 100
    counts[2] = 1
    found = pooled.quantile(xr.DataArray(counts, dims=("year", pooled.BIN)), 0.99)
    assert np.isnan(found[0]) and found[1] > 1 and found[2] == 0


def test_pooled_quantiles_of_a_large_sample(truth: xr.DataArray, observed: xr.DataArray) -> None:
    for metric, q in ((pooled.p95, 0.95), (pooled.p99, 0.99), (pooled.p999, 0.999), (pooled.p9999, 0.9999)):
        sums = metric.sums(truth, observed)
        per_member = truth.quantile(q, ["time", "y", "x"])
        np.testing.assert_allclose(metric.by_member(sums), per_member, rtol=1e-3)
        assert float(metric.value(sums)) == pytest.approx(float(per_member.median()), rel=1e-3)
        assert float(metric.observed(sums)) == pytest.approx(float(observed.quantile(q)), rel=1e-3)


def test_bins_cover_everything() -> None:
    values = np.array([0.0, 1e-9, 0.02, 0.06, 0.1, 1.0, 191.8, 1825.0, 1e6], dtype=np.float32)
    index = pooled.bin_of(values)
    assert index[0] == 0 and index[1] == index[2] == 1 and index[-1] == pooled.N_BINS - 1
    assert (np.diff(index) >= 0).all()
    inside = (values >= pooled.BIN_LOWER[index] * (1 - 1e-5)) & (values <= pooled.BIN_UPPER[index] * (1 + 1e-5))
    assert inside[:-1].all()
    assert np.max(pooled.BIN_UPPER[2:] / pooled.BIN_LOWER[2:]) < 1.0011


def test_amounts_by_hand() -> None:
    obs = array([[[0, 4]], [[2, 6]]], members=False)
    fcst = array([[[[1, 3]], [[0, 8]], [[0, 0]]], [[[4, 4]], [[0, 2]], [[1, 9]]]])
    assert float(pooled.mean(fcst, obs)) == pytest.approx(2.5)  # of 3, 2.5, 2.5
    assert float(pooled.mean.observed(pooled.mean.sums(fcst, obs))) == 3
    assert float(pooled.maximum(fcst, obs)) == 8  # of 4, 8, 9
    assert float(pooled.max_daily(fcst, obs)) == 4.5  # of 3.5, 5, 4.5
    assert float(pooled.mass_bias(fcst, obs)) == pytest.approx(32 / 3 / 12 - 1)


def test_max_daily_counts_days_with_a_valid_cell_only() -> None:
    obs = array([[[5.0, 1.0]], [[np.nan, np.nan]]], members=False)
    assert float(pooled.max_daily(obs, obs)) == 5


def test_wet_fraction_is_measured_in_mm_and_a_normalised_threshold_would_fail() -> None:
    """Wet is >= 0.1 mm/day. The same 0.1 on a z-score of log1p, the bug this project starts from, is far off."""
    rain = np.array([0.0, 0.05, 0.0999, 0.1, 0.2, 1.0, 3.0, 10.0, 40.0, 90.0])
    cells = array([[rain]], members=False)
    expected = 0.7

    def verdict(fcst: xr.DataArray) -> bool:
        return abs(float(pooled.wet_fraction(fcst, cells, wet_mm=0.1)) - expected) < 1e-6

    assert verdict(cells)
    log = np.log1p(rain)
    planted = array([[(log - log.mean()) / log.std()]], members=False)
    assert not verdict(planted)


def test_light_fraction_is_from_wet_to_below_one_millimetre() -> None:
    obs = array([[[0.0, 0.0999, 0.1, 0.5, 0.999, 1.0, 7.0, np.nan]]], members=False)
    fcst = array([[[[0.2] * 8], [[0.0] * 8], [[5.0] * 6 + [0.9] * 2]]])
    sums = pooled.light_fraction.sums(fcst, obs)
    np.testing.assert_allclose(pooled.light_fraction.by_member(sums), [1.0, 0.0, 1 / 7])
    assert float(pooled.light_fraction.observed(sums)) == pytest.approx(3 / 7)
    assert float(pooled.light_fraction.observed(pooled.light_fraction.sums(fcst, obs, wet_mm=0.6))) == pytest.approx(
        1 / 7
    )


def test_blur_makes_drizzle(truth: xr.DataArray, observed: xr.DataArray) -> None:
    blurred = truth.rolling(x=3, y=3, center=True, min_periods=1).mean()
    assert float(pooled.light_fraction(blurred, observed)) > float(pooled.light_fraction(truth, observed))


def test_wet_mm_zero_counts_valid_cells_only() -> None:
    cells = array([[[0.0, 1.0, np.nan]], [[0.0, np.nan, np.nan]]], members=False)
    assert float(pooled.wet_fraction(cells, cells, wet_mm=0.0)) == 1


def test_ks_by_hand_and_at_worst() -> None:
    obs = array([[[0, 0, 0, 10]]], members=False)
    assert float(pooled.ks(array([[[0, 5, 6, 10]]], members=False), obs)) == pytest.approx(0.5)
    assert float(pooled.ks(array([[[50, 50, 50, 50]]], members=False), obs)) == pytest.approx(1.0)


def test_ks_sees_drizzle_below_the_wet_threshold() -> None:
    dry = array([[[0, 0, 0, 0]]], members=False)
    assert float(pooled.ks(dry + 0.005, dry)) == 1
