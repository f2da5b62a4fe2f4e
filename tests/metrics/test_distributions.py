"""Distances of distributions of amounts."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from rainsmith.metrics.distributions import FLOOR, kl_divergence, wasserstein
from tests.metrics.climate import array


@pytest.fixture(scope="module")
def truth(truth: xr.DataArray) -> xr.DataArray:
    return truth.isel(member=slice(0, 3))


@pytest.mark.parametrize("factor", [1.0, 0.5, 1.3])
def test_wasserstein_of_scipy(truth: xr.DataArray, observed: xr.DataArray, factor: float) -> None:
    expected = scipy.stats.wasserstein_distance((factor * truth).values.ravel(), observed.values.ravel())
    assert float(wasserstein(factor * truth, observed)) == pytest.approx(expected, rel=5e-3)


def test_wasserstein_by_hand() -> None:
    """The cheapest way from 0, 0, 8, 4 to 0, 2, 4, 16: 2 and 8 mm over four cells; what lies beyond the bins counts."""
    obs = array([[[0.0, 2, 4, 16]]], members=False)
    assert float(wasserstein(array([[[8.0, 0, 0, 4]]], members=False), obs)) == pytest.approx(10 / 4, rel=1e-3)
    both = array([[[[0.0, 2, 4, 16]], [[4.0, 6, 8, 20]]]])  # members are pooled: half of the rain moves by 4 mm
    assert float(wasserstein(both, obs)) == pytest.approx(2.0, rel=1e-3)


def test_wasserstein_grows_with_bias_and_knows_no_place(truth: xr.DataArray, observed: xr.DataArray) -> None:
    distances = [float(wasserstein(truth * factor, observed)) for factor in (1.0, 1.2, 1.6, 3.0)]
    assert distances == sorted(distances) and distances[0] < 0.1 * float(observed.mean())
    assert float(wasserstein(observed * 0, observed)) == pytest.approx(float(observed.mean()), rel=1e-3)
    turned = observed.isel(x=slice(None, None, -1)).assign_coords(time=observed["time"])
    assert float(wasserstein(turned, observed)) == 0


def test_kl_divergence_of_scipy(truth: xr.DataArray, observed: xr.DataArray) -> None:
    edges = [*0.1 * 2.0 ** np.arange(12), np.inf]
    for factor in (1.0, 0.5, 2.0):  # doubled, no forecast is left in the lowest class
        shares = [np.histogram(field, edges)[0] for field in (observed.values, (factor * truth).values)]
        q = np.where(shares[0] > 0, np.maximum(shares[1] / shares[1].sum(), FLOOR), shares[1] / shares[1].sum())
        expected = scipy.stats.entropy(shares[0], q)
        assert float(kl_divergence(factor * truth, observed)) == pytest.approx(expected, rel=0.02, abs=1e-4)


def test_kl_divergence_by_hand() -> None:
    """Wet cells of 0.1 to 0.2, 0.2 to 0.4, 0.4 to 0.8 mm: 2, 1, 1 observed, 1, 3, 0 forecast; dry ones do not count."""
    obs = array([[[0.15, 0.12, 0.3, 0.5, 0.0, np.nan]]], members=False)
    fcst = array([[[0.13, 0.21, 0.35, 0.39, 0.05, 9.0]]], members=False)
    expected = 0.5 * np.log(2) + 0.25 * np.log(1 / 3) + 0.25 * np.log(0.25 / FLOOR)
    assert float(kl_divergence(fcst, obs)) == pytest.approx(expected, rel=1e-4)
    higher = 0.5 * np.log(0.5 / (2 / 3)) + 0.5 * np.log(0.5 / (1 / 3))  # classes begin at 0.18, 0.36 mm
    assert float(kl_divergence(fcst, obs, wet_mm=0.18)) == pytest.approx(higher, rel=1e-4)


def test_kl_divergence_orders_climates_and_needs_rain(truth: xr.DataArray, observed: xr.DataArray) -> None:
    divergences = [float(kl_divergence(truth * factor, observed)) for factor in (1.0, 1.5, 4.0)]
    assert divergences == sorted(divergences) and divergences[0] < 0.01 < divergences[-1]
    assert np.isnan(kl_divergence(truth * 0, observed))
    assert 5 < float(kl_divergence(xr.full_like(truth, 900.0), observed)) < np.log(1 / FLOOR)
