"""Ensemble scores against closed forms and by ordering."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics import ensemble
from rainsmith.metrics.core import Settings, pair
from tests.metrics.climate import GammaClimate, array


def test_crps_of_two_members_by_hand() -> None:
    """|x - y| averages 2; the members lie 3 apart, and the fair spread term is 3 / 2."""
    fcst, obs = array([[[[1.0]], [[4.0]]]]), array([[[0.5]]], members=False)
    assert float(ensemble.crps(fcst, obs)) == pytest.approx((0.5 + 3.5) / 2 - 3.0 / 2)


def test_crps_of_one_member_is_its_absolute_error() -> None:
    obs = array([[[1.0, 5.0]]], members=False)
    one = array([[[4.0, 4.0]]], members=False)
    assert float(ensemble.crps(one, obs)) == float(ensemble.mae(one, obs)) == 2
    assert float(ensemble.twcrps_p99(one, obs, p99=3.0)) == pytest.approx((1 + 1) / 2)


def test_crps_approaches_the_closed_form_of_an_exponential() -> None:
    """E CRPS of the true exponential with mean m is m / 2 - ... : E|X - y| - m / 2, averaged over y ~ Exp is m / 2."""
    random = np.random.default_rng(0)
    draws = random.exponential(4.0, (50, 21, 30, 30)).astype(np.float32)
    fcst, obs = array(draws[:, :20]), array(draws[:, 20], members=False)
    assert float(ensemble.crps(fcst, obs)) == pytest.approx(2.0, rel=0.02)


def test_fair_scores_do_not_depend_on_the_number_of_members(gamma: GammaClimate, settings: Settings) -> None:
    obs = gamma.observed()
    for metric in (ensemble.crps, ensemble.twcrps_p99):
        few, many = (float(metric(gamma.draw(k, seed=3), obs, p99=settings.p99)) for k in (2, 20))
        assert few == pytest.approx(many, rel=0.04)


def test_twcrps_is_the_crps_of_clipped_values(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """Only cells above the threshold are computed; the rest would add zero."""
    clipped = ensemble.crps(np.maximum(truth, 12.0), np.maximum(observed, 12.0))
    assert float(ensemble.twcrps_p99(truth, observed, p99=12.0)) == pytest.approx(float(clipped), rel=1e-5)


def test_twcrps_is_zero_where_nothing_passes_the_threshold(truth: xr.DataArray, observed: xr.DataArray) -> None:
    assert float(ensemble.twcrps_p99(truth, observed, p99=1e5)) == 0


@pytest.mark.parametrize("metric", [ensemble.twcrps_p99, ensemble.mae_tail])
def test_a_missing_threshold_is_an_error(metric: object, truth: xr.DataArray, observed: xr.DataArray) -> None:
    with pytest.raises(ValueError, match="found no threshold"):
        metric(truth, observed)  # type: ignore[operator]


def test_mae_tail_takes_cells_at_or_above_the_threshold() -> None:
    fcst = array([[[[0.0, 9.0, 30.0]], [[2.0, 5.0, 10.0]]]])
    obs = array([[[50.0, 10.0, 9.9]]], members=False)
    assert float(ensemble.mae_tail(fcst, obs, p95=10.0)) == pytest.approx((49 + 3) / 2)
    assert np.isnan(ensemble.mae_tail(fcst, obs, p95=60.0))


def test_rmse_is_of_the_ensemble_mean() -> None:
    fcst, obs = array([[[[1.0, 0.0]], [[5.0, 0.0]]]]), array([[[0.0, 4.0]]], members=False)
    assert float(ensemble.rmse(fcst, obs)) == pytest.approx(np.sqrt((9 + 16) / 2))
    assert float(ensemble.mae(fcst, obs)) == pytest.approx((3 + 4) / 2)


def test_spread_skill_of_exchangeable_members_is_one(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """On 30 climates the mean lies within three standard errors (0.005) of 1; one climate scatters by 0.03."""
    assert float(ensemble.spread_skill(truth, observed)) == pytest.approx(1.0, abs=0.06)
    mean = truth.mean("member")
    assert float(ensemble.spread_skill(mean + 0.5 * (truth - mean), observed)) == pytest.approx(0.5, abs=0.03)


def test_spread_skill_by_hand() -> None:
    """Two cells: variances 2 and 0, errors of the mean 2 and 1."""
    fcst, obs = array([[[[1.0, 3.0]], [[3.0, 3.0]]]]), array([[[4.0, 2.0]]], members=False)
    assert float(ensemble.spread_skill(fcst, obs)) == pytest.approx(np.sqrt(1.5 * (2 + 0) / (4 + 1)))


def test_rank_deviation_of_exchangeable_members_is_small(truth: xr.DataArray, observed: xr.DataArray) -> None:
    assert float(ensemble.rank_deviation(truth, observed)) < 0.03


def test_rank_deviation_at_worst(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """All members too high: one rank takes all."""
    assert float(ensemble.rank_deviation(truth * 0 + 500, observed)) == pytest.approx(2 * 10 / 11, abs=1e-6)


def test_ranks_ignore_amounts_below_wet(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """Dry members of 0.09 mm tie with an observed 0, at random, instead of always lying above it."""
    drizzle = truth.where(truth >= 0.1, 0.09)
    assert float(ensemble.rank_deviation(drizzle, observed)) < 0.03
    assert float(ensemble.rank_deviation(drizzle, observed, wet_mm=0.0)) > 0.3


def test_ranks_of_ties_are_a_function_of_seed_day_and_cell(truth: xr.DataArray, observed: xr.DataArray) -> None:
    def ranks(days: slice, seed: int = 0) -> np.ndarray:
        pairs = pair(truth.isel(time=days), observed.isel(time=days))
        return ensemble.rank_terms(pairs, Settings(seed=seed))["ranks"].values

    whole = ranks(slice(0, 20))
    np.testing.assert_array_equal(whole, np.concatenate([ranks(slice(0, 7)), ranks(slice(7, 20))]))
    assert not np.array_equal(whole, ranks(slice(0, 20), seed=1))
    np.testing.assert_array_equal(whole.sum(axis=1), observed[0].size)


def test_coverage_of_exchangeable_members_is_nominal(truth: xr.DataArray, observed: xr.DataArray) -> None:
    assert ensemble.coverage_50(truth, observed).item() == pytest.approx(0.5, abs=0.02)
    assert ensemble.coverage_90(truth, observed).item() == pytest.approx(0.9, abs=0.02)
    assert ensemble.outliers(truth, observed).item() == pytest.approx(1.0, abs=0.1)
    mean = truth.mean("member")
    narrow = mean + 0.1 * (truth - mean)
    assert ensemble.coverage_90(narrow, observed).item() < 0.5
    assert ensemble.outliers(narrow, observed).item() > 3


def test_coverage_by_hand() -> None:
    """Three members make four ranks; a 50 % interval is the two inner ones, a 90 % one leaves a fifth of the ends."""
    obs = array([[[0.5, 1.5, 2.5, 3.5, 3.6]]], members=False)
    fcst = array([[[[1.0] * 5], [[2.0] * 5], [[3.0] * 5]]])
    assert ensemble.coverage_50(fcst, obs).item() == pytest.approx(2 / 5)
    assert ensemble.coverage_90(fcst, obs).item() == pytest.approx((2 + 0.8 * 3) / 5)
    assert ensemble.outliers(fcst, obs).item() == pytest.approx((3 / 5) / (2 / 4))
