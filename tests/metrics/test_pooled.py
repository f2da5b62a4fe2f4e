"""Amounts, quantiles from bins, the wet share in mm, and the distance of distributions."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics import pooled
from tests.metrics.climate import array


def test_pooled_quantiles_of_a_large_sample(truth: xr.DataArray, observed: xr.DataArray) -> None:
    members = truth.isel(member=slice(0, 3))
    sums = pooled.p95.sums(members, observed)
    for metric, q in ((pooled.p95, 0.95), (pooled.p99, 0.99), (pooled.p999, 0.999), (pooled.p9999, 0.9999)):
        per_member = members.quantile(q, ["time", "y", "x"])
        np.testing.assert_allclose(metric.by_member(sums), per_member, rtol=1e-3)
        assert float(metric.value(sums)) == pytest.approx(float(per_member.median()), rel=1e-3)
        assert float(metric.observed(sums)) == pytest.approx(float(observed.quantile(q)), rel=1e-3)


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


def test_the_maximum_of_nothing_is_missing_and_of_dry_days_is_zero() -> None:
    nothing = array([[[np.nan, np.nan]]], members=False)
    dry = array([[[0.0, np.nan]]], members=False)
    assert np.isnan(pooled.maximum(dry, nothing)) and float(pooled.maximum(dry, dry)) == 0
